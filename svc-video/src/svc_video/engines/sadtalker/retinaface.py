"""RetinaFace (arXiv:1905.00641) with a ResNet-50: where faces are in a picture.

Reads the official file detection_Resnet50_Final.pth. Three levels of a feature pyramid, a context module for each, and
1x1 heads; the head of five landmarks is not computed, nothing here reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from svc_video.engines.sadtalker.anchors import MIN_SCORE, STRIDES, Box, boxes_of
from svc_video.engines.sadtalker.reader import CPU, Kernel, Place, Reader
from svc_video.engines.sadtalker.resnet import ResNet, convolved, normalized
from svc_video.engines.sadtalker.source import Rgb

PARALLEL = "module."  # stands before each name where training ran on several GPUs
UNUSED = "LandmarkHead."
MEAN = (104.0, 117.0, 123.0)  # of blue, green and red, 0..255, in the order in which channels are fed
LARGEST = 2150  # pixels of a side; more would take gigabytes, so larger pictures are shrunk to be looked at


@dataclass(frozen=True, slots=True)
class Context:
    """What lies around a cell, in windows of 3, 5 and 7 cells."""

    three: Kernel
    into_five: Kernel
    five: Kernel
    into_seven: Kernel
    seven: Kernel

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same."""
        shared = functional.relu_(convolved(x, self.into_five))
        deeper = functional.relu_(convolved(shared, self.into_seven))
        parts = [convolved(x, self.three), convolved(shared, self.five), convolved(deeper, self.seven)]
        return functional.relu_(torch.cat(parts, dim=1))


class RetinaFace:
    """Pictures to boxes."""

    def __init__(self, reader: Reader, place: Place) -> None:
        self._place = place
        self._mean = place.put(torch.tensor(MEAN)).view(1, 3, 1, 1)
        self._body = ResNet(reader, "body", place)
        levels = range(1, len(STRIDES) + 1)
        sides = [normalized(reader, f"fpn.output{i}.0", f"fpn.output{i}.1", -1, 1) for i in levels]
        width = sides[0].outputs
        self._sides = [side.at(place) for side in sides]
        self._merges = [normalized(reader, f"fpn.merge{i}.0", f"fpn.merge{i}.1", width, 3).at(place) for i in (1, 2)]
        self._contexts = [_context(reader, f"ssh{i}", width, place) for i in levels]
        self._scores = [reader.convolution(f"ClassHead.{i - 1}.conv1x1", width, 1, 1).at(place) for i in levels]
        self._places = [reader.convolution(f"BboxHead.{i - 1}.conv1x1", width, 1, 1).at(place) for i in levels]

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], place: Place = CPU) -> Self:
        """The network of the official file's tensors. Raises `CheckpointBroken`."""
        named = {name.removeprefix(PARALLEL): tensor for name, tensor in tensors.items()}
        reader = Reader({name: named[name] for name in named if not name.startswith(UNUSED)}, "face detector")
        network = cls(reader, place)
        reader.finish()
        return network

    def find(self, pictures: Sequence[Rgb], least: float = MIN_SCORE) -> list[list[Box]]:
        """The faces of each picture, the surest first; all pictures have the same size.

        Channels are taken in the order given: the network was trained on blue, green, red.
        """
        if not pictures:
            return []
        scale = min(1.0, LARGEST / max(pictures[0].shape[:2]))
        looked_at = [_shrunk(picture, scale) for picture in pictures]
        height, width = looked_at[0].shape[:2]
        places, scores = self(torch.from_numpy(np.stack(looked_at)).permute(0, 3, 1, 2))
        found = zip(places.cpu().numpy(), scores.cpu().numpy(), strict=True)
        return [[_grown(box, scale) for box in boxes_of(p, s, width, height, least)] for p, s in found]

    @torch.inference_mode()
    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W), 0..255 -> offsets from the anchors (B, n, 4) and how sure a face is there (B, n), 0..1."""
        features = self._pyramid(self._place.put(pictures) - self._mean)
        seen = [context(feature) for context, feature in zip(self._contexts, features, strict=True)]
        places = [_by_anchor(convolved(x, head), 4) for x, head in zip(seen, self._places, strict=True)]
        scores = [_by_anchor(convolved(x, head), 2) for x, head in zip(seen, self._scores, strict=True)]
        return torch.cat(places, dim=1), functional.softmax(torch.cat(scores, dim=1), dim=-1)[..., 1]

    def _pyramid(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features of the three levels; what a coarser one sees is added to the finer one."""
        seen = zip(self._body(pictures), self._sides, strict=True)
        fine, middle, coarse = (functional.relu_(convolved(x, side)) for x, side in seen)
        middle = _merged(middle, coarse, self._merges[1])
        return _merged(fine, middle, self._merges[0]), middle, coarse


def _merged(fine: Tensor, coarse: Tensor, kernel: Kernel) -> Tensor:
    both = fine + functional.interpolate(coarse, size=fine.shape[2:], mode="nearest")
    return functional.relu_(convolved(both, kernel))


def _context(reader: Reader, name: str, width: int, place: Place) -> Context:
    """The kernels' names are the file's, upper and lower case as they stand there."""
    three, into_five = (
        normalized(reader, f"{name}.{n}.0", f"{name}.{n}.1", width, 3) for n in ("conv3X3", "conv5X5_1")
    )
    inner, rest = into_five.outputs, ("conv5X5_2", "conv7X7_2", "conv7x7_3")
    five, into_seven, seven = (normalized(reader, f"{name}.{n}.0", f"{name}.{n}.1", inner, 3) for n in rest)
    return Context(three.at(place), into_five.at(place), five.at(place), into_seven.at(place), seven.at(place))


def _by_anchor(x: Tensor, numbers: int) -> Tensor:
    """(B, anchors * numbers, H, W) -> (B, H * W * anchors, numbers)."""
    return x.permute(0, 2, 3, 1).reshape(len(x), -1, numbers)


def _shrunk(picture: Rgb, scale: float) -> Rgb:
    if scale == 1.0:
        return np.ascontiguousarray(picture)
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _grown(box: Box, scale: float) -> Box:
    """The box in the picture as it was before it was shrunk."""
    return Box(box.left / scale, box.top / scale, box.right / scale, box.bottom / scale, box.score)
