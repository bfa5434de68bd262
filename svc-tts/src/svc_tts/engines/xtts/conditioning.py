"""From a few seconds of a voice to the 32 vectors that stand before the text.

- Encoder: a 1x1 convolution and six attention blocks over mel frames. The residual goes around the attention only, from
  the *normalised* input, as XTTS was trained.
- Perceiver resampler (arXiv:2204.14198): two layers in which 32 learnt latents look at the frames and at themselves.

Parameters carry the names of the release, so its tensors load as they are.
"""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from svc_tts.engines.xtts import layout
from svc_tts.engines.xtts.checkpoint import Checkpoint
from svc_tts.engines.xtts.signal import style_mel


class AttentionBlock(nn.Module):
    """Attention over all frames, (batch, width, frames) -> the same."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(_groups(width), width)
        self.qkv = nn.Conv1d(width, 3 * width, 1)
        self.proj_out = nn.Conv1d(width, width, 1)

    def forward(self, frames: Tensor) -> Tensor:
        """Attend; each head finds its query, key and value side by side in the channels."""
        normal = self.norm(frames)
        batch, width, length = frames.shape
        heads = self.qkv(normal).view(batch, self.heads, -1, length).transpose(2, 3)  # (B, H, T, 3 * D)
        seen = functional.scaled_dot_product_attention(*heads.chunk(3, dim=-1))
        return normal + self.proj_out(seen.transpose(2, 3).reshape(batch, width, length))


def _groups(width: int) -> int:
    """Groups of the normalisation: 32 at full width."""
    groups = 8 if width <= 16 else 16 if width <= 64 else 32
    while width % groups:
        groups //= 2
    return groups


class Encoder(nn.Module):
    """Mel frames to voice frames: (batch, 80, frames) -> (batch, width, frames)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.init = nn.Conv1d(layout.MELS, width, 1)
        self.attn = nn.Sequential(*(AttentionBlock(width, heads) for _ in range(layout.CONDITIONING_BLOCKS)))

    def forward(self, mel: Tensor) -> Tensor:
        """Encode."""
        return self.attn(self.init(mel))


class CrossAttention(nn.Module):
    """Latents (batch, 32, width) look at the context and at themselves."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = layout.PERCEIVER_HEADS * layout.PERCEIVER_HEAD_WIDTH
        self.to_q = nn.Linear(width, inner, bias=False)
        self.to_kv = nn.Linear(width, 2 * inner, bias=False)
        self.to_out = nn.Linear(inner, width, bias=False)

    def forward(self, latents: Tensor, context: Tensor) -> Tensor:
        """What they saw, (batch, 32, width)."""
        keys, values = self.to_kv(torch.cat((latents, context), dim=1)).chunk(2, dim=-1)
        heads = [_heads(part) for part in (self.to_q(latents), keys, values)]
        return self.to_out(functional.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2))


def _heads(rows: Tensor) -> Tensor:
    """(B, T, H * D) -> (B, H, T, D)."""
    return rows.unflatten(-1, (layout.PERCEIVER_HEADS, layout.PERCEIVER_HEAD_WIDTH)).transpose(1, 2)


class GatedGelu(nn.Module):
    """Half of the channels open the other half (arXiv:2002.05202)."""

    def forward(self, rows: Tensor) -> Tensor:
        """(..., 2 n) -> (..., n)."""
        values, gates = rows.chunk(2, dim=-1)
        return values * functional.gelu(gates)


class RootMeanSquareNorm(nn.Module):
    """Rows of unit mean square, each channel scaled (arXiv:1910.07467)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, rows: Tensor) -> Tensor:
        """(..., width) -> the same."""
        return functional.normalize(rows, dim=-1) * rows.shape[-1] ** 0.5 * self.gamma


class Perceiver(nn.Module):
    """Any number of frames to 32 latents: (batch, frames, width) -> (batch, 32, width)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        gated = width * 8 // 3
        self.latents = nn.Parameter(torch.zeros(layout.LATENTS, width))
        self.layers = nn.ModuleList(
            nn.ModuleList(
                (
                    CrossAttention(width),
                    nn.Sequential(nn.Linear(width, 2 * gated), GatedGelu(), nn.Linear(gated, width)),
                )
            )
            for _ in range(layout.PERCEIVER_DEPTH)
        )
        self.norm = RootMeanSquareNorm(width)

    def forward(self, frames: Tensor) -> Tensor:
        """Resample."""
        latents = self.latents.expand(frames.shape[0], -1, -1)
        for attend, feed_forward in self.layers:
            latents = attend(latents, frames) + latents
            latents = feed_forward(latents) + latents
        return self.norm(latents)


class Conditioner(nn.Module):
    """Sound to conditioning latents."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.encoder = Encoder(width, heads)
        self.perceiver = Perceiver(width)
        self.register_buffer("mel_stats", torch.ones(layout.MELS))

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Self:
        """The networks of that release, on the device where its tensors are."""
        with torch.device("meta"):
            network = cls(checkpoint.config.gpt.width, checkpoint.config.gpt.heads)
        network.encoder.load_state_dict(checkpoint.under(layout.CONDITIONING), assign=True)
        network.perceiver.load_state_dict(checkpoint.under(layout.PERCEIVER), assign=True)
        network.mel_stats = checkpoint.tensors["mel_stats"]
        return network.eval().requires_grad_(requires_grad=False)

    @torch.inference_mode()
    def condition(self, wave: Tensor) -> Tensor:
        """A voice sample (n,), or several of one length (batch, n), at 22.05 kHz -> (32, width) or (batch, 32, width).

        A sample must hold at least 1025 samples (46 ms).
        """
        mel = style_mel(wave.reshape(-1, wave.shape[-1]), self.mel_stats)
        latents = self.perceiver(self.encoder(mel).transpose(1, 2))
        return latents.reshape(*wave.shape[:-1], *latents.shape[1:])
