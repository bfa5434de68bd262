"""The face alignment network with adaptive wing loss (arXiv:1904.07399): 98 points of a face in a crop of 256 pixels.

Reads the official file alignment_WFLW_4HG.pth: four hourglasses in a row, each told where its cells lie and where the
one before saw the face's outline. Batch norms stand before the convolutions and so cannot be folded into them.
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

from svc_video.engines.sadtalker.heatmaps import Points64, points_of
from svc_video.engines.sadtalker.reader import ANY, CPU, Kernel, Place, Reader
from svc_video.engines.sadtalker.resnet import convolved
from svc_video.engines.sadtalker.source import Rgb

SIDE = 256  # pixels of the crop; the maps have a quarter
OUTLINE = 0.05  # of the outline's map, beyond which a cell is told where it lies
HOURGLASSES, DEPTH = 4, 4  # how many in a row, and halvings in each
MOST = 4  # crops looked at once; one takes about 200 MB while it is


@dataclass(frozen=True, slots=True)
class Norm:
    """A batch norm and the ReLU after it: a factor and an offset, (1, C, 1, 1) each."""

    factor: Tensor
    offset: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same, a new tensor."""
        return functional.relu_(torch.addcmul(self.offset, x, self.factor))


@dataclass(frozen=True, slots=True)
class Block:
    """Three convolutions whose outputs are joined, and a way around them."""

    norms: tuple[Norm, Norm, Norm]
    kernels: tuple[Kernel, Kernel, Kernel]
    around: tuple[Norm, Kernel] | None

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H, W)."""
        parts, hidden = [], x
        for norm, kernel in zip(self.norms, self.kernels, strict=True):
            hidden = convolved(norm(hidden), kernel)
            parts.append(hidden)
        aside = x if self.around is None else convolved(self.around[0](x), self.around[1])
        return torch.cat(parts, dim=1).add_(aside)


@dataclass(frozen=True, slots=True)
class Hourglass:
    """One of the four: ever smaller pictures and back, and the maps it draws."""

    entry: Kernel
    levels: tuple[tuple[Block, Block, Block], ...]  # beside, before and after what is smaller; the largest first
    deepest: Block
    top: Block
    last: Kernel  # and the batch norm after it
    maps: Kernel
    onward: tuple[Kernel, Kernel] | None  # of what is seen and of the maps, for the next

    def __call__(self, x: Tensor, maps: Tensor | None) -> tuple[Tensor, Tensor]:
        """(B, C, h, w) and the maps before -> what is seen, and maps (B, points + 1, h, w)."""
        hidden = self.top(self._at(0, convolved(placed(x, maps), self.entry)))
        hidden = functional.relu_(convolved(hidden, self.last))
        return hidden, convolved(hidden, self.maps)

    def _at(self, level: int, x: Tensor) -> Tensor:
        """One size, and by itself all smaller ones."""
        if level == len(self.levels):
            return self.deepest(x)
        beside, before, after = self.levels[level]
        small = after(self._at(level + 1, before(functional.avg_pool2d(x, 2))))
        return beside(x).add_(functional.interpolate(small, scale_factor=2, mode="nearest"))


def placed(x: Tensor, maps: Tensor | None = None) -> Tensor:
    """Channels that say where a cell lies: row, column and distance from the middle, and both again on the outline."""
    rows, columns = (torch.linspace(-1, 1, side, device=x.device, dtype=x.dtype) for side in x.shape[2:])
    row, column = (part.expand(len(x), 1, -1, -1) for part in torch.meshgrid(rows, columns, indexing="ij"))
    distance = (row.square() + column.square()).sqrt()
    parts = [x, row, column, distance / distance.max()]
    if maps is not None:
        outline = maps[:, -1:].clamp(0.0, 1.0) > OUTLINE
        parts += [row * outline, column * outline]
    return torch.cat(parts, dim=1)


class Awing:
    """Crops of faces to their points."""

    def __init__(self, reader: Reader, place: Place) -> None:
        self._place = place
        first = reader.convolution("conv1.conv", 3 + 3, 7, 7)
        self._first = first.scaled(*reader.batch_norm("bn1", first.outputs)).at(place)
        self._blocks = [_block(reader, name, place) for name in ("conv2", "conv3", "conv4")]
        self._glasses = [_hourglass(reader, number, place) for number in range(HOURGLASSES)]

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], place: Place = CPU) -> Self:
        """The network of the official file's `state_dict`. Raises `CheckpointBroken`."""
        reader = Reader(tensors, "face alignment network")
        network = cls(reader, place)
        reader.finish()
        return network

    def points(self, crops: Sequence[Rgb]) -> list[Points64]:
        """Crops (H, W, 3) RGB of any size -> (98, 2) x, y in pixels of each; float64, as upstream."""
        found: list[Points64] = []
        for start in range(0, len(crops), MOST):
            part = crops[start : start + MOST]
            squares = np.stack([cv2.resize(crop, (SIDE, SIDE)) for crop in part])[..., ::-1]  # blue, green, red
            pictures = torch.from_numpy(np.ascontiguousarray(squares)).permute(0, 3, 1, 2).float() / 255.0
            maps = self(pictures)[:, :-1].float().cpu().numpy()
            found += [points_of(m, crop.shape[1], crop.shape[0]) for m, crop in zip(maps, part, strict=True)]
        return found

    @torch.inference_mode()
    def __call__(self, pictures: Tensor) -> Tensor:
        """(B, 3, 256, 256), blue, green, red, 0..1 -> maps (B, points + 1, 64, 64); the last one is the outline."""
        hidden = placed(self._place.put(pictures))
        hidden = functional.relu_(
            functional.conv2d(hidden, self._first.weight, self._first.bias, stride=2, padding=self._first.padding)
        )
        hidden = functional.avg_pool2d(self._blocks[0](hidden), 2)
        hidden = self._blocks[2](self._blocks[1](hidden))
        maps = None
        for glass in self._glasses:
            seen, maps = glass(hidden, maps)
            if glass.onward is not None:
                hidden = hidden + convolved(seen, glass.onward[0]) + convolved(maps, glass.onward[1])
        return maps


