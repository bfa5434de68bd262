"""HiFi-GAN's generator (arXiv:2010.05646, V1) as XTTS v2 uses it: frames and a speaker's vector in, sound out.

- Weight norm is folded when the checkpoint is read: every convolution is a plain one.
- It computes a *window* of an utterance exactly: frames around the wanted ones are the context of the first layers, and
  after each stage all but the context that later layers need is cut off. Early layers are cheap and reach far, late
  ones are dear and reach few frames, so windows cost little more than the whole (`reach` says how far).
- Parameters carry the names of the release.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from svc_tts.engines.xtts import layout
from svc_tts.engines.xtts.checkpoint import Checkpoint
from svc_tts.engines.xtts.config import VocoderSizes

EDGE_KERNEL = 7  # taps of the first and the last convolution
SLOPE = 0.1  # of the leaky ReLU inside
LAST_SLOPE = 0.01  # before the last convolution


class ResidualBlock(nn.Module):
    """Three dilated convolutions, each followed by a plain one, with ways around them: (B, C, T) -> the same."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(_same(channels, kernel, dilation) for dilation in dilations)
        self.convs2 = nn.ModuleList(_same(channels, kernel, 1) for _ in dilations)

    def forward(self, sound: Tensor) -> Tensor:
        """Refine."""
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            inner = dilated(functional.leaky_relu(sound, SLOPE))
            sound = sound + plain(functional.leaky_relu_(inner, SLOPE))
        return sound


def _same(channels: int, kernel: int, dilation: int) -> nn.Conv1d:
    """A convolution that keeps the length."""
    return nn.Conv1d(channels, channels, kernel, dilation=dilation, padding=dilation * (kernel - 1) // 2)


class Generator(nn.Module):
    """The network; one frame becomes `hop` samples."""

    def __init__(self, sizes: VocoderSizes) -> None:
        super().__init__()
        widths = [sizes.channels >> stage for stage in range(len(sizes.strides) + 1)]
        self.reaches = reaches(sizes)
        self.strides = sizes.strides
        self.conv_pre = nn.Conv1d(sizes.latent_width, sizes.channels, EDGE_KERNEL, padding=EDGE_KERNEL // 2)
        self.cond_layer = nn.Conv1d(sizes.speaker_width, sizes.channels, 1)
        self.ups = nn.ModuleList(
            nn.ConvTranspose1d(wide, narrow, kernel, stride, padding=(kernel - stride) // 2)
            for (wide, narrow), kernel, stride in zip(pairwise(widths), sizes.kernels, sizes.strides, strict=True)
        )
        self.conds = nn.ModuleList(
            nn.Conv1d(sizes.speaker_width, width, 1) for width in widths[1:] if sizes.speaker_in_each_stage
        )
        self.resblocks = nn.ModuleList(
            ResidualBlock(width, kernel, sizes.dilations) for width in widths[1:] for kernel in sizes.residual_kernels
        )
        self.conv_post = nn.Conv1d(widths[-1], 1, EDGE_KERNEL, padding=EDGE_KERNEL // 2, bias=False)

    @classmethod
    def of(cls, checkpoint: Checkpoint, dtype: torch.dtype = torch.float32) -> Self:
        """The network of that release, on the device where its tensors are."""
        with torch.device("meta"):
            network = cls(checkpoint.config.vocoder)
        network.load_state_dict(checkpoint.under(layout.VOCODER), assign=True)
        return network.eval().requires_grad_(requires_grad=False).to(dtype)

    @property
    def reach(self) -> int:
        """Frames of context that a window needs on each side to come out as it would in the whole."""
        return self.reaches[0]

    def forward(self, frames: Tensor, speakers: Tensor, lead: int = 0, trail: int = 0) -> Tensor:
        """(B, width, F) and (B, speaker) -> (B, (F - lead - trail) * hop), -1..1.

        The first `lead` and the last `trail` frames are context. Where there are fewer than `reach`, the utterance
        begins or ends with them.
        """
        tint = speakers[:, :, None]
        margins = [lead, trail]
        sound = self.conv_pre(frames) + self.cond_layer(tint)
        for stage, (up, stride, reach) in enumerate(zip(self.ups, self.strides, self.reaches[1:], strict=True)):
            sound = up(functional.leaky_relu_(sound, SLOPE))
            if self.conds:
                sound += self.conds[stage](tint)
            sound = self._refined(stage, sound)
            sound, margins = _cut(sound, [margin * stride for margin in margins], reach)
        sound = self.conv_post(functional.leaky_relu_(sound, LAST_SLOPE))
        sound, _ = _cut(sound, margins, 0)
        return sound[:, 0].float().tanh()

    def _refined(self, stage: int, sound: Tensor) -> Tensor:
        """The mean of the stage's residual blocks."""
        count = len(self.resblocks) // len(self.ups)
        blocks = self.resblocks[stage * count : (stage + 1) * count]
        total = blocks[0](sound)
        for block in blocks[1:]:
            total += block(sound)
        return total / count


def _cut(sound: Tensor, margins: list[int], reach: int) -> tuple[Tensor, list[int]]:
    """Without what is more than `reach` samples outside of the wanted ones."""
    surplus = [max(0, margin - reach) for margin in margins]
    cut = sound[:, :, surplus[0] : sound.shape[-1] - surplus[1]]
    return cut, [margin - gone for margin, gone in zip(margins, surplus, strict=True)]


def reaches(sizes: VocoderSizes) -> list[int]:
    """How far outside of the wanted part each layer's input is needed, in its own samples.

    The first is that of the whole network, in frames; the others are those of what each stage gives to the next layer.
    """
    refining = max((kernel - 1) // 2 for kernel in sizes.residual_kernels)
    refining *= sum(sizes.dilations) + len(sizes.dilations)
    reach = EDGE_KERNEL // 2
    found = [reach]
    for kernel, stride in reversed(list(zip(sizes.kernels, sizes.strides, strict=True))):
        padding = (kernel - stride) // 2
        outputs = reach + refining
        # A transposed convolution lets input j be heard in the outputs from j * stride - padding, `kernel` of them.
        before, after = (outputs + kernel - 1 - padding) // stride, (outputs - 1 + padding) // stride + 1
        reach = max(before, after)
        found.append(reach)
    found[-1] += EDGE_KERNEL // 2
    return found[::-1]
