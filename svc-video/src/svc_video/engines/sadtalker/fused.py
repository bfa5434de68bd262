"""What lies between two convolutions on a card: defined here in PyTorch, and as kernels of one pass in `fused_triton`.

A convolution there leaves its bias to what comes after it, which reads the numbers anyway. All tensors are
(N, C, H, W) with channels innermost in memory (`channels_last`); sums and means are in fp32 whatever they are of.

- `spread`: bias, ReLU, each pattern of an enlarged picture to its pixels, and channels split into the parts that
  different convolutions read: one pass for four.
- `moments`, `modulated`: a SPADE normalisation, its scale and shift, and the leaky ReLU: each number read twice and
  written once, where operators one by one take eleven passes.
"""

from __future__ import annotations

import logging
from itertools import product
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from svc_video.engines.sadtalker.reader import EPSILON, Kernel, stacked

PATTERNS = {
    1: (((0, 1, 0), (0, 0, 1)),),  # not used for whole pictures: `spread` with factor 1 takes any kernel's output
    2: (((1, 0, 0), (0, 1, 1)), ((1, 1, 0), (0, 0, 1))),
    4: (((1, 0, 0), (0, 1, 1)), ((0, 0, 0), (1, 1, 1)), ((1, 1, 0), (0, 0, 1))),
}
"""Of the pixels that one becomes: the first, those within, the last; [small pixel][place in the kernel of 3].

The first sees the small pixel before its own and its own, as do those within; the last its own and the one after.
"""


PROBED = 8  # channels, rows and columns of what a kernel is tried on

log = logging.getLogger("sadtalker")


class Moments(NamedTuple):
    """Of each channel of each picture, fp32."""

    mean: Tensor  # (N, C)
    scale: Tensor  # (N, C): one over the standard deviation


class Fused(Protocol):
    """The passes between convolutions."""

    def spread(self, low: Tensor, bias: Tensor, factor: int, parts: int) -> list[Tensor]:
        """(N, patterns * C, h + 1, w + 1), or (N, C, h, w) where `factor` is 1 -> `parts` of (N, C / parts, H, W)."""

    def moments(self, x: Tensor) -> Moments:
        """(N, C, H, W) -> what normalises it."""

    def modulated(
        self, x: Tensor, moments: Moments, maps: Tensor, bias: Tensor, *, factor: int, slope: float
    ) -> Tensor:
        """(N, C, h, w) and scale | shift (N, 2 C, H, W) without their bias (2 C,) -> (N, C, H, W), leaky by `slope`."""


def enlarged(kernel: Kernel, factor: int) -> Kernel:
    """A 3x3 convolution of a picture enlarged by repeating pixels, as a 2x2 one of the small picture with a border.

    (O, C, 3, 3) -> (patterns squared * O, C, 2, 2): 4 (factor 2) or 16 (factor 4) products a small pixel for each of
    4 or 9 patterns instead of 36 or 144 in all. The bias stays as it is.
    """
    sides = [
        torch.tensor(pattern, dtype=kernel.weight.dtype, device=kernel.weight.device) for pattern in PATTERNS[factor]
    ]
    weights = [
        Kernel(torch.einsum("si,tj,ocij->ocst", down, across, kernel.weight), kernel.bias)
        for down, across in product(sides, sides)
    ]
    return Kernel(stacked(weights).weight, kernel.bias)


class InTorch:
    """The definitions: for a processor, and for a card whose PyTorch has no Triton."""

    def spread(self, low: Tensor, bias: Tensor, factor: int, parts: int) -> list[Tensor]:
        """See `Fused`."""
        if factor == 1:
            large = torch.relu_(low.float() + bias.view(1, -1, 1, 1)).to(low.dtype)
            return list(_dense(large).chunk(parts, dim=1))
        kinds, channels = len(PATTERNS[factor]), len(bias)
        height, width = low.shape[2] - 1, low.shape[3] - 1
        large = low.new_empty(low.shape[0], channels, height * factor, width * factor)
        large = large.contiguous(memory_format=torch.channels_last)
        for row, column in product(range(factor), repeat=2):
            (down, y), (across, x) = (_pattern(place, factor) for place in (row, column))
            first = (down * kinds + across) * channels
            seen = low[:, first : first + channels, y : y + height, x : x + width]
            large[:, :, row::factor, column::factor] = torch.relu(seen.float() + bias.view(1, -1, 1, 1))
        return list(large.chunk(parts, dim=1))

    def moments(self, x: Tensor) -> Moments:
        """See `Fused`."""
        variance, mean = torch.var_mean(x.float(), dim=(2, 3), correction=0)
        return Moments(mean, (variance + EPSILON).rsqrt_())

    def modulated(
        self, x: Tensor, moments: Moments, maps: Tensor, bias: Tensor, *, factor: int, slope: float
    ) -> Tensor:
        """See `Fused`."""
        normalized = (x.float() - moments.mean[..., None, None]) * moments.scale[..., None, None]
        if factor > 1:
            normalized = functional.interpolate(normalized, scale_factor=factor)
        scale, shift = (maps.float() + bias.view(1, -1, 1, 1)).chunk(2, dim=1)
        moved = scale.mul_(normalized).add_(shift)
        return _dense(functional.leaky_relu_(moved, slope).to(x.dtype))


def fused(device: torch.device) -> Fused:
    """Kernels of one pass where the device and its PyTorch have them, else the definitions."""
    if device.type == "cuda":
        try:
            from svc_video.engines.sadtalker.fused_triton import InTriton  # noqa: PLC0415  # Triton is on a card's only

            passes = InTriton()
            passes.moments(torch.zeros(1, PROBED, PROBED, PROBED, device=device))
        except Exception as error:  # noqa: BLE001  # no Triton, no C compiler for its launchers, a card it knows not
            log.warning("Triton's kernels cannot run here, PyTorch's own do (%s: %s)", type(error).__name__, error)
        else:
            return passes
    return InTorch()


def _pattern(place: int, factor: int) -> tuple[int, int]:
    """The pattern of a place among those that one pixel becomes, and by how much its 2x2 kernel stands later."""
    if place == factor - 1:
        return len(PATTERNS[factor]) - 1, 1
    return min(place, 1), 0


def _dense(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)
