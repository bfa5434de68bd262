"""What is wrong with a sound, by numbers: clipping, silence, an offset, clicks where pieces were joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from troupe.wire.media import SAMPLE_RATE

FULL_SCALE = 32_767
QUIET = 10 ** (-50 / 20) * FULL_SCALE  # -50 dBFS
WINDOW_S = 0.02
AROUND = 24  # samples on each side of a join: 1 ms


@dataclass(frozen=True, slots=True)
class Judged:
    """One sound."""

    seconds: float
    peak: float  # 0..1 of full scale
    clipped: int  # samples at full scale
    offset: float  # mean, 0..1 of full scale
    silent: float  # share of 20 ms windows below -50 dBFS
    longest_silence_s: float
    worst_join: float  # largest step at a join, over the largest step of the same sound elsewhere; above 1 it clicks


def judge(pcm: bytes, joins_ms: Sequence[int] = ()) -> Judged:
    """PCM s16le mono 24 kHz, and where sentences were joined."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float64)
    quiet = _levels(samples) < QUIET
    return Judged(
        seconds=len(samples) / SAMPLE_RATE,
        peak=float(np.abs(samples).max(initial=0.0)) / FULL_SCALE,
        clipped=int((np.abs(samples) >= FULL_SCALE).sum()),
        offset=float(samples.mean()) / FULL_SCALE if len(samples) else 0.0,
        silent=float(quiet.mean()) if len(quiet) else 1.0,
        longest_silence_s=_longest(quiet) * WINDOW_S,
        worst_join=_worst_join(samples, joins_ms),
    )


def _levels(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """RMS of each window."""
    size = round(WINDOW_S * SAMPLE_RATE)
    windows = samples[: len(samples) // size * size].reshape(-1, size)
    return np.sqrt(np.square(windows).mean(axis=1))


def _longest(flags: npt.NDArray[np.bool_]) -> int:
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest


def _worst_join(samples: npt.NDArray[np.float64], joins_ms: Sequence[int]) -> float:
    steps = np.abs(np.diff(samples))
    at_join = np.zeros(len(steps), bool)
    for join in joins_ms:
        middle = join * SAMPLE_RATE // 1000
        at_join[max(0, middle - AROUND) : middle + AROUND] = True
    elsewhere = steps[~at_join].max(initial=0.0)
    return float(steps[at_join].max(initial=0.0) / elsewhere) if elsewhere else 0.0
