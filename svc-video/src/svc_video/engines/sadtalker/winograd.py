"""3x3 convolutions by Winograd's F(4x4, 3x3) (Lavin and Gray, arXiv:1509.09308): a quarter of the multiplications.

For a CPU, in fp32. Pictures are (H, W, C) with H and W multiples of 4, one at a time. A tile of 6x6 pixels becomes 36
numbers per channel, each multiplied by a matrix of its own, and comes back as 4x4 pixels. Rows of tiles are done in
bands, whose numbers stay in the cache; what a band's result is for is up to a sink, so that wide intermediate pictures
need not exist. Kernels are kept 3x3 and transformed anew for every picture: a few per cent of the time, a quarter of
the memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from svc_video.engines.sadtalker.reader import Kernel

INNER, OUTER, POINTS = 4, 6, 36  # pixels of a tile's side after and before; numbers per tile
BAND = 256  # tiles done together: their numbers fit a cache of some MB
WIDE, HIDDEN = "wide", "hidden"  # names of the largest memory, which dense motion and the decoder use in turn
ONE = 7  # the point (1, 1): what is added there is added to each of a tile's pixels

# The evaluation points are 0, 1, -1, 2, -2 and infinity.
_INTO = ((4, 0, -5, 0, 1, 0), (0, -4, -4, 1, 1, 0), (0, 4, -4, -1, 1, 0), (0, -2, -1, 2, 1, 0), (0, 2, -1, -2, 1, 0), (0, 4, 0, -5, 0, 1))  # fmt: skip  # noqa: E501
_KERNEL = ((6, 0, 0), (-4, -4, -4), (-4, 4, -4), (1, 2, 4), (1, -2, 4), (0, 0, 24))  # / 24
_BACK = ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))


INTO = torch.tensor(_INTO, dtype=torch.float32)
KERNEL = (torch.tensor(_KERNEL, dtype=torch.float64) / 24).float()
BACK = torch.tensor(_BACK, dtype=torch.float32)


class Workspace:
    """Memory used again and again, by name; pictures in it have a border of zeros. For one thread at a time."""

    def __init__(self) -> None:
        self._flat: dict[str, Tensor] = {}

    def matrix(self, name: str, *shape: int) -> Tensor:
        """Memory of that shape; what is in it is anybody's."""
        wanted = torch.Size(shape).numel()
        held = self._flat.get(name)
        if held is None or len(held) < wanted:
            self._flat.pop(name, None)
            held = self._flat[name] = torch.empty(wanted)
        return held[:wanted].view(shape)

    def picture(self, name: str, height: int, width: int, channels: int) -> Tensor:
        """A picture (height + 2, width + 2, channels) whose border is zero; write into its `inside` only."""
        picture = self.matrix(name, height + 2, width + 2, channels)
        for border in (picture[0], picture[-1], picture[:, 0], picture[:, -1]):
            border.zero_()
        return picture


def inside(picture: Tensor) -> Tensor:
    """What the border surrounds, (H, W, C)."""
    return picture[1:-1, 1:-1]


def transform(side: Tensor, squares: Tensor, out: Tensor, work: Workspace) -> Tensor:
    """Squares (m * m, N) by a matrix (n, m) along both sides -> `out`, (n * n, N). One side, then the other."""
    after, before = side.shape
    count = squares.numel() // before**2
    halfway = work.matrix("halfway", after, before, count)
    torch.mm(side, squares.view(before, before * count), out=halfway.view(after, before * count))
    torch.bmm(side.expand(after, after, before), halfway, out=out.view(after, after, count))
    return out


class Band(NamedTuple):
    """Rows of tiles."""

    start: int
    stop: int
    columns: int

    @property
    def tiles(self) -> int:
        """How many."""
        return (self.stop - self.start) * self.columns

    def cells(self, image: Tensor, side: int = INNER) -> Tensor:
        """The part of an image (H, W, C), without border, that it covers, as (side, side, rows, columns, C)."""
        rows = image[self.start * side : self.stop * side]
        return rows.unflatten(0, (-1, side)).unflatten(2, (-1, side)).permute(1, 3, 0, 2, 4)


