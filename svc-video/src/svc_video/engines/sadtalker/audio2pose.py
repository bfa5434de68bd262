"""How the head moves: 32 frames at a time, from what they hear, a style and a random vector.

The decoder of a conditional variational autoencoder; its encoder and its discriminator are training's and not read.
"""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from svc_video.engines.sadtalker.audio_encoder import AudioEncoder
from svc_video.engines.sadtalker.filling import Tensors, broken, fill, shape, under
from svc_video.engines.sadtalker.pose_unet import PoseUnet
from svc_video.engines.sadtalker.source import POSE

NAME = "audio2pose"
CHUNK_FRAMES = 32
ENCODER, DECODER, UNET = "audio_encoder.audio_encoder.", "netG.decoder.", "resunet."
TRAINING = ("netG.encoder.", "netD_motion.")


class PoseDecoder(nn.Module):
    """Names as in the release, but for the U-Net."""

    def __init__(self, styles: int, latent: int, heard: int, kept: int, hidden: int) -> None:
        super().__init__()
        self.MLP = nn.ModuleDict(
            {
                "L0": nn.Linear(POSE + latent + CHUNK_FRAMES * kept, hidden),
                "L1": nn.Linear(hidden, CHUNK_FRAMES * POSE),
            }
        )
        self.pose_linear = nn.Linear(POSE, POSE)
        self.linear_audio = nn.Linear(heard, kept)
        self.classbias = nn.Parameter(torch.zeros(styles, latent))

    @classmethod
    def of(cls, tensors: Tensors) -> Self:
        """Sized by the tensors; raises `CheckpointBroken`."""
        styles, latent = shape(tensors, "classbias", NAME)
        kept, heard = shape(tensors, "linear_audio.weight", NAME)
        hidden, _ = shape(tensors, "MLP.L0.weight", NAME)
        return fill(cls(styles, latent, heard, kept, hidden), tensors, NAME)

    def forward(self, reference: Tensor, latents: Tensor, heard: Tensor) -> Tensor:
        """(n, 6), (n, latent), (n, 32, heard) -> (n, 32, 6), each value 0..1."""
        joined = torch.cat((reference, latents, self.linear_audio(heard).flatten(1)), dim=1)
        hidden = functional.relu(self.MLP["L0"](joined))
        return torch.sigmoid(self.MLP["L1"](hidden)).unflatten(1, (CHUNK_FRAMES, POSE))


class AudioToPose(nn.Module):
    """Windows to vectors, and 32 of them to poses relative to the picture's."""

    def __init__(self, encoder: AudioEncoder, decoder: PoseDecoder, unet: PoseUnet) -> None:
        super().__init__()
        self.encoder, self.decoder, self.unet = encoder, decoder, unet

    @classmethod
    def of(cls, tensors: Tensors) -> Self:
        """From a release's `audio2pose.` tensors, without that beginning; raises `CheckpointBroken`."""
        unknown = sorted(name for name in tensors if not name.startswith((ENCODER, DECODER, *TRAINING)))
        if unknown:
            raise broken(NAME, f"{unknown[0]} has no place in it")
        decoder = under(tensors, DECODER)
        plain = {name: tensor for name, tensor in decoder.items() if not name.startswith(UNET)}
        return cls(
            AudioEncoder.of(under(tensors, ENCODER), NAME),
            PoseDecoder.of(plain),
            PoseUnet.of(under(decoder, UNET), NAME),
        )

    @property
    def latent(self) -> int:
        """Length of the random vector."""
        return int(self.decoder.classbias.shape[1])

    def hear(self, windows: Tensor) -> Tensor:
        """(n, 1, 80, 16) -> (n, heard)."""
        return self.encoder(windows)

    def decode(self, reference: Tensor, style: int, latents: Tensor, heard: Tensor) -> Tensor:
        """The picture's pose (6,), random vectors (n, latent), what is heard (n, 32, heard) -> poses (n, 32, 6)."""
        biased = latents + self.decoder.classbias[style]
        rough = self.decoder(reference.expand(len(latents), -1), biased, heard)
        return self.decoder.pose_linear(self.unet(rough[:, None])[:, 0])


class Dice:
    """The random vectors, one a chunk: torch's CPU generator, so that a seed means the same on every device."""

    def __init__(self, seed: int, length: int, first_chunk: int = 0) -> None:
        self._generator = torch.Generator("cpu").manual_seed(seed)
        self._length = length
        self.draw(first_chunk)

    def draw(self, chunks: int) -> Tensor:
        """The next ones, (chunks, length), in upstream's order."""
        drawn = [torch.randn(1, self._length, generator=self._generator) for _ in range(chunks)]
        return torch.cat(drawn) if drawn else torch.zeros(0, self._length)
