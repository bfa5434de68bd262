"""The mouth from the sound alone, where no cues are known: what can be heard of the lips.

- The jaw follows loudness and the place of the first formant: /a/ has its energy above 600 Hz, /i/ and /u/ below.
- The second formant tells spread lips from rounded ones: /i/ has its above 1700 Hz, /u/ below.
- Much energy above 3.5 kHz is a fricative: teeth together. A short deep dip of the middle band is a closure.

Spectra are made hop by hop, each once; the shape at a moment is a smooth mean over the hops around it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from svc_video.engines.portrait.params import FaceParams
from svc_video.engines.portrait.visemes import LEAD_MS
from svc_video.speech import SAMPLES_PER_MS, Speech
from troupe.wire.media import SAMPLE_RATE

HOP_MS = 10
WINDOW = 512  # samples: 21 ms
AROUND_MS = 120  # hops within this take part in a moment's shape
SMOOTH_MS = 26.0  # sigma of the mean
LOUD_SMOOTH_MS = 45.0
FULL_SCALE = 32_768.0
SILENT_RMS = 0.004  # of full scale: -48 dB
USUAL_RMS = 0.11  # of loud speech: where the loudness scale starts from
RELEASE_S = 6.0  # how slowly the scale forgets a louder passage
LOW, OPEN, BACK, FRONT = (200.0, 600.0), (600.0, 1100.0), (700.0, 1700.0), (1700.0, 3200.0)
HISS, MIDDLE = (3500.0, 11_000.0), (300.0, 3000.0)
OPEN_DB = (-14.0, 8.0)  # OPEN over LOW: /i u/, /a/ (over espeak and flite in four languages r = 0.68 with the jaw)
SPREAD_DB = (-16.0, 10.0)  # FRONT over BACK: /u o/, /i/ (r = 0.68 with the spread lips)
ROUNDED = 0.35  # of that scale: below it the lips are rounded, above it spread
DIP_DB = (8.0, 16.0)  # a dip of the middle band: no closure, closure

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Heard:
    """One hop of sound."""

    rms: float  # of full scale
    open_db: float  # OPEN over LOW
    spread_db: float  # FRONT over BACK
    hiss: float  # 0..1, share of the energy
    middle_db: float


class Voicing:
    """Reads one stream's sound; not thread-safe."""

    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        self._hops: dict[int, Heard] = {}
        self._next = 0
        self._loudest = USUAL_RMS
        self._window = np.hanning(WINDOW)
        frequencies = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE).astype(np.float64)
        self._bands = {band: _within(frequencies, band) for band in (LOW, OPEN, BACK, FRONT, HISS, MIDDLE)}

    def loudness_at(self, at_ms: float) -> float:
        """0..1, against the loudest of the last seconds."""
        hops, near = self._around(at_ms, LOUD_SMOOTH_MS)
        level = float(np.dot(near, [hop.rms for hop in hops]))
        return min(1.0, max(0.0, (level - SILENT_RMS) / self._loudest))

    def mouth_at(self, at_ms: float) -> FaceParams:
        """The lips at a moment."""
        at = at_ms + LEAD_MS
        hops, near = self._around(at, SMOOTH_MS)
        voiced = np.array([hop.rms * (1 - hop.hiss) for hop in hops]) * near
        loud = min(1.0, float(np.dot(near, [hop.rms for hop in hops])) / self._loudest)
        if loud < SILENT_RMS / self._loudest:
            return FaceParams()
        hiss = float(np.dot(near, [hop.hiss for hop in hops]))
        open_part = _between(_mean([hop.open_db for hop in hops], voiced), *OPEN_DB)
        spread = _between(_mean([hop.spread_db for hop in hops], voiced), *SPREAD_DB)
        # The square root because the jaw is open long before the voice is loud.
        jaw = np.sqrt(loud) * (0.3 + 0.62 * open_part) * (1 - 0.75 * hiss)
        return FaceParams(
            jaw=min(0.95, float(jaw)),
            wide=max(0.0, spread - ROUNDED) * float(np.sqrt(loud)),
            pucker=2 * max(0.0, ROUNDED - spread) * (1 - 0.6 * open_part) * float(np.sqrt(loud)),
            upper=0.25 * hiss,
            lower=0.4 * hiss,
            close=self._closure(at),
        )

    def forget(self, before_ms: float) -> None:
        """Drop hops no moment after this needs."""
        oldest = int(before_ms - AROUND_MS) // HOP_MS - 1
        for number in [number for number in self._hops if number < oldest]:
            del self._hops[number]

    def _around(self, at_ms: float, sigma_ms: float) -> tuple[list[Heard], Vector]:
        """The hops around a moment, and their weights, which sum to one."""
        numbers = self._numbers(at_ms)
        hops = [self._hop(number) for number in numbers]
        distance = (np.array(numbers) * HOP_MS - at_ms) / sigma_ms
        weights = np.exp(-0.5 * distance**2)
        return hops, weights / weights.sum()

    def _numbers(self, at_ms: float) -> list[int]:
        middle = round(at_ms / HOP_MS)
        return list(range(middle - AROUND_MS // HOP_MS, middle + AROUND_MS // HOP_MS + 1))

    def _closure(self, at_ms: float) -> float:
        """0..1: the middle band dips here, and is loud before and after, without hiss."""
        hops = [self._hop(number) for number in self._numbers(at_ms)]
        middle = len(hops) // 2
        before = max(hop.middle_db for hop in hops[:middle])
        after = max(hop.middle_db for hop in hops[middle + 1 :])
        here = min(hop.middle_db for hop in hops[middle - 1 : middle + 2])
        quiet_hiss = 1 - min(1.0, 2 * max(hop.hiss for hop in hops[middle - 1 : middle + 2]))
        return _between(min(before, after) - here, *DIP_DB) * quiet_hiss

    def _hop(self, number: int) -> Heard:
        if number not in self._hops:
            known = self._speech.known_to((number * HOP_MS + HOP_MS) * SAMPLES_PER_MS) // SAMPLES_PER_MS
            heard = self._listen(number)
            if number * HOP_MS + HOP_MS > known and not self._speech.ended:
                return heard  # its sound is still coming: not kept
            self._hops[number] = heard
            self._adapt(heard.rms)
        return self._hops[number]

    def _adapt(self, rms: float) -> None:
        decay = HOP_MS / 1000 / RELEASE_S
        self._loudest = max(rms, self._loudest + (USUAL_RMS / 2 - self._loudest) * decay, USUAL_RMS / 2)

    def _listen(self, number: int) -> Heard:
        middle = number * HOP_MS * SAMPLES_PER_MS
        pcm = self._speech.pcm(middle - WINDOW // 2, middle + WINDOW // 2) / FULL_SCALE
        power = np.square(np.abs(np.fft.rfft(pcm * self._window)))
        energy = float(power.sum()) + 1e-9
        return Heard(
            rms=float(np.sqrt(np.mean(np.square(pcm)))),
            open_db=self._level(power, OPEN) - self._level(power, LOW),
            spread_db=self._level(power, FRONT) - self._level(power, BACK),
            hiss=float(power[self._bands[HISS]].sum()) / energy,
            middle_db=self._level(power, MIDDLE),
        )

    def _level(self, power: Vector, band: tuple[float, float]) -> float:
        """dB; the floor is far below speech, so that silence has no shape."""
        return 10 * float(np.log10(power[self._bands[band]].sum() + 1e-3))


def _within(frequencies: Vector, band: tuple[float, float]) -> npt.NDArray[np.bool_]:
    return (frequencies >= band[0]) & (frequencies < band[1])


def _mean(values: list[float], weights: Vector) -> float:
    total = float(weights.sum())
    return float(np.dot(values, weights)) / total if total > 0 else float(np.mean(values))


def _between(value: float, low: float, high: float) -> float:
    """0 at `low`, 1 at `high`, clamped."""
    return min(1.0, max(0.0, (value - low) / (high - low)))
