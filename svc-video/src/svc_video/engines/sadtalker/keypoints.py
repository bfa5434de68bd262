"""The key point detector: canonical key points of a portrait, in 3D, once per source.

A picture is blurred and shrunk to a quarter, goes down through 2D blocks, is unfolded into a volume by a convolution of
16,384 channels and comes up through 3D blocks; each key point is the mean place of a soft maximum.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional

from svc_video.engines.sadtalker.grids import axes
from svc_video.engines.sadtalker.reader import CPU, Kernel, Place, Reader

DEPTH = 16  # cells of the volume
SHRINKAGE = 4  # pixels of the picture per pixel of the network
TEMPERATURE = 0.1  # of the soft maximum
DOWN, UP = "predictor.down_blocks.down{}", "predictor.up_blocks.up{}"


class KeypointDetector:
    """Pictures to canonical key points."""

    def __init__(self, reader: Reader, place: Place = CPU) -> None:
        self._blur = place.put(_blur(reader))
        self._down, width = [], 3
        for level in range(reader.count(f"{DOWN}.conv.weight")):
            name = DOWN.format(level)
            kernel = reader.normalized(f"{name}.conv", f"{name}.norm", width, 3, 3)
            self._down.append(kernel.at(place))
            width = kernel.outputs
        unfolding = reader.convolution("predictor.conv", width, 1, 1)
        self._unfolding = unfolding.at(place)
        self._up, width = [], unfolding.outputs // DEPTH
        for level in range(reader.count(f"{UP}.conv.weight")):
            name = UP.format(level)
            kernel = reader.normalized(f"{name}.conv", f"{name}.norm", width, 3, 3, 3)
            self._up.append(kernel.at(place))
            width = kernel.outputs
        self._kp = reader.convolution("kp", width, 3, 3, 3).at(place)

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], place: Place = CPU) -> Self:
        """The network of a checkpoint's part `kp_extractor`. Raises `CheckpointBroken`."""
        reader = Reader(tensors, "key point detector")
        network = cls(reader, place)
        reader.finish()
        return network

    @torch.inference_mode()
    def __call__(self, pictures: Tensor) -> Tensor:
        """(B, 3, S, S), 0..1 -> key points (B, K, 3): x, y, z in -1..1."""
        hidden = self._shrunk(pictures)
        for kernel in self._down:
            hidden = functional.avg_pool2d(functional.relu_(_conv2d(hidden, kernel)), 2)
        hidden = _conv2d(hidden, self._unfolding).unflatten(1, (-1, DEPTH))
        for kernel in self._up:
            hidden = functional.relu_(_conv3d(functional.interpolate(hidden, scale_factor=(1, 2, 2)), kernel))
        return _mean_places(_conv3d(hidden, self._kp))

    def _shrunk(self, pictures: Tensor) -> Tensor:
        """Blurred, and one pixel in four kept on each side."""
        margin = self._blur.shape[-1] // 2
        return functional.conv2d(pictures, self._blur, padding=margin, stride=SHRINKAGE, groups=len(self._blur))


def _blur(reader: Reader) -> Tensor:
    """The low pass, (3, 1, n, n); n is odd."""
    side = 2 * round(2 * (SHRINKAGE - 1)) + 1  # four standard deviations of (shrinkage - 1) / 2 on both sides
    return reader.take("down.weight", (3, 1, side, side))


def _conv2d(x: Tensor, kernel: Kernel) -> Tensor:
    return functional.conv2d(x, kernel.weight, kernel.bias, padding=kernel.padding)


def _conv3d(x: Tensor, kernel: Kernel) -> Tensor:
    return functional.conv3d(x, kernel.weight, kernel.bias, padding=kernel.padding)


def _mean_places(logits: Tensor) -> Tensor:
    """(B, K, D, H, W) -> (B, K, 3): the mean coordinates under a softmax over all cells."""
    weights = functional.softmax(logits.flatten(2) / TEMPERATURE, dim=2).view(logits.shape)
    x, y, z = axes(logits.shape[2:], logits)
    sums = (weights.sum(dim=(2, 3)) * x, weights.sum(dim=(2, 4)) * y, weights.sum(dim=(3, 4)) * z)
    return torch.stack([side.sum(dim=2) for side in sums], dim=2)
