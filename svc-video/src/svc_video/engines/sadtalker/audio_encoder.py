"""What a frame hears, as one vector: Wav2Lip's audio encoder, 13 convolutions over 16 mel columns.

Expressions and head poses each have one of their own. The batch norms are folded into the convolutions.
"""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from svc_video.engines.sadtalker.filling import Tensors, broken, fill, folded

LAYERS: tuple[tuple[tuple[int, int], int, bool], ...] = (
    ((1, 1), 1, False),
    ((1, 1), 1, True),
    ((1, 1), 1, True),
    ((3, 1), 1, False),
    ((1, 1), 1, True),
    ((1, 1), 1, True),
    ((3, 3), 1, False),
    ((1, 1), 1, True),
    ((1, 1), 1, True),
    ((3, 2), 1, False),
    ((1, 1), 1, True),
    ((1, 1), 0, False),
    ((1, 1), 0, False),
)
"""Stride over (mels, columns), padding, and whether the input is added to the output."""
NORM = ("weight", "bias", "running_mean", "running_var")
COUNTED = "num_batches_tracked"  # training's; read and dropped


class AudioEncoder(nn.Module):
    """(n, 1, 80, 16) -> (n, width)."""

    def __init__(self, shapes: list[torch.Size]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(inputs, outputs, (high, wide), stride, padding)
            for (outputs, inputs, high, wide), (stride, padding, _) in zip(shapes, LAYERS, strict=True)
        )
        self.width = int(shapes[-1][0])

    @classmethod
    def of(cls, tensors: Tensors, name: str) -> Self:
        """From a release's tensors `0.conv_block.0.weight` and so on; raises `CheckpointBroken`, naming the network."""
        pairs = [
            folded(tensors, f"{layer}.conv_block.0", f"{layer}.conv_block.1", name) for layer in range(len(LAYERS))
        ]
        unknown = sorted(set(tensors) - _names())
        if unknown:
            raise broken(name, f"{unknown[0]} has no place in it")
        merged: dict[str, Tensor] = {}
        for layer, (weight, bias) in enumerate(pairs):
            merged |= {f"layers.{layer}.weight": weight, f"layers.{layer}.bias": bias}
        return fill(cls([weight.shape for weight, _ in pairs]), merged, name)

    def forward(self, windows: Tensor) -> Tensor:
        """Encode."""
        planes = windows
        for layer, (_, _, residual) in zip(self.layers, LAYERS, strict=True):
            given = layer(planes)
            planes = functional.relu(given + planes if residual else given)
        return planes.flatten(1)


def _names() -> set[str]:
    """Every name a release has for one audio encoder."""
    parts = [f"0.{part}" for part in ("weight", "bias")] + [f"1.{part}" for part in (*NORM, COUNTED)]
    return {f"{layer}.conv_block.{part}" for layer in range(len(LAYERS)) for part in parts}
