"""The SPADE decoder for a CPU in fp32: every 3x3 convolution by Winograd, one picture at a time, nothing wide kept.

The decoder's input is transformed once for the 15 convolutions that read it. A scale and shift live for one band of
tiles only, and are used where they come up; so are the widest pictures, which only a 1x1 convolution reads.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from svc_video.engines.sadtalker.phases import PhaseTiles, phased
from svc_video.engines.sadtalker.reader import EPSILON, Kernel, Reader, stacked
from svc_video.engines.sadtalker.spade import MIDDLE, SLOPE, UP
from svc_video.engines.sadtalker.winograd import (
    HIDDEN,
    INNER,
    WIDE,
    Band,
    KeptTiles,
    PictureTiles,
    Sink,
    Tiles,
    Winograd,
    Workspace,
    add,
    inside,
    store,
    store_relu,
)


class Modulation:
    """One SPADE, `factor` times larger than the decoder's input."""

    def __init__(self, reader: Reader, name: str, label: int, factor: int) -> None:
        shared = reader.convolution(f"{name}.mlp_shared.0", label, 3, 3)
        gamma = reader.convolution(f"{name}.mlp_gamma", shared.outputs, 3, 3)
        beta = reader.convolution(f"{name}.mlp_beta", shared.outputs, 3, 3)
        ahead = Kernel(gamma.weight, gamma.bias + 1)  # normalised * (1 + gamma) + beta
        self._factor = factor
        self._shared = Winograd(shared if factor == 1 else phased(shared, factor))
        self._both = Winograd(stacked((ahead, beta)))

    def __call__(self, seen: KeptTiles, sink: Sink, work: Workspace) -> None:
        """The bands of scale and shift, side by side, to the sink."""
        height, width = seen.rows * INNER, seen.columns * INNER
        hidden = work.picture(HIDDEN, height, width, self._shared.outputs)
        self._shared(seen, store_relu(inside(hidden)), work)
        tiles: Tiles = PictureTiles(hidden) if self._factor == 1 else PhaseTiles(hidden, self._factor)
        self._both(tiles, sink, work)


class Block:
    """Two convolutions, each after its SPADE; the way around has a third where the width changes."""

    def __init__(self, reader: Reader, name: str, inputs: int, label: int, factor: int) -> None:
        conv_0 = reader.convolution(f"{name}.conv_0", inputs, 3, 3, spectral=True)
        conv_1 = reader.convolution(f"{name}.conv_1", conv_0.outputs, 3, 3, spectral=True)
        self._norm_0 = Modulation(reader, f"{name}.norm_0", label, factor)
        self._norm_1 = Modulation(reader, f"{name}.norm_1", label, factor)
        self._conv_0, self._conv_1, self.outputs = Winograd(conv_0), Winograd(conv_1), conv_1.outputs
        self._name, self._factor = name, factor

    def _inner(self, normalized: Tensor, seen: KeptTiles, onto: Tensor, work: Workspace) -> None:
        """The two convolutions of a normalised x, added to `onto`."""
        height, width, channels = onto.shape[0], onto.shape[1], normalized.shape[2]
        wide = work.picture(WIDE, height, width, channels)
        self._norm_0(seen, modulated(normalized, inside(wide)), work)
        inner = work.picture("inner", height, width, self._conv_0.outputs)
        self._conv_0(PictureTiles(wide), store(inside(inner)), work)
        _normalize(inside(inner))
        self._norm_1(seen, modulated(inside(inner), inside(inner)), work)
        self._conv_1(PictureTiles(inner), add(onto), work)


class MiddleBlock(Block):
    """A block that keeps size and width."""

    def __call__(self, x: Tensor, seen: KeptTiles, work: Workspace) -> None:
        """X (H, W, C) becomes the block's result."""
        normalized = work.matrix("normalized", *x.shape).copy_(x)
        _normalize(normalized)
        self._inner(normalized, seen, x, work)