class Tiles(Protocol):
    """What a convolution reads."""

    rows: int
    columns: int

    def transformed(self, band: Band, work: Workspace) -> Tensor:
        """The numbers of a band, (36, tiles, C)."""


class PictureTiles:
    """The tiles of a bordered picture (H + 2, W + 2, C)."""

    def __init__(self, picture: Tensor) -> None:
        self._picture = picture
        self.rows, self.columns = (picture.shape[0] - 2) // INNER, (picture.shape[1] - 2) // INNER

    def transformed(self, band: Band, work: Workspace) -> Tensor:
        """The numbers of a band, (36, tiles, C)."""
        channels = self._picture.shape[2]
        pixels = work.matrix("pixels", OUTER, OUTER, band.stop - band.start, band.columns, channels)
        for row in range(OUTER):
            first = row + INNER * band.start
            line = self._picture[first : first + INNER * (band.stop - band.start - 1) + 1 : INNER]
            for column in range(OUTER):
                pixels[row, column] = line[:, column : column + INNER * (band.columns - 1) + 1 : INNER]
        numbers = work.matrix("numbers", POINTS, band.tiles * channels)
        return transform(INTO, pixels, numbers, work).view(POINTS, band.tiles, channels)


class KeptTiles:
    """A picture's numbers, computed once for many convolutions."""

    def __init__(self, tiles: PictureTiles, work: Workspace) -> None:
        self.rows, self.columns = tiles.rows, tiles.columns
        self._bands = {band: tiles.transformed(band, work).clone() for band in bands(tiles)}

    def transformed(self, band: Band, work: Workspace) -> Tensor:  # noqa: ARG002  # there is nothing to compute
        """The numbers of a band, (36, tiles, C)."""
        return self._bands[band]


def bands(tiles: Tiles) -> Iterator[Band]:
    """All rows of tiles, some at a time."""
    step = max(1, BAND // tiles.columns)
    for start in range(0, tiles.rows, step):
        yield Band(start, min(start + step, tiles.rows), tiles.columns)


Sink = Callable[[Band, Tensor], None]
"""What becomes of a band: its pixels come as (4, 4, rows, columns, out), in memory that is used again."""


class Winograd:
    """A 3x3 convolution that keeps the size."""

    def __init__(self, kernel: Kernel) -> None:
        outputs, inputs = kernel.weight.shape[:2]
        self.inputs, self.outputs = inputs, outputs
        self._weight = kernel.weight.permute(2, 3, 1, 0).reshape(9, inputs * outputs).contiguous()
        self._bias = kernel.bias.clone()

    def __call__(self, tiles: Tiles, sink: Sink, work: Workspace) -> None:
        """Every band of the result to the sink."""
        matrices = work.matrix("matrices", POINTS, self.inputs * self.outputs)
        transform(KERNEL, self._weight, matrices, work)
        matrices = matrices.view(POINTS, self.inputs, self.outputs)
        for band in bands(tiles):
            products = work.matrix("products", POINTS, band.tiles, self.outputs)
            torch.bmm(tiles.transformed(band, work), matrices, out=products)
            products[ONE] += self._bias
            pixels = work.matrix("pixels", INNER * INNER, band.tiles * self.outputs)
            transform(BACK, products, pixels, work)
            sink(band, pixels.view(INNER, INNER, band.stop - band.start, band.columns, self.outputs))


def store(image: Tensor) -> Sink:
    """Into an image (H, W, C)."""
    return lambda band, pixels: band.cells(image).copy_(pixels)


def add(image: Tensor) -> Sink:
    """Onto an image (H, W, C)."""
    return lambda band, pixels: band.cells(image).add_(pixels)


def store_relu(image: Tensor) -> Sink:
    """Into an image (H, W, C), without what is negative."""
    return lambda band, pixels: band.cells(image).copy_(pixels.relu_())
