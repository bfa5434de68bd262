"""The SPADE decoder for a card: channels innermost, every pass between two convolutions one kernel.

Notable choices:
- a convolution whose output is normalised needs no bias: the mean it shifts is subtracted again. That leaves those of
  the last block;
- the biases of the others are added by the pass that reads their output anyway (`fused`);
- what sees an enlarged picture sees the small one, by 2x2 kernels: 5/9 and 3/4 fewer products;
- outputs of the picture's convolution are a multiple of eight, which matrix units want; five of them are zero.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from svc_video.engines.sadtalker.fused import Fused, enlarged, fused
from svc_video.engines.sadtalker.reader import Kernel, Place, Reader, stacked
from svc_video.engines.sadtalker.spade import MIDDLE, SLOPE, UP
from troupe.wire.errors import CheckpointBroken

COLOURS, LANES = 3, 8
LINEAR = 1.0  # the slope of no activation


class Convolution:
    """A kernel in its place, channels innermost; its bias in fp32, for whoever adds it later."""

    def __init__(self, kernel: Kernel, place: Place, padding: int | None = None) -> None:
        held = kernel.at(place)
        self._weight = held.weight.contiguous(memory_format=torch.channels_last)
        self._padding = kernel.padding if padding is None else padding
        self.bias = kernel.bias.detach().to(place.device, torch.float32, copy=True)

    def __call__(self, x: Tensor) -> Tensor:
        """Without its bias."""
        return functional.conv2d(x, self._weight, padding=self._padding)

    def biased(self, x: Tensor) -> Tensor:
        """With it."""
        return functional.conv2d(x, self._weight, self.bias.to(x.dtype), padding=self._padding)


class Modulation:
    """One SPADE, from the hidden picture of what is drawn."""

    def __init__(self, reader: Reader, name: str, hidden: int, place: Place, passes: Fused) -> None:
        gamma = reader.convolution(f"{name}.mlp_gamma", hidden, 3, 3)
        beta = reader.convolution(f"{name}.mlp_beta", hidden, 3, 3)
        ahead = Kernel(gamma.weight, gamma.bias + 1)  # normalised * (1 + gamma) + beta
        self._maps = Convolution(stacked((ahead, beta)), place)
        self._passes = passes

    def __call__(self, x: Tensor, hidden: Tensor, factor: int, slope: float) -> Tensor:
        """(B, C, h, w), each pixel of which stands for `factor` squared, and (B, hidden, H, W) -> (B, C, H, W)."""
        maps = self._maps(hidden)
        return self._passes.modulated(x, self._passes.moments(x), maps, self._maps.bias, factor=factor, slope=slope)


class Block:
    """As `spade.Block`."""

    def __init__(
        self, reader: Reader, name: str, inputs: int, label: int, *, place: Place, passes: Fused, doubled: bool
    ) -> None:
        conv_0 = reader.convolution(f"{name}.conv_0", inputs, 3, 3, spectral=True)
        conv_1 = reader.convolution(f"{name}.conv_1", conv_0.outputs, 3, 3, spectral=True)
        self._conv_0, self._conv_1 = Convolution(conv_0, place), Convolution(conv_1, place)
        self._factor, self.outputs = 2 if doubled else 1, conv_1.outputs
        self._conv_s = None
        norms = ["norm_0", "norm_1"]
        if self.outputs != inputs:
            conv_s = reader.convolution(f"{name}.conv_s", inputs, 1, 1, bias=False, spectral=True)
            self._conv_s = Convolution(conv_s, place)
            norms.append("norm_s")
        self.shared = [reader.convolution(f"{name}.{norm}.mlp_shared.0", label, 3, 3) for norm in norms]
        """What makes the hidden pictures of its SPADEs, not in place yet."""
        self._norms = [
            Modulation(reader, f"{name}.{norm}", kernel.outputs, place, passes)
            for norm, kernel in zip(norms, self.shared, strict=True)
        ]

    @property
    def narrows(self) -> bool:
        """Whether it gives fewer channels than it takes."""
        return self._conv_s is not None

    def __call__(self, x: Tensor, hidden: list[Tensor], *, last: bool = False) -> Tensor:
        """(B, inputs, h, w) and a hidden picture (B, hidden, H, W) for each SPADE -> (B, outputs, H, W).

        All but the `last` block leave the bias of their second convolution out.
        """
        inner = self._conv_0(self._norms[0](x, hidden[0], self._factor, SLOPE))
        inner = self._norms[1](inner, hidden[1], 1, SLOPE)
        inner = self._conv_1.biased(inner) if last else self._conv_1(inner)
        if self._conv_s is not None:
            return inner.add_(self._conv_s(self._norms[2](x, hidden[2], self._factor, LINEAR)))
        return inner.add_(functional.interpolate(x, scale_factor=2) if self._factor > 1 else x)


class FusedDecoder:
    """Features to a picture of four times their size."""

    def __init__(self, reader: Reader, label: int, place: Place, passes: Fused | None = None) -> None:
        self._passes = passes or fused(place.device)
        fc = reader.convolution("decoder.fc", label, 3, 3)
        self._fc, width = Convolution(fc, place), fc.outputs
        self._middle, self._up = [], []
        for index in range(reader.count(f"decoder.{MIDDLE}.conv_0.bias")):
            name = f"decoder.{MIDDLE.format(index)}"
            self._middle.append(Block(reader, name, width, label, place=place, passes=self._passes, doubled=False))
        for index in range(reader.count(f"decoder.{UP}.conv_0.bias")):
            name = f"decoder.{UP.format(index)}"
            block = Block(reader, name, width, label, place=place, passes=self._passes, doubled=True)
            shared = enlarged(stacked(block.shared), 2 ** (index + 1))
            self._up.append((block, Convolution(shared, place, padding=1)))
            width = block.outputs
        if not (self._up and self._up[-1][0].narrows):  # a way around that is no convolution would carry every bias
            raise CheckpointBroken(
                "The decoder's last block does not narrow: this is no SadTalker. Fetch it anew: make sadtalker."
            )
        self._shared = Convolution(stacked(kernel for block in self._middle for kernel in block.shared), place)
        image = reader.convolution("decoder.conv_img", width, 3, 3)
        none = Kernel(
            image.weight.new_zeros(LANES - COLOURS, *image.weight.shape[1:]), image.bias.new_zeros(LANES - COLOURS)
        )
        self._image = Convolution(stacked((image, none)), place)

    def __call__(self, features: Tensor) -> Tensor:
        """(B, label, H, W) -> (B, 3, 4 H, 4 W), 0..1."""
        features = features.contiguous(memory_format=torch.channels_last)
        x = self._fc(features)
        hidden = self._passes.spread(self._shared(features), self._shared.bias, 1, 2 * len(self._middle))
        for index, block in enumerate(self._middle):
            x = block(x, hidden[2 * index : 2 * index + 2])
        for level, (block, shared) in enumerate(self._up, start=1):
            hidden = self._passes.spread(shared(features), shared.bias, 2**level, len(block.shared))
            x = block(x, hidden, last=level == len(self._up))
        return torch.sigmoid(self._image.biased(functional.leaky_relu_(x, SLOPE))[:, :COLOURS])
