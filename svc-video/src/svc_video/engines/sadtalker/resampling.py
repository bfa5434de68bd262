"""From the 24 kHz of the service to the 16 kHz the networks hear, piece by piece.

A windowed sinc, evaluated at absolute positions: the same sample comes out however the sound was cut, and in a stream
that begins later. Flat to 7.3 kHz and shut from 8 kHz: the values below were chosen for mel columns within 1e-4 of
those of soxr's HQ, which upstream's reader uses. Two output samples for three input samples, so there are two filters.
No torch here.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from svc_video.speech import Pcm
from troupe.wire.media import SAMPLE_RATE

Wave = npt.NDArray[np.float64]  # (n,), -1..1

RATE = 16_000  # Hz, of the networks
STEP, PHASES = 3, 2  # input samples for so many output samples
REACH = 120  # input samples each filter looks back and ahead: 5 ms
CUTOFF_HZ = 7_660  # the middle between pass band and stop band
STOP_DB = 98.0  # how far the stop band lies below
FULL_SCALE = 32_768.0  # of 16 bits

assert SAMPLE_RATE * PHASES == RATE * STEP  # noqa: S101  # the ratio of the filters below


class Resampler:
    """PCM s16 at 24 kHz in, a wave at 16 kHz out. `first` is the number of the first sample that will be fed."""

    def __init__(self, first: int = 0) -> None:
        start = max(0, first) // STEP * STEP
        self._base = start - REACH  # number of the first sample held; before the sound there is silence
        self._held: Wave = np.zeros(REACH + max(0, first) - start)
        self._next = start // STEP * PHASES
        self.first = self._next  # number of the first sample at 16 kHz

    def feed(self, pcm: Pcm) -> Wave:
        """What is known with these samples: 5 ms of them wait for those that follow."""
        self._held = np.concatenate((self._held, pcm / FULL_SCALE))
        known = self._base + len(self._held)
        return self._give(max(0, known - REACH - STEP + 1) // STEP * PHASES)

    def end(self, until: int) -> Wave:
        """The rest, up to the output sample `until` (even): after the sound there is silence."""
        missing = until // PHASES * STEP + REACH + STEP - self._base - len(self._held)
        self._held = np.concatenate((self._held, np.zeros(max(0, missing))))
        return self._give(until)

    def _give(self, until: int) -> Wave:
        """Output samples from the next to `until`, both even, and forget what no later one needs."""
        if until <= self._next:
            return np.zeros(0)
        first = self._next // PHASES * STEP - REACH - self._base
        count = (until - self._next) // PHASES
        views = np.lib.stride_tricks.sliding_window_view(self._held[first:], _taps().shape[1])
        given: Wave = (views[: count * STEP : STEP] @ _taps().T).reshape(-1)
        self._next = until
        unneeded = first + count * STEP
        self._held, self._base = self._held[unneeded:].copy(), self._base + unneeded
        return given


@lru_cache(maxsize=1)
def _taps() -> Wave:
    """The filters of both phases, (2, taps), the first tap `REACH` samples before a whole position."""
    beta = 0.1102 * (STOP_DB - 8.7)  # Kaiser's rule for the window's shape
    taps = np.arange(-REACH, REACH + STEP, dtype=np.float64)
    filters = []
    for phase in range(PHASES):
        distance = taps - phase * STEP / PHASES
        inside = np.clip(1 - (distance / (REACH + 1)) ** 2, 0, None)
        window = np.i0(beta * np.sqrt(inside)) / np.i0(beta) * (inside > 0)
        sinc = np.sinc(2 * CUTOFF_HZ / SAMPLE_RATE * distance) * window
        filters.append(sinc / sinc.sum())
    return np.stack(filters)
