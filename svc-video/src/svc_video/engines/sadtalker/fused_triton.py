"""`fused` in Triton: each pass reads its numbers once, in order, and writes once. Imported on a card alone."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from svc_video.engines.sadtalker.fused import PATTERNS, Moments
from svc_video.engines.sadtalker.reader import EPSILON

PIXELS, CHANNELS = 32, 64  # of a tile: 2,048 numbers, four or eight to a thread, 128 bytes in a row in half precision
PARTIAL = 64  # parts of a picture whose moments are taken apart, at most
LEAST = 256  # pixels of such a part, at least


class InTriton:
    """See `Fused`."""

    def spread(self, low: Tensor, bias: Tensor, factor: int, parts: int) -> list[Tensor]:
        """See `Fused`."""
        channels = len(bias) // parts
        height, width = ((side - (factor > 1)) * factor for side in low.shape[2:])
        large = low.new_empty(parts, low.shape[0], height, width, channels)
        pixels = low.shape[0] * height * width
        grid = (triton.cdiv(pixels, PIXELS), triton.cdiv(channels, CHANNELS), parts)
        _spread[grid](
            _rows(low), bias, large, pixels, height, width, channels, parts,
            FACTOR=factor, KINDS=len(PATTERNS[factor]), PIXELS=PIXELS, CHANNELS=CHANNELS,
        )  # fmt: skip
        return [part.permute(0, 3, 1, 2) for part in large.unbind(0)]

    def moments(self, x: Tensor) -> Moments:
        """See `Fused`."""
        count, channels, height, width = x.shape
        pixels = height * width
        length = max(LEAST, triton.cdiv(triton.cdiv(pixels, PARTIAL), PIXELS) * PIXELS)
        parts = triton.cdiv(pixels, length)
        sums = torch.empty(2, count, parts, channels, device=x.device, dtype=torch.float32)
        found = torch.empty(2, count, channels, device=x.device, dtype=torch.float32)
        blocks = triton.cdiv(channels, CHANNELS)
        _partial[(parts, blocks, count)](
            _rows(x), sums[0], sums[1], pixels, channels, parts, LENGTH=length, PIXELS=PIXELS, CHANNELS=CHANNELS
        )
        _whole[(blocks, count)](
            sums[0],
            sums[1],
            found[0],
            found[1],
            pixels,
            channels,
            parts,
            length,
            EPSILON,
            PARTS=PARTIAL,
            CHANNELS=CHANNELS,
        )
        return Moments(found[0], found[1])

    def modulated(
        self, x: Tensor, moments: Moments, maps: Tensor, bias: Tensor, *, factor: int, slope: float
    ) -> Tensor:
        """See `Fused`."""
        count, channels = x.shape[:2]
        height, width = maps.shape[2:]
        moved = x.new_empty(count, height, width, channels)
        grid = (triton.cdiv(count * height * width, PIXELS), triton.cdiv(channels, CHANNELS))
        _modulated[grid](
            _rows(x), moments.mean, moments.scale, _rows(maps), bias, moved, count * height * width, height, width,
            channels, slope, FACTOR=factor, PIXELS=PIXELS, CHANNELS=CHANNELS,
        )  # fmt: skip
        return moved.permute(0, 3, 1, 2)


def _rows(x: Tensor) -> Tensor:
    """Channels innermost, as the kernels read it; no copy where a convolution has left it so."""
    return x.permute(0, 2, 3, 1).contiguous()


@triton.jit
def _spread(
    low: tl.tensor, bias: tl.tensor, large: tl.tensor, pixels: tl.tensor, height: tl.tensor, width: tl.tensor,
    channels: tl.tensor, parts: tl.tensor, FACTOR: tl.constexpr, KINDS: tl.constexpr, PIXELS: tl.constexpr,
    CHANNELS: tl.constexpr,
) -> None:  # fmt: skip
    pixel = tl.program_id(0).to(tl.int64) * PIXELS + tl.arange(0, PIXELS)
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    part = tl.program_id(2).to(tl.int64)
    column, line = pixel % width, pixel // width
    row, picture = line % height, line // height
    all_channels = parts * channels
    if FACTOR == 1:
        place, first = pixel * all_channels, pixel * 0
    else:
        y, x = row % FACTOR, column % FACTOR
        below, right = (y == FACTOR - 1).to(tl.int64), (x == FACTOR - 1).to(tl.int64)
        down = tl.where(below == 1, KINDS - 1, tl.minimum(y, 1))
        across = tl.where(right == 1, KINDS - 1, tl.minimum(x, 1))
        first = (down * KINDS + across) * all_channels
        small = (picture * (height // FACTOR + 1) + row // FACTOR + below) * (width // FACTOR + 1)
        place = (small + column // FACTOR + right) * (KINDS * KINDS * all_channels)
    live = (pixel < pixels)[:, None] & (channel < channels)[None, :]
    own = part * channels + channel
    value = tl.load(low + (place + first)[:, None] + own[None, :], mask=live, other=0.0).to(tl.float32)
    value += tl.load(bias + own, mask=channel < channels, other=0.0)[None, :]
    into = large + part * pixels * channels + pixel[:, None] * channels + channel[None, :]
    tl.store(into, tl.maximum(value, 0.0).to(large.dtype.element_ty), mask=live)


@triton.jit
def _partial(
    x: tl.tensor, means: tl.tensor, squares: tl.tensor, pixels: tl.tensor, channels: tl.tensor,
    parts: tl.tensor, LENGTH: tl.constexpr, PIXELS: tl.constexpr, CHANNELS: tl.constexpr,
) -> None:  # fmt: skip
    part, picture = tl.program_id(0), tl.program_id(2)
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    start = part * LENGTH
    base = x + picture.to(tl.int64) * pixels * channels + channel[None, :]
    inside = (channel < channels)[None, :]
    # Sums of what differs from the part's first pixel: squares of large, nearly equal numbers would lose it.
    origin = tl.load(base + start.to(tl.int64) * channels, mask=inside, other=0.0).to(tl.float32)
    total = tl.zeros((PIXELS, CHANNELS), tl.float32)
    square = tl.zeros((PIXELS, CHANNELS), tl.float32)
    for at in range(0, LENGTH, PIXELS):
        pixel = (start + at + tl.arange(0, PIXELS))[:, None]
        live = (pixel < pixels) & inside
        value = tl.load(base + pixel.to(tl.int64) * channels, mask=live, other=0.0).to(tl.float32)
        value = tl.where(live, value - origin, 0.0)
        total += value
        square += value * value
    count = tl.minimum(LENGTH, pixels - start).to(tl.float32)
    shift = tl.sum(total, 0) / count
    into = (picture * parts + part) * channels + channel
    tl.store(means + into, shift + tl.sum(origin, 0), mask=channel < channels)
    tl.store(squares + into, tl.sum(square, 0) - shift * shift * count, mask=channel < channels)


@triton.jit
def _whole(
    means: tl.tensor, squares: tl.tensor, mean: tl.tensor, scale: tl.tensor, pixels: tl.tensor,
    channels: tl.tensor, parts: tl.tensor, length: tl.tensor, epsilon: tl.tensor, PARTS: tl.constexpr,
    CHANNELS: tl.constexpr,
) -> None:  # fmt: skip
    channel = tl.program_id(0) * CHANNELS + tl.arange(0, CHANNELS)
    picture = tl.program_id(1)
    part = tl.arange(0, PARTS)
    live = (part < parts)[:, None] & (channel < channels)[None, :]
    place = (picture * parts + part)[:, None] * channels + channel[None, :]
    count = tl.where(part < parts, tl.minimum(length, pixels - part * length), 0).to(tl.float32)[:, None]
    each = tl.load(means + place, mask=live, other=0.0)
    middle = tl.sum(each * count, 0) / pixels
    apart = tl.where(live, each - middle[None, :], 0.0)
    variance = (tl.sum(tl.load(squares + place, mask=live, other=0.0), 0) + tl.sum(apart * apart * count, 0)) / pixels
    into = picture * channels + channel
    tl.store(mean + into, middle, mask=channel < channels)
    tl.store(scale + into, 1.0 / tl.sqrt(tl.maximum(variance, 0.0) + epsilon), mask=channel < channels)


@triton.jit
def _modulated(
    x: tl.tensor, mean: tl.tensor, scale: tl.tensor, maps: tl.tensor, bias: tl.tensor, moved: tl.tensor,
    pixels: tl.tensor, height: tl.tensor, width: tl.tensor, channels: tl.tensor, slope: tl.tensor,
    FACTOR: tl.constexpr, PIXELS: tl.constexpr, CHANNELS: tl.constexpr,
) -> None:  # fmt: skip
    pixel = tl.program_id(0).to(tl.int64) * PIXELS + tl.arange(0, PIXELS)
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    picture = pixel // (height * width)
    small = pixel
    if FACTOR > 1:
        line = pixel // width
        row = line % height
        small = (picture * (height // FACTOR) + row // FACTOR) * (width // FACTOR) + (pixel % width) // FACTOR
    inside = (channel < channels)[None, :]
    live = (pixel < pixels)[:, None] & inside
    own = picture[:, None] * channels + channel[None, :]
    value = tl.load(x + small[:, None] * channels + channel[None, :], mask=live, other=0.0).to(tl.float32)
    value = (value - tl.load(mean + own, mask=live, other=0.0)) * tl.load(scale + own, mask=live, other=0.0)
    place = maps + pixel[:, None] * (2 * channels) + channel[None, :]
    factor = tl.load(place, mask=live, other=0.0).to(tl.float32)
    factor += tl.load(bias + channel, mask=channel < channels, other=0.0)[None, :]
    shift = tl.load(place + channels, mask=live, other=0.0).to(tl.float32)
    shift += tl.load(bias + channels + channel, mask=channel < channels, other=0.0)[None, :]
    value = value * factor + shift
    value = tl.where(value < 0, value * slope, value)
    tl.store(moved + pixel[:, None] * channels + channel[None, :], value.to(moved.dtype.element_ty), mask=live)
