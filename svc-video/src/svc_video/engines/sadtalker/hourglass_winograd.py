"""The hourglass of dense motion for a CPU in fp32: wide planes by Winograd, the small deep ones directly.

Each level has one volume: the first channels are what comes up, the others what went down, so nothing is joined by
copying; and what goes down is halved as it comes up band by band.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from svc_video.engines.sadtalker.dense_motion import HourglassKernels
from svc_video.engines.sadtalker.reader import Kernel
from svc_video.engines.sadtalker.volumes import VolumeWinograd, cells, volume, within
from svc_video.engines.sadtalker.winograd import HIDDEN, INNER, WIDE, Band, Workspace

DEEP = 2  # levels at the bottom, of many channels and few pixels


class WideLevel:
    """A convolution of a wide plane."""

    def __init__(self, kernel: Kernel, *, doubled: bool = False) -> None:
        self.outputs = kernel.outputs
        self._convolve = VolumeWinograd(kernel, doubled=doubled)

    def down(self, bordered: Tensor, into: Tensor, work: Workspace) -> None:
        """Convolved, ReLU, halved in the plane: (D + 2, H + 2, W + 2, in) into (D, H / 2, W / 2, out)."""
        self._convolve(bordered, partial(_halved, into), work)

    def up(self, bordered: Tensor, into: Tensor, work: Workspace) -> None:
        """Convolved and ReLU: into (D, H, W, out)."""
        self._convolve(bordered, partial(_kept, into), work)


class DeepLevel:
    """A convolution of a small plane; its cost is reading the kernel, which is kept as oneDNN wants it."""

    def __init__(self, kernel: Kernel, *, doubled: bool = False) -> None:
        self.outputs = kernel.outputs
        self._weight = kernel.weight.clone(memory_format=torch.channels_last_3d)
        self._bias = kernel.bias.clone()
        self._doubled = doubled

    def down(self, bordered: Tensor, into: Tensor, work: Workspace) -> None:  # noqa: ARG002  # a wide level needs it
        """As a wide level's."""
        into.copy_(_channels_last(functional.avg_pool3d(self._convolved(bordered), (1, 2, 2))))

    def up(self, bordered: Tensor, into: Tensor, work: Workspace) -> None:  # noqa: ARG002  # a wide level needs it
        """As a wide level's."""
        into.copy_(_channels_last(self._convolved(bordered)))

    def _convolved(self, bordered: Tensor) -> Tensor:
        """(1, out, D, H, W), its channels innermost in memory."""
        seen = within(bordered).permute(3, 0, 1, 2)[None]
        if self._doubled:
            seen = functional.interpolate(seen, scale_factor=(1, 2, 2))
        return functional.relu_(functional.conv3d(seen, self._weight, self._bias, padding=1))


class WinogradHourglass:
    """The hourglass, one volume at a time."""

    def __init__(self, kernels: HourglassKernels) -> None:
        wide = len(kernels.down) - DEEP
        self._down = [(WideLevel if level < wide else DeepLevel)(kernel) for level, kernel in enumerate(kernels.down)]
        self._up = [
            (DeepLevel if level < DEEP else WideLevel)(kernel, doubled=True) for level, kernel in enumerate(kernels.up)
        ]
        self._last = WideLevel(kernels.last)
        self.outputs = kernels.last.outputs
        self._evidence = kernels.down[0].weight.shape[1]

    def level(self, size: tuple[int, int, int], work: Workspace) -> tuple[Tensor, Tensor]:
        """The first level's volume, and the part of it (D, H, W, C) that its evidence belongs into."""
        held = volume(work, WIDE, size, self._up[-1].outputs + self._evidence)
        return held, within(held)[..., self._up[-1].outputs :]

    def __call__(self, first: Tensor, border: int, work: Workspace) -> Tensor:
        """The first level's volume, filled -> (D, H, W, outputs), and so many zeros around each plane."""
        depth, height, width = (side - 2 for side in first.shape[:3])
        levels = [first]
        for index, down in enumerate(self._down, start=1):
            ahead = self._up[-index - 1].outputs if index < len(self._down) else 0
            size = (depth, height >> index, width >> index)
            held = volume(work, f"level {index}", size, ahead + down.outputs)
            seen = levels[-1][..., levels[-1].shape[3] - self._inputs(index - 1) :]
            down.down(seen, within(held)[..., ahead:], work)
            levels.append(held)
        for up in self._up:
            below = levels.pop()
            up.up(below, within(levels[-1])[..., : up.outputs], work)
        features = work.matrix(HIDDEN, depth, height + 2 * border, width + 2 * border, self.outputs)
        features.zero_()
        self._last.up(first, features[:, border : border + height, border : border + width], work)
        return features

    def _inputs(self, level: int) -> int:
        return self._down[level - 1].outputs if level else self._evidence


def _halved(into: Tensor, band: Band, pixels: Tensor) -> None:
    """The mean of each 2x2 cells of a tile."""
    four = pixels.relu_().unflatten(1, (2, 2)).unflatten(0, (2, 2))
    cells(into, band, INNER // 2).copy_(four.mean(dim=(1, 3)))


def _kept(into: Tensor, band: Band, pixels: Tensor) -> None:
    cells(into, band).copy_(pixels.relu_())


def _channels_last(volumes: Tensor) -> Tensor:
    """(1, C, D, H, W) as (D, H, W, C)."""
    return volumes[0].permute(1, 2, 3, 0)