class UpBlock(Block):
    """A block that sees its input doubled, and makes it narrower."""

    def __init__(self, reader: Reader, name: str, inputs: int, label: int, factor: int) -> None:
        super().__init__(reader, name, inputs, label, factor)
        conv_s = reader.convolution(f"{name}.conv_s", inputs, 1, 1, bias=False, spectral=True)
        self._norm_s = Modulation(reader, f"{name}.norm_s", label, factor)
        self._conv_s = conv_s.weight.flatten(1).t().contiguous()

    def __call__(self, x: Tensor, seen: KeptTiles, work: Workspace) -> Tensor:
        """X (H, W, C), which is spent -> (2 H, 2 W, outputs)."""
        _normalize(x)  # doubling it changes no mean and no variance
        result = work.matrix(self._name, 2 * x.shape[0], 2 * x.shape[1], self.outputs)
        self._norm_s(seen, self._shortcut(x, result, work), work)
        self._inner(x, seen, result, work)
        return result

    def _shortcut(self, normalized: Tensor, result: Tensor, work: Workspace) -> Sink:
        """A band modulated and convolved 1x1 at once."""

        def sink(band: Band, pixels: Tensor) -> None:
            channels = normalized.shape[2]
            shape = (INNER * INNER * band.tiles, channels)
            held = work.matrix("numbers", *shape)
            _modulate(pixels, _cells(normalized, band, doubled=True), held.view(*pixels.shape[:-1], channels))
            narrow = torch.mm(held, self._conv_s)
            band.cells(result).copy_(narrow.view(*pixels.shape[:-1], self.outputs))

        return sink


class WinogradDecoder:
    """Features to a picture of four times their size."""

    def __init__(self, reader: Reader, label: int, work: Workspace) -> None:
        fc = reader.convolution("decoder.fc", label, 3, 3)
        self._fc, width = Winograd(fc), fc.outputs
        self._middle = []
        for index in range(reader.count(f"decoder.{MIDDLE}.conv_0.bias")):
            self._middle.append(MiddleBlock(reader, f"decoder.{MIDDLE.format(index)}", width, label, 1))
        self._up = []
        for index in range(reader.count(f"decoder.{UP}.conv_0.bias")):
            block = UpBlock(reader, f"decoder.{UP.format(index)}", width, label, 2 ** (index + 1))
            self._up.append(block)
            width = block.outputs
        image = reader.convolution("decoder.conv_img", width, 3, 3)
        self._image = Kernel(image.weight.contiguous(memory_format=torch.channels_last), image.bias.clone())
        self._work = work

    def __call__(self, features: Tensor) -> Tensor:
        """(B, label, H, W) -> (B, 3, 4 H, 4 W), 0..1; H and W are multiples of 4."""
        return torch.cat([self._picture(one) for one in features])

    def _picture(self, features: Tensor) -> Tensor:
        """(label, H, W) -> (1, 3, 4 H, 4 W)."""
        work = self._work
        label, height, width = features.shape
        bordered = work.picture("features", height, width, label)
        inside(bordered).copy_(features.permute(1, 2, 0))
        seen = KeptTiles(PictureTiles(bordered), work)
        x = work.matrix("x", height, width, self._fc.outputs)
        self._fc(seen, store(x), work)
        for middle in self._middle:
            middle(x, seen, work)
        for up in self._up:
            x = up(x, seen, work)
        x = functional.leaky_relu_(x, SLOPE).permute(2, 0, 1)[None]
        pixels = functional.conv2d(x, self._image.weight, self._image.bias, padding=1)
        return pixels.sigmoid_().contiguous()


def modulated(normalized: Tensor, image: Tensor) -> Sink:
    """Scale and shift, then leaky ReLU, into an image; normalized may be it, or have half its size."""
    doubled = normalized.shape[0] < image.shape[0]

    def sink(band: Band, pixels: Tensor) -> None:
        _modulate(pixels, _cells(normalized, band, doubled=doubled), band.cells(image))
        functional.leaky_relu_(image[INNER * band.start : INNER * band.stop], SLOPE)

    return sink


def _modulate(pixels: Tensor, cells: Tensor, into: Tensor) -> None:
    """Pixels hold scale and shift, (4, 4, rows, columns, 2 C); cells and into are as `_cells` and a band's say."""
    scale, shift = pixels.chunk(2, dim=-1)
    if cells.dim() > into.dim():
        scale, shift, into = (part.unflatten(1, (2, 2)).unflatten(0, (2, 2)) for part in (scale, shift, into))
    torch.addcmul(shift, scale, cells, out=into)


def _cells(normalized: Tensor, band: Band, *, doubled: bool) -> Tensor:
    """A band's part of it, (4, 4, rows, columns, C), or doubled, without a copy, (2, 2, 2, 2, rows, columns, C)."""
    if not doubled:
        return band.cells(normalized)
    small = band.cells(normalized, INNER // 2)
    return small[:, None, :, None].expand(-1, 2, -1, 2, *small.shape[2:])


def _normalize(image: Tensor) -> None:
    """Each channel of (H, W, C) to mean 0 and variance 1, in place."""
    # One side after the other: both at once, and var_mean, are slow where channels are innermost.
    image.sub_(image.mean(dim=0).mean(dim=0))
    variance = torch.linalg.vector_norm(image, dim=0).square_().mean(dim=0) / image.shape[0]
    image.mul_((variance + EPSILON).rsqrt_())
