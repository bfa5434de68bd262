"""Faster, slower, higher, lower: sound of an engine that cannot change its speed or pitch itself.

Signalsmith Stretch (a phase vocoder, 150-700 times real time) takes whole stretches of sound only, so a stream is cut
at its quietest moments, where two parts that do not fit in phase are not heard to meet. Lengths are exact: what was fed
as n samples comes out as round(n / speed).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from python_stretch import Signalsmith

Samples = npt.NDArray[np.float32]

_FIRST_S, _LEAST_S = 0.35, 1.0  # of sound in a part: the first one must be heard soon
_SEARCH_S = 0.3  # the cut is the quietest moment of so much before what is known last
_AROUND_S = 0.12  # of sound on both sides of a part, as context
_FADE_S = 0.008
_QUIET_S = 0.02  # over which a moment's loudness is told


def as_pcm(samples: Samples) -> bytes:
    """Samples in the range of s16 as PCM s16le."""
    return bytes(np.clip(np.rint(samples), -32_768, 32_767).astype("<i2").tobytes())


class Stretcher:
    """One sound at `rate` Hz; samples are floats of any scale."""

    def __init__(self, rate: int, speed: float, semitones: float) -> None:
        self._rate, self._speed = rate, speed
        self._stretch = Signalsmith.Stretch()
        self._stretch.preset(1, float(rate))
        self._stretch.setTimeFactor(speed)
        self._stretch.setTransposeSemitones(semitones)
        self._held = np.zeros(0, np.float32)
        self._from = 0  # number of the first sample held
        self._cut = 0  # all before this sample was made
        self._tail = np.zeros(0, np.float32)  # of the part before, which fades into the next one

    def feed(self, samples: Samples) -> Samples:
        """What is ready by now."""
        self._held = np.concatenate((self._held, samples))
        known = self._from + len(self._held) - self._span(_AROUND_S)
        if known - self._cut < self._span(_LEAST_S if self._cut else _FIRST_S):
            return np.zeros(0, np.float32)
        return self._make(self._quietest(known - self._span(_SEARCH_S), known))

    def finish(self) -> Samples:
        """The rest."""
        return self._make(self._from + len(self._held))

    def _make(self, cut: int) -> Samples:
        """The sound from the last cut to this one."""
        end = self._from + len(self._held)
        if cut <= self._cut:
            return np.zeros(0, np.float32)
        until = min(end, cut + self._span(_AROUND_S))
        made = self._stretched(self._held[: until - self._from])
        zero = self._out(self._from)
        part = made[self._out(self._cut) - zero : self._out(cut) - zero].copy()
        fade = min(len(self._tail), len(part))
        share = np.linspace(0, 1, fade, dtype=np.float32)
        part[:fade] = part[:fade] * share + self._tail[:fade] * (1 - share)
        self._tail = made[self._out(cut) - zero :][: self._span(_FADE_S)]
        self._forget(cut)
        return part

    def _forget(self, cut: int) -> None:
        keep = max(self._from, cut - self._span(_AROUND_S))
        self._held = self._held[keep - self._from :]
        self._from, self._cut = keep, cut

    def _stretched(self, samples: Samples) -> Samples:
        """Exactly as many samples as that span of the whole has in the end."""
        self._stretch.reset()
        least = 2 * self._stretch.blockSamples()  # it gives noise for less
        padded = np.pad(samples, (0, max(0, least - len(samples))))
        made = np.asarray(self._stretch.process(padded[None]))[0]
        wanted = self._out(self._from + len(samples)) - self._out(self._from)
        return np.pad(made, (0, max(0, wanted - len(made))))[:wanted]

    def _quietest(self, first: int, end: int) -> int:
        """The middle of the quietest moment between these samples."""
        window = self._span(_QUIET_S)
        power = self._held[first - self._from : end - self._from].astype(np.float64) ** 2
        sums = np.cumsum(np.concatenate(([0.0], power)))
        return first + int(np.argmin(sums[window:] - sums[:-window])) + window // 2

    def _out(self, sample: int) -> int:
        return round(sample / self._speed)

    def _span(self, seconds: float) -> int:
        return round(seconds * self._rate)
