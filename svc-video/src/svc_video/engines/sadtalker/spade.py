"""The decoder: from moved features to pixels, every layer told again what it draws (SPADE, arXiv:1903.07291).

A block normalises each channel and scales and shifts it, per pixel, by convolutions of the decoder's own input. All
blocks see the same input; the blocks that see it at the same size share one convolution of it here.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from svc_video.engines.sadtalker.reader import CPU, EPSILON, Kernel, Place, Reader, stacked

SLOPE = 0.2  # of leaky ReLUs
MIDDLE, UP = "G_middle_{}", "up_{}"


class Modulation:
    """One SPADE: its scale and shift, from the hidden picture of what is drawn."""

    def __init__(self, reader: Reader, name: str, hidden: int, place: Place) -> None:
        gamma = reader.convolution(f"{name}.mlp_gamma", hidden, 3, 3)
        beta = reader.convolution(f"{name}.mlp_beta", hidden, 3, 3)
        ahead = Kernel(gamma.weight, gamma.bias + 1)  # normalised * (1 + gamma) + beta
        self._kernel = stacked((ahead, beta)).at(place)

    def __call__(self, normalized: Tensor, hidden: Tensor) -> Tensor:
        """(B, C, H, W) and (B, hidden, H, W) -> (B, C, H, W)."""
        scale, shift = _conv2d(hidden, self._kernel).chunk(2, dim=1)
        return scale.mul_(normalized).add_(shift)


class Block:
    """Two convolutions, each after its SPADE; the way around has a third where the width changes."""

    def __init__(self, reader: Reader, name: str, inputs: int, label: int, place: Place = CPU) -> None:
        conv_0 = reader.convolution(f"{name}.conv_0", inputs, 3, 3, spectral=True)
        conv_1 = reader.convolution(f"{name}.conv_1", conv_0.outputs, 3, 3, spectral=True)
        self._conv_0, self._conv_1, self.outputs = conv_0.at(place), conv_1.at(place), conv_1.outputs
        self._conv_s = None
        norms = ["norm_0", "norm_1"]
        if self.outputs != inputs:
            conv_s = reader.convolution(f"{name}.conv_s", inputs, 1, 1, bias=False, spectral=True)
            self._conv_s = conv_s.at(place)
            norms.append("norm_s")
        shared = [reader.convolution(f"{name}.{norm}.mlp_shared.0", label, 3, 3) for norm in norms]
        self.shared = stacked(shared)
        """What makes the hidden pictures of all its SPADEs, not in place yet."""
        hidden = zip(norms, (kernel.outputs for kernel in shared), strict=True)
        self._norms = [Modulation(reader, f"{name}.{norm}", width, place) for norm, width in hidden]
        self._widths = [kernel.outputs for kernel in shared]

    def __call__(self, x: Tensor, hidden: Tensor, *, doubled: bool = False) -> Tensor:
        """(B, inputs, H, W) and hidden pictures (B, sum of widths, H, W) -> (B, outputs, H, W).

        `doubled`: x has half the size, and each of its pixels stands for four.
        """
        seen = hidden.split(self._widths, dim=1)
        normalized = _norm(x)
        if doubled:
            # Doubling changes no mean and no variance: the small picture is normalised.
            normalized = functional.interpolate(normalized, scale_factor=2)
        inner = _conv2d(functional.leaky_relu_(self._norms[0](normalized, seen[0]), SLOPE), self._conv_0)
        inner = _conv2d(functional.leaky_relu_(self._norms[1](_norm(inner), seen[1]), SLOPE), self._conv_1)
        if self._conv_s is not None:
            return inner.add_(_conv2d(self._norms[2](normalized, seen[2]), self._conv_s))
        return inner.add_(functional.interpolate(x, scale_factor=2) if doubled else x)


class SpadeDecoder:
    """Features to a picture of four times their size."""

    def __init__(self, reader: Reader, label: int, place: Place = CPU) -> None:
        fc = reader.convolution("decoder.fc", label, 3, 3)
        self._fc, width = fc.at(place), fc.outputs
        self._middle = []
        for index in range(reader.count(f"decoder.{MIDDLE}.conv_0.bias")):
            self._middle.append(Block(reader, f"decoder.{MIDDLE.format(index)}", width, label, place))
        self._up = []
        for index in range(reader.count(f"decoder.{UP}.conv_0.bias")):
            block = Block(reader, f"decoder.{UP.format(index)}", width, label, place)
            self._up.append((block, block.shared.at(place)))
            width = block.outputs
        self._shared = stacked(block.shared for block in self._middle).at(place)
        self._image = reader.convolution("decoder.conv_img", width, 3, 3).at(place)

    def __call__(self, features: Tensor) -> Tensor:
        """(B, label, H, W) -> (B, 3, 4 H, 4 W), 0..1."""
        x = _conv2d(features, self._fc)
        hidden = functional.relu_(_conv2d(features, self._shared)).chunk(len(self._middle), dim=1)
        for block, seen in zip(self._middle, hidden, strict=True):
            x = block(x, seen)
        for level, (block, shared) in enumerate(self._up, start=1):
            wide = functional.interpolate(features, scale_factor=2**level)
            x = block(x, functional.relu_(_conv2d(wide, shared)), doubled=True)
        return _conv2d(functional.leaky_relu_(x, SLOPE), self._image).sigmoid_()


def _norm(x: Tensor) -> Tensor:
    """Each channel of each picture to mean 0 and variance 1."""
    return functional.instance_norm(x, eps=EPSILON)


def _conv2d(x: Tensor, kernel: Kernel) -> Tensor:
    return functional.conv2d(x, kernel.weight, kernel.bias, padding=kernel.padding)
