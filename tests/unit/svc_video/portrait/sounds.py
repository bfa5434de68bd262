"""Sounds with known loudness, formants and pitch."""

from __future__ import annotations

import numpy as np

from svc_video.engines.portrait.hearing import Hearing
from svc_video.speech import Cue, Speech

RATE = 24_000
AH, EE, OO = (700, 1150), (300, 2400), (330, 900)  # formants, Hz


def vowel(
    ms: int, formant_1: float, formant_2: float, level: float = 0.2, pitch: float | tuple[float, float] = 120.0
) -> np.ndarray:
    """Harmonics of a pitch (Hz; two numbers = a glide) shaped by two resonances."""
    low, high = pitch if isinstance(pitch, tuple) else (pitch, pitch)
    hertz = np.linspace(low, high, ms * 24)
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    sound = np.zeros(ms * 24)
    for harmonic in range(1, int(3600 / max(low, high)) + 1):
        gain = sum(1 / (1 + ((harmonic * low - formant) / 90) ** 2) for formant in (formant_1, formant_2))
        sound += gain * np.sin(harmonic * phase)
    return level * sound / np.sqrt(np.mean(sound**2))


def hiss(ms: int, level: float = 0.08) -> np.ndarray:
    noise = np.diff(np.random.default_rng(1).normal(size=ms * 24 + 2), 2)
    return level * noise / np.sqrt(np.mean(noise**2))


def silence(ms: int) -> np.ndarray:
    return np.zeros(ms * 24)


def as_pcm(*sounds: np.ndarray) -> bytes:
    return (np.concatenate(sounds) * 32_000).clip(-32_768, 32_767).astype("<i2").tobytes()


def said(*sounds: np.ndarray, cues: list[Cue] | None = None, start_ms: int = 0) -> Speech:
    """All of it at once, ended."""
    speech = Speech(has_cues=bool(cues), start_ms=start_ms)
    speech.feed(as_pcm(*sounds)[start_ms * 48 :], cues or [])
    speech.end()
    return speech


def heard(*sounds: np.ndarray) -> Hearing:
    return Hearing(said(*sounds))
