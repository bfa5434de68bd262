"""From key points to motion: where each cell of the moved volume comes from, and what is hidden.

Each key point proposes a shift of the whole volume; so does the background, which stays. A 3D hourglass sees the bumps
of the key points and the volume as each proposal moves it, and says by a soft mask which proposal counts where (as in
face-vid2vid, arXiv:2011.15126, section 3). Everything here stays in fp32: masks below a thousandth are cut to zero, and
in half precision the head nearly stops moving.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from svc_video.engines.sadtalker.grids import bumps, identity
from svc_video.engines.sadtalker.reader import ANY, CPU, Kernel, Place, Reader

NAME = "dense_motion_network."
FAINT = 1e-3  # masks below it are zero
DOWN, UP = NAME + "hourglass.encoder.down_blocks.{}", NAME + "hourglass.decoder.up_blocks.{}"


class Motion(NamedTuple):
    """Where cells come from and what of them is seen."""

    places: Tensor  # (B, D, H, W, 3): x, y, z in -1..1
    occlusion: Tensor  # (B, 1, H, W): 0 hidden, 1 seen


class DenseMotion:
    """The dense motion network."""

    def __init__(self, reader: Reader, channels: int, depth: int, place: Place = CPU) -> None:
        compress = reader.normalized(NAME + "compress", NAME + "norm", channels, 1, 1, 1)
        self._compress = compress.at(place)
        self._hourglass = Hourglass(HourglassKernels.read(reader), place)
        mask = reader.convolution(NAME + "mask", self._hourglass.outputs, 7, 7, 7)
        self._mask, self.keypoints = mask.at(place), mask.outputs - 1
        self._occlusion = reader.convolution(NAME + "occlusion", self._hourglass.outputs * depth, 7, 7).at(place)

    def compressed(self, volume: Tensor) -> Tensor:
        """(B, C, D, H, W) -> (B, 4, D, H, W): what the proposals move, once per source."""
        return functional.relu_(_conv3d(volume, self._compress))

    def __call__(self, compressed: Tensor, source: Tensor, driving: Tensor) -> Motion:
        """Volumes (B, 4, D, H, W) and key points (B, K, 3) of the source and of the frames -> their motion."""
        size = compressed.shape[2:]
        shifts = functional.pad(source - driving, (0, 0, 1, 0))  # the background's comes first
        features = self._hourglass(_evidence(compressed, source, driving, shifts))
        mask = functional.softmax(_conv3d(features, self._mask), dim=1)
        mask = mask.masked_fill_(mask < FAINT, 0.0)
        # Each proposal is identity + shift, but the masks no longer sum to one.
        places = mask.sum(dim=1)[..., None] * identity(size, mask) + torch.einsum("bkdhw,bkc->bdhwc", mask, shifts)
        seen = torch.sigmoid_(_conv2d(features.flatten(1, 2), self._occlusion))
        return Motion(places, seen)


class HourglassKernels(NamedTuple):
    """The convolutions of the hourglass, batch norms folded, not in place yet."""

    down: list[Kernel]
    up: list[Kernel]
    last: Kernel

    @classmethod
    def read(cls, reader: Reader) -> HourglassKernels:
        """Those of a checkpoint. Raises `CheckpointBroken`."""
        down, up, width = [], [], ANY
        for level in range(reader.count(DOWN + ".conv.weight")):
            name = DOWN.format(level)
            down.append(reader.normalized(f"{name}.conv", f"{name}.norm", width, 3, 3, 3))
            width = down[-1].outputs
        seen = [kernel.weight.shape[1] for kernel in down]
        for level in range(reader.count(UP + ".conv.weight")):
            name = UP.format(level)
            up.append(reader.normalized(f"{name}.conv", f"{name}.norm", width, 3, 3, 3))
            width = up[-1].outputs + seen.pop()
        name = NAME + "hourglass.decoder."
        return cls(down, up, reader.normalized(name + "conv", name + "norm", width, 3, 3, 3))


class Hourglass:
    """Down and up in the plane, depth kept; every level sees the one of its size on the way down."""

    def __init__(self, kernels: HourglassKernels, place: Place = CPU) -> None:
        self._down = [kernel.at(place) for kernel in kernels.down]
        self._up = [kernel.at(place) for kernel in kernels.up]
        self._last = kernels.last.at(place)
        self.outputs = self._last.outputs

    def __call__(self, evidence: Tensor) -> Tensor:
        """(B, C, D, H, W) -> (B, outputs, D, H, W)."""
        hidden, seen = evidence, []
        for kernel in self._down:
            seen.append(hidden)
            hidden = functional.avg_pool3d(functional.relu_(_conv3d(hidden, kernel)), (1, 2, 2))
        for kernel in self._up:
            hidden = functional.relu_(_conv3d(functional.interpolate(hidden, scale_factor=(1, 2, 2)), kernel))
            hidden = torch.cat((hidden, seen.pop()), dim=1)
        return functional.relu_(_conv3d(hidden, self._last))


def _evidence(compressed: Tensor, source: Tensor, driving: Tensor, shifts: Tensor) -> Tensor:
    """What the hourglass sees: per proposal its bump and the volume it moves, (B, proposals * 5, D, H, W)."""
    batch, channels, depth, height, width = compressed.shape
    size = (depth, height, width)
    proposals = shifts.shape[1]
    evidence = compressed.new_empty((batch, proposals, 1 + channels, *size))
    evidence[:, 0, 0] = 0.0  # the background has no bump
    evidence[:, 1:, 0] = bumps(driving, size) - bumps(source, size)
    grid = identity(size, compressed)
    for index in range(proposals):
        places = grid + shifts[:, index, None, None, None]
        evidence[:, index, 1:] = functional.grid_sample(compressed, places, align_corners=False)
    return evidence.flatten(1, 2)


def _conv2d(x: Tensor, kernel: Kernel) -> Tensor:
    return functional.conv2d(x, kernel.weight, kernel.bias, padding=kernel.padding)


def _conv3d(x: Tensor, kernel: Kernel) -> Tensor:
    return functional.conv3d(x, kernel.weight, kernel.bias, padding=kernel.padding)
