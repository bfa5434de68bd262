"""A made speaker: vowels that glide, breaths between words, no engine. It is no words; to any measure it is speech."""

from __future__ import annotations

import io

import numpy as np
import soundfile

RATE = 24_000
_VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))
_STEP_S = 0.15  # of one vowel to the next


def speech(seconds: float = 12.0, pitch_hz: float = 120.0, seed: int = 1) -> np.ndarray:
    """(N,) float32 at 24 kHz, -1..1: syllables, a fricative now and then, and a pause after each second and a half."""
    chance = np.random.default_rng(seed)
    at = np.arange(round(seconds * RATE)) / RATE
    knots = np.arange(0, seconds + 1, _STEP_S)
    pitch = np.interp(at, knots, pitch_hz * chance.uniform(0.85, 1.2, len(knots)))
    formants = [
        np.interp(at, knots, [_VOWELS[vowel][number] for vowel in chance.integers(0, len(_VOWELS), len(knots))])
        for number in range(3)
    ]
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    voice = np.zeros(len(at))
    for harmonic in range(1, int(3_800 / pitch_hz)):
        strength = sum(np.exp(-(((harmonic * pitch - formant) / 130) ** 2)) for formant in formants) + 0.02
        voice += strength / harmonic**0.5 * np.sin(harmonic * phase)
    syllable = 0.35 + 0.65 * np.abs(np.sin(np.pi * at / (2 * _STEP_S)))
    hiss = chance.standard_normal(len(at)) * 0.1 * (at % 0.6 > 0.52)
    sound = (voice * syllable * (at % 0.6 <= 0.52) + hiss) * (at % 1.5 < 1.15)
    return (0.4 * sound / np.abs(sound).max()).astype(np.float32)


def pcm(samples: np.ndarray) -> bytes:
    """As PCM s16le."""
    return np.clip(np.round(samples * 32_767), -32_768, 32_767).astype("<i2").tobytes()


def file(samples: np.ndarray, kind: str = "WAV") -> bytes:
    """As a sound file: WAV, FLAC or MP3."""
    written = io.BytesIO()
    soundfile.write(written, samples, RATE, format=kind)
    return written.getvalue()
