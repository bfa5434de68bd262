"""3x3x3 convolutions of volumes by Winograd's F(4x4, 3x3) in the plane; depth is summed tap by tap.

Volumes are (D, H, W, C) with a border of zeros on all sides, one at a time, as pictures are in `winograd`. A volume may
be read as if each pixel of a plane stood for 2x2.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from svc_video.engines.sadtalker.reader import Kernel
from svc_video.engines.sadtalker.winograd import (
    BACK,
    BAND,
    INNER,
    INTO,
    KERNEL,
    ONE,
    OUTER,
    POINTS,
    Band,
    Workspace,
    transform,
)

TAPS = 3  # of a kernel's depth
PLAIN, DOUBLED = (-1, 0, 1, 2, 3, 4), (-1, 0, 0, 1, 1, 2)
"""Where the 6 places along a tile are read, from its first pixel on."""

Sink = Callable[[Band, Tensor], None]
"""What becomes of a band: its cells come as (4, 4, D, rows, columns, out), in memory that is used again."""


def volume(work: Workspace, name: str, size: tuple[int, int, int], channels: int) -> Tensor:
    """A volume (D + 2, H + 2, W + 2, channels) whose border is zero; write into its `within` only."""
    depth, height, width = size
    held = work.matrix(name, depth + 2, height + 2, width + 2, channels)
    for border in (held[0], held[-1], held[:, 0], held[:, -1], held[:, :, 0], held[:, :, -1]):
        border.zero_()
    return held


def within(bordered: Tensor) -> Tensor:
    """What the border surrounds, (D, H, W, C)."""
    return bordered[1:-1, 1:-1, 1:-1]


def cells(inner: Tensor, band: Band, side: int = INNER) -> Tensor:
    """The part of a volume (D, H, W, C) that a band covers, as (side, side, D, rows, columns, C)."""
    rows = inner[:, band.start * side : band.stop * side]
    return rows.unflatten(1, (-1, side)).unflatten(3, (-1, side)).permute(2, 4, 0, 1, 3, 5)


class VolumeWinograd:
    """A 3x3x3 convolution that keeps the size, or doubles height and width first."""

    def __init__(self, kernel: Kernel, *, doubled: bool = False) -> None:
        self.outputs, self.inputs = kernel.weight.shape[:2]
        self._places, self._step = (DOUBLED, INNER // 2) if doubled else (PLAIN, INNER)
        ordered = kernel.weight.permute(2, 3, 4, 1, 0)  # depth, height, width, in, out
        self._weight = ordered.reshape(TAPS, 9, self.inputs * self.outputs).contiguous()
        self._bias = kernel.bias.clone()

    @property
    def kernel(self) -> Kernel:
        """As it was given, without a copy."""
        weight = self._weight.view(TAPS, 3, 3, self.inputs, self.outputs)
        return Kernel(weight.permute(4, 3, 0, 1, 2), self._bias)

    def __call__(self, bordered: Tensor, sink: Sink, work: Workspace) -> None:
        """Every band of the result of a bordered volume (D + 2, H + 2, W + 2, in) to the sink."""
        depth = bordered.shape[0] - 2
        rows, columns = ((side - 2) // self._step for side in bordered.shape[1:3])
        matrices = self._matrices(work)
        step = max(1, BAND // (columns * depth))
        for start in range(0, rows, step):
            band = Band(start, min(start + step, rows), columns)
            numbers = self._transformed(bordered, band, work)
            products = work.matrix("products", POINTS, depth * band.tiles, self.outputs)
            for tap in range(TAPS):
                seen = numbers[:, tap * band.tiles : (tap + depth) * band.tiles]
                torch.baddbmm(products, seen, matrices[tap], beta=int(tap > 0), out=products)
            products[ONE] += self._bias
            inner = work.matrix("pixels", INNER * INNER, depth * band.tiles * self.outputs)
            transform(BACK, products, inner, work)
            sink(band, inner.view(INNER, INNER, depth, band.stop - band.start, columns, self.outputs))

    def _matrices(self, work: Workspace) -> Tensor:
        """(3, 36, in, out)."""
        held = work.matrix("matrices", TAPS, POINTS, self.inputs * self.outputs)
        for tap in range(TAPS):
            transform(KERNEL, self._weight[tap], held[tap], work)
        return held.view(TAPS, POINTS, self.inputs, self.outputs)

    def _transformed(self, bordered: Tensor, band: Band, work: Workspace) -> Tensor:
        """A band's numbers, (36, (D + 2) * tiles, in)."""
        planes, channels = bordered.shape[0], bordered.shape[3]
        pixels = work.matrix("pixels", OUTER, OUTER, planes, band.stop - band.start, band.columns, channels)
        for row, down in enumerate(self._places):
            first = 1 + down + self._step * band.start
            lines = bordered[:, first : first + self._step * (band.stop - band.start - 1) + 1 : self._step]
            for column, across in enumerate(self._places):
                first = 1 + across
                pixels[row, column] = lines[:, :, first : first + self._step * (band.columns - 1) + 1 : self._step]
        numbers = work.matrix("numbers", POINTS, planes * band.tiles * channels)
        return transform(INTO, pixels, numbers, work).view(POINTS, planes * band.tiles, channels)
