"""From samples of a voice to its latents: how they are cut, heard by both networks, and averaged.

As XTTS v2 does it: each sample is cut to `longest_s` and gives a speaker's vector; the samples in a row, cut to
`conditioning_s`, are heard in chunks of `chunk_s`, and the chunks' latents are averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from svc_tts.engines.xtts import signal, speaker
from svc_tts.engines.xtts.checkpoint import Checkpoint
from svc_tts.engines.xtts.conditioning import Conditioner
from svc_tts.engines.xtts.config import ReferenceCut
from svc_tts.engines.xtts.latents import VoiceLatents
from svc_tts.engines.xtts.speaker import SpeakerEncoder
from troupe.wire.errors import UnsupportedMedia

SHORTEST_S = 0.33  # a chunk below it is not heard
PEAK = 0.75  # of a sample whose level is brought up


@dataclass(frozen=True, slots=True)
class VoiceNetworks:
    """The two networks that listen."""

    conditioner: Conditioner
    speaker: SpeakerEncoder
    cut: ReferenceCut

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Self:
        """Those of that release, on the device where its tensors are."""
        return cls(Conditioner.of(checkpoint), SpeakerEncoder.of(checkpoint), checkpoint.config.reference)


def latents_of(waves: Tensor | Sequence[Tensor], rate: int, networks: VoiceNetworks) -> VoiceLatents:
    """The latents of a voice, from one sample (n,) at `rate` Hz, or from several.

    Raises `UnsupportedMedia` where nothing is long enough to be heard.
    """
    several = [waves] if isinstance(waves, Tensor) else list(waves)
    device = networks.conditioner.mel_stats.device
    samples = [_cut(wave.to(device, torch.float32), rate, networks.cut) for wave in several]
    samples = [sample for sample in samples if len(sample) >= SHORTEST_S * signal.STYLE_RATE]
    if not samples:
        raise UnsupportedMedia(f"The sample is too short to hear a voice: at least {SHORTEST_S} s are needed.")
    vectors = [_vector(sample, networks.speaker) for sample in samples]
    return VoiceLatents(
        conditioning=_conditioning(torch.cat(samples), networks),
        speaker=torch.stack(vectors).mean(dim=0),
    )


def _cut(wave: Tensor, rate: int, cut: ReferenceCut) -> Tensor:
    """One sample as it is heard: 22.05 kHz, -1..1, not too long."""
    sample = signal.resample(wave, rate, signal.STYLE_RATE).clamp(-1.0, 1.0)[: signal.STYLE_RATE * cut.longest_s]
    if cut.peak_normalised:
        sample = sample / sample.abs().max().clamp(min=signal.QUIETEST) * PEAK
    return sample


def _vector(sample: Tensor, network: SpeakerEncoder) -> Tensor:
    return network.embed(signal.resample(sample, signal.STYLE_RATE, speaker.RATE))


def _conditioning(sample: Tensor, networks: VoiceNetworks) -> Tensor:
    """The mean over the chunks; those of full length are heard in one batch."""
    cut, rate = networks.cut, signal.STYLE_RATE
    if cut.conditioning_s > 0:
        sample = sample[: rate * cut.conditioning_s]
    size = rate * cut.chunk_s
    full = len(sample) // size
    heard = [networks.conditioner.condition(sample[: full * size].view(full, size))] if full else []
    rest = sample[full * size :]
    if len(rest) >= SHORTEST_S * rate:
        heard.append(networks.conditioner.condition(rest)[None])
    return torch.cat(heard).mean(dim=0)
