"""The same stages as reference.py's, answered by our own networks. Torch is needed, coqui-tts is not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from svc_tts.engines.xtts import signal
from svc_tts.engines.xtts.checkpoint import Checkpoint
from svc_tts.engines.xtts.vocoder import CHUNKS, Vocoder
from svc_tts.engines.xtts.voice import VoiceNetworks, latents_of

Arrays = Mapping[str, np.ndarray]


def resampled(_: Checkpoint, given: Arrays) -> dict[str, torch.Tensor]:
    """See reference.py."""
    wave, rate = torch.from_numpy(given["short_wave"]), int(given["rate"])
    return {f"resampled_{target}": signal.resample(wave, rate, int(target)) for target in given["to_rates"]}


def heard(checkpoint: Checkpoint, given: Arrays) -> dict[str, torch.Tensor]:
    """See reference.py."""
    networks = VoiceNetworks.of(checkpoint)
    style, sound = torch.from_numpy(given["style_wave"]), torch.from_numpy(given["speaker_wave"])
    return {
        "style_mel": signal.style_mel(style[None], networks.conditioner.mel_stats)[0],
        "style_latents": networks.conditioner.condition(style),
        "speaker_mel": networks.speaker.torch_spec(sound[None])[0],
        "speaker_vector": networks.speaker.embed(sound),
    }


def cloned(checkpoint: Checkpoint, given: Arrays) -> dict[str, torch.Tensor]:
    """See reference.py."""
    waves = [torch.from_numpy(given[name]) for name in ("wave", "wave_2")]
    latents = latents_of(waves, int(given["rate"]), VoiceNetworks.of(checkpoint))
    return {"cloned_conditioning": latents.conditioning, "cloned_speaker": latents.speaker}


def spoken(checkpoint: Checkpoint, given: Arrays) -> dict[str, torch.Tensor]:
    """See reference.py."""
    latents, speaker = torch.from_numpy(given["latents"]), torch.from_numpy(given["speaker"])
    return {"wave_of_latents": Vocoder.of(checkpoint).decode(latents, speaker)}


def streamed(checkpoint: Checkpoint, given: Arrays) -> dict[str, torch.Tensor]:
    """See reference.py; in chunks that grow as a stream's do."""
    latents, speaker = torch.from_numpy(given["latents"]), torch.from_numpy(given["speaker"])
    stream = Vocoder.of(checkpoint).stream(speaker)
    pieces, start = [], 0
    for size in [*CHUNKS, *(CHUNKS[-1] for _ in range(len(latents)))]:
        pieces.append(stream.feed(latents[start : start + size]))
        start += size
        if start >= len(latents):
            break
    return {"wave_streamed": torch.cat([*pieces, stream.finish()])}


STAGES = {"resampled": resampled, "heard": heard, "cloned": cloned, "spoken": spoken, "streamed": streamed}


def answer(checkpoint: Checkpoint, given: Arrays, *stages: str) -> dict[str, np.ndarray]:
    """What ours answers, fp32."""
    made: dict[str, torch.Tensor] = {}
    for stage in stages:
        made |= STAGES[stage](checkpoint, given)
    return {name: tensor.cpu().numpy() for name, tensor in made.items()}
