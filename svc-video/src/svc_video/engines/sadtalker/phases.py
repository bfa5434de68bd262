"""3x3 convolutions of a picture that was enlarged by repeating pixels: exact, without the large picture.

Where each pixel stands for 2x2 or 4x4 equal ones, a kernel sees at most two pixels of the small picture on each side,
and only three different patterns: at the beginning of a repeated pixel, within it and at its end.
"""

from __future__ import annotations

import torch
from torch import Tensor

from svc_video.engines.sadtalker.reader import Kernel, stacked
from svc_video.engines.sadtalker.winograd import INNER, INTO, OUTER, POINTS, Band, Workspace, transform

BEGINNING = ((1, 0, 0), (0, 1, 1), (0, 0, 0))  # [place in the small picture][place in the kernel]
WITHIN = ((0, 0, 0), (1, 1, 1), (0, 0, 0))
END = ((0, 0, 0), (1, 1, 0), (0, 0, 1))
PATTERNS = {2: (BEGINNING, END), 4: (BEGINNING, WITHIN, END)}

PLACES = {
    2: ((1, -1), (0, 0), (1, 0), (0, 1), (1, 1), (0, 2)),
    4: ((2, -1), (0, 0), (1, 0), (1, 0), (2, 0), (0, 1)),
}
"""For each of the 6 places along a tile: its pattern, and its distance from the tile's first small pixel."""


def phased(kernel: Kernel, factor: int) -> Kernel:
    """The kernel for the small picture: all pairs of patterns (down, across), their channels one after the other."""
    sides = [torch.tensor(pattern, dtype=kernel.weight.dtype) for pattern in PATTERNS[factor]]
    return stacked(
        Kernel(torch.einsum("si,tj,ocij->ocst", down, across, kernel.weight), kernel.bias)
        for down in sides
        for across in sides
    )


class PhaseTiles:
    """The tiles of the enlarged picture, read from a small bordered one that holds its patterns."""

    def __init__(self, picture: Tensor, factor: int) -> None:
        self._picture = picture
        self._factor = factor
        self._step = INNER // factor  # small pixels per tile
        self.rows, self.columns = ((side - 2) // self._step for side in picture.shape[:2])
        self._channels = picture.shape[2] // len(PATTERNS[factor]) ** 2

    def transformed(self, band: Band, work: Workspace) -> Tensor:
        """The numbers of a band, (36, tiles, C)."""
        pixels = work.matrix("pixels", OUTER, OUTER, band.stop - band.start, band.columns, self._channels)
        places = PLACES[self._factor]
        patterns = len(PATTERNS[self._factor])
        for row, (down, y) in enumerate(places):
            lines = self._every(self._picture, band.start, band.stop, y)
            for column, (across, x) in enumerate(places):
                first = (down * patterns + across) * self._channels
                seen = self._every(lines.transpose(0, 1), 0, band.columns, x).transpose(0, 1)
                pixels[row, column] = seen[..., first : first + self._channels]
        numbers = work.matrix("numbers", POINTS, band.tiles * self._channels)
        return transform(INTO, pixels, numbers, work).view(POINTS, band.tiles, self._channels)

    def _every(self, picture: Tensor, start: int, stop: int, offset: int) -> Tensor:
        """The lines of a bordered picture at that distance from the first line of each tile."""
        first = start * self._step + offset + 1
        return picture[first : first + self._step * (stop - start - 1) + 1 : self._step]
