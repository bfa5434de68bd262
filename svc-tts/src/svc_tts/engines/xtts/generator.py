"""HiFi-GAN's generator (arXiv:2010.05646, V1) as XTTS v2 uses it: frames and a speaker's vector in, sound out.

- Weight norm is folded when the checkpoint is read: every convolution is a plain one.
- It computes a *window* of an utterance exactly: frames around the wanted ones are the context of the first layers, and
  after each stage all but the context that later layers need is cut off. Early layers are cheap and reach far, late
  ones are dear and reach few frames, so windows cost little more than the whole (`reach` says how far).
- A transposed convolution whose kernel is twice its stride is computed as a plain one over pairs of neighbours: as much
  work, and its results do not depend on the length of the window (those of oneDNN's transposed ones do).
- Parameters carry the names of the release.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
        self.reach = refining(kernel, dilations)
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


class Upsampling(nn.Conv1d):
    """Transposed convolution, kernel 2 * stride, padding stride / 2: (B, wide, T) -> (B, narrow, T * stride).

    Between inputs m - 1 and m lie the outputs m * stride - stride / 2 and the next stride - 1; each hears both.
    """

    def __init__(self, wide: int, narrow: int, stride: int) -> None:
        super().__init__(wide, narrow * stride, 2, padding=1)
        self.upsampling = stride

    def forward(self, sound: Tensor) -> Tensor:
        """Upsample."""
        pairs = super().forward(sound)  # (B, narrow * stride, T + 1)
        whole = pairs.unflatten(1, (-1, self.upsampling)).transpose(2, 3).flatten(2)
        half = self.upsampling // 2
        return whole[:, :, half : whole.shape[-1] - half]

    @staticmethod
    def weight_of(transposed: Tensor) -> Tensor:
        """From the release's (wide, narrow, 2 * stride) to (narrow * stride, wide, 2)."""
        wide, narrow, kernel = transposed.shape
        taps = transposed.view(wide, narrow, 2, kernel // 2).flip(2)  # of the later input, of the earlier: turned round
        return taps.permute(1, 3, 0, 2).reshape(narrow * kernel // 2, wide, 2).contiguous()

    @staticmethod
    def bias_of(bias: Tensor, stride: int) -> Tensor:
        """One for each of the outputs between two inputs."""
        return bias.repeat_interleave(stride)


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
            Upsampling(wide, narrow, stride)
            for (wide, narrow), stride in zip(pairwise(widths), sizes.strides, strict=True)
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
        network.load_state_dict(_paired(checkpoint.under(layout.VOCODER), network.strides), assign=True)
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
            sound, margins = self._refined(stage, sound, [margin * stride for margin in margins], reach)
        sound = self.conv_post(functional.leaky_relu_(sound, LAST_SLOPE))
        sound, _ = _cut(sound, margins, 0)
        return sound[:, 0].float().tanh()

    def _refined(self, stage: int, sound: Tensor, margins: list[int], reach: int) -> tuple[Tensor, list[int]]:
        """The mean of the stage's residual blocks, each of which gets as much context as it needs for `reach`."""
        count = len(self.resblocks) // len(self.ups)
        blocks = self.resblocks[stage * count : (stage + 1) * count]
        refined = [_cut(block(part), rest, reach) for block, part, rest in _parts(blocks, sound, margins, reach)]
        total, left = refined[0]
        for other, _ in refined[1:]:
            total = total + other
        return total / count, left


def _paired(tensors: dict[str, Tensor], strides: tuple[int, ...]) -> dict[str, Tensor]:
    """The tensors, those of the transposed convolutions as `Upsampling` wants them."""
    for stage, stride in enumerate(strides):
        name = f"ups.{stage}"
        tensors[f"{name}.weight"] = Upsampling.weight_of(tensors[f"{name}.weight"])
        tensors[f"{name}.bias"] = Upsampling.bias_of(tensors[f"{name}.bias"], stride)
    return tensors


def _parts(
    blocks: Sequence[ResidualBlock], sound: Tensor, margins: list[int], reach: int
) -> Iterator[tuple[ResidualBlock, Tensor, list[int]]]:
    """Each block with its part of the sound, and that part's margins."""
    for block in blocks:
        yield block, *_cut(sound, margins, reach + block.reach)


def _cut(sound: Tensor, margins: list[int], reach: int) -> tuple[Tensor, list[int]]:
    """Without what is more than `reach` samples outside of the wanted ones."""
    surplus = [max(0, margin - reach) for margin in margins]
    cut = sound[:, :, surplus[0] : sound.shape[-1] - surplus[1]]
    return cut, [margin - gone for margin, gone in zip(margins, surplus, strict=True)]


def refining(kernel: int, dilations: Sequence[int]) -> int:
    """How far a residual block hears, in samples: each of its pairs has a dilated and a plain convolution."""
    return (kernel - 1) // 2 * (sum(dilations) + len(dilations))


def reaches(sizes: VocoderSizes) -> list[int]:
    """How far outside of the wanted part each layer's input is needed, in its own samples.

    The first is that of the whole network, in frames; the others are those of what each stage gives to the next layer.
    """
    farthest = refining(max(sizes.residual_kernels), sizes.dilations)
    reach = EDGE_KERNEL // 2
    found = [reach]
    for stride in reversed(sizes.strides):
        # Input j is heard in the 2 * stride outputs from j * stride - stride / 2.
        reach = (reach + farthest + stride + stride // 2 - 1) // stride
        found.append(reach)
    found[-1] += EDGE_KERNEL // 2
    return found[::-1]
