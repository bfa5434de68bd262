"""From what a frame hears to the expression of the face: 64 coefficients of a 3D face model."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from svc_video.engines.sadtalker.audio_encoder import AudioEncoder
from svc_video.engines.sadtalker.filling import Tensors, fill, shape, under

NAME = "audio2exp"


class AudioToExpression(nn.Module):
    """Window, reference expression and blink to an expression."""

    def __init__(self, encoder: AudioEncoder, last: nn.Linear) -> None:
        super().__init__()
        self.encoder = encoder
        self.last = last

    @classmethod
    def of(cls, tensors: Tensors) -> Self:
        """From a release's `audio2exp.` tensors, without that beginning; raises `CheckpointBroken`."""
        outputs, inputs = shape(tensors, "mapping1.weight", NAME)
        last = fill(nn.Linear(inputs, outputs), under(tensors, "mapping1."), NAME)
        rest = {name: tensor for name, tensor in tensors.items() if not name.startswith("mapping1.")}
        encoder = AudioEncoder.of({name.removeprefix("audio_encoder."): tensor for name, tensor in rest.items()}, NAME)
        return cls(encoder, last)

    def forward(self, windows: Tensor, reference: Tensor, closed: Tensor) -> Tensor:
        """(n, 1, 80, 16), (n, 64) and how closed the eyes are (n,) -> (n, 64)."""
        return self.last(torch.cat((self.encoder(windows), reference, closed[:, None]), dim=1))
