"""What ours and coqui-tts are asked: sounds, latents and speakers, the same for the same sizes wherever made."""

from __future__ import annotations

import numpy as np

from svc_tts.engines.xtts.config import XttsConfig

RATE = 24000  # Hz
SHORT = 2400  # samples, to resample
TO_RATES = (22050, 16000, 44100, 8000)
Arrays = dict[str, np.ndarray]


def questions(config: XttsConfig, *, seconds: float, codes: int, seed: int = 5) -> Arrays:
    """The arrays that the stages of reference.py read, for a sample of so many seconds and so many codes."""
    random = np.random.default_rng(seed)
    wave = voice_like(seconds, random)
    vector = random.standard_normal(config.vocoder.speaker_width)
    return {
        "wave": wave,
        "wave_2": voice_like(seconds / 2 + 0.1, random),
        "rate": np.array(RATE),
        "short_wave": wave[:SHORT],
        "to_rates": np.array(TO_RATES),
        "style_wave": wave[: round(0.8 * len(wave))],
        "speaker_wave": wave[: round(0.8 * len(wave))],
        "latents": random.standard_normal((codes, config.vocoder.latent_width)).astype(np.float32),
        "speaker": (vector / np.linalg.norm(vector)).astype(np.float32),
    }


def voice_like(seconds: float, random: np.random.Generator) -> np.ndarray:
    """Harmonics of a moving pitch that swell like syllables, and breath: (samples,) of fp32."""
    at = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(130 + 25 * np.sin(2 * np.pi * 0.7 * at)) / RATE
    tone = sum(np.sin(k * phase + random.uniform(0, 6)) / k for k in range(1, 24))
    swell = 0.35 + 0.3 * np.sin(2 * np.pi * 3.1 * at) ** 2
    return (0.3 * swell * tone + 0.01 * random.standard_normal(len(at))).astype(np.float32)