def _norm(reader: Reader, name: str, channels: int, place: Place) -> Norm:
    factor, offset = reader.batch_norm(name, channels)
    return Norm(place.put(factor).view(1, -1, 1, 1), place.put(offset).view(1, -1, 1, 1))


def _block(reader: Reader, name: str, place: Place) -> Block:
    kernels = [reader.convolution(f"{name}.conv{i}", ANY, 3, 3, bias=False) for i in (1, 2, 3)]
    norms = [_norm(reader, f"{name}.bn{i + 1}", k.weight.shape[1], place) for i, k in enumerate(kernels)]
    around = None
    if reader.has(f"{name}.downsample.2.weight"):
        kernel = reader.convolution(f"{name}.downsample.2", kernels[0].weight.shape[1], 1, 1, bias=False)
        around = _norm(reader, f"{name}.downsample.0", kernel.weight.shape[1], place), kernel.at(place)
    one, two, three = (kernel.at(place) for kernel in kernels)
    return Block((norms[0], norms[1], norms[2]), (one, two, three), around)


def _hourglass(reader: Reader, number: int, place: Place) -> Hourglass:
    """In the file the largest level has the highest number, and the smallest is 1."""
    name = f"m{number}"
    levels: list[tuple[Block, Block, Block]] = []
    for level in range(DEPTH, 0, -1):
        beside, before, after = (_block(reader, f"{name}.b{part}_{level}", place) for part in (1, 2, 3))
        levels.append((beside, before, after))
    last = reader.convolution(f"conv_last{number}", ANY, 1, 1)
    onward = None
    if number < HOURGLASSES - 1:
        both = (reader.convolution(f"{part}{number}", ANY, 1, 1).at(place) for part in ("bl", "al"))
        onward = (next(both), next(both))
    return Hourglass(
        entry=reader.convolution(f"{name}.coordconv.conv", ANY, 1, 1).at(place),
        levels=tuple(levels),
        deepest=_block(reader, f"{name}.b2_plus_1", place),
        top=_block(reader, f"top_m_{number}", place),
        last=last.scaled(*reader.batch_norm(f"bn_end{number}", last.outputs)).at(place),
        maps=reader.convolution(f"l{number}", ANY, 1, 1).at(place),
        onward=onward,
    )
