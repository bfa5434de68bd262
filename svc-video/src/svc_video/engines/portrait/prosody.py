"""What speech stresses: accents with their strength, and phrases that end in a rise. Brows and heads follow them.

An accent is a stressed phone of the cues, or where there are none a peak of loudness, weighed by its pitch and loudness
against the last second's, and by its place in the phrase. Each is weighed once, when it begins to be seen.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from svc_video.engines.portrait.hearing import HOP_MS, PITCH_COLUMN, RMS_COLUMN, SCALE_COLUMN, Hearing
from svc_video.engines.portrait.noise import noise
from svc_video.speech import Cue

SEEN_AHEAD_MS = 120.0  # an accent moves the face so long before it is heard
KEPT_MS = 1_500.0
ONSET_MS = 80.0  # of an accent, heard before it begins to be seen
PAST_MS = 1_000.0  # what it is compared with
PLAIN = 0.26  # strength of a stressed phone that nothing sets apart
PER_SEMITONE = 0.07
PER_LOUDNESS = 0.4
USUAL_PEAK = 1.6  # of an accent, over the mean of speech
FIRST_OF_PHRASE, FIRST_MS = 0.15, 500.0
FANCY = 0.3  # what chance adds or takes: people do not move with every accent
PEAK_HOPS = 5  # a peak of loudness is one among so many on each side
PEAK_MS = 30.0  # from an accent's onset to its peak
LEAST_GAP_MS = 300.0
PEAK_OVER_MEAN = 1.2
RISE_SEMITONES = (1.5, 6.0)  # at a phrase's end: no question, surely one
RISE_MS = (140.0, 600.0)  # the end of the phrase, and what it is compared with

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Accent:
    """Something stressed, or a question's rise."""

    at: float  # seconds
    strength: float  # 0..1


class Prosody:
    """The accents of one stream."""

    def __init__(self, hearing: Hearing, seed: int, start_ms: int = 0) -> None:
        self._hearing, self._seed = hearing, seed
        self._accents: dict[int, Accent] = {}
        self._rises: dict[int, Accent] = {}
        self._scanned = start_ms // HOP_MS  # hops looked through for peaks
        self._last_ms = -KEPT_MS

    def accents(self, at_ms: float, cues: Sequence[Cue], complete_ms: float, phrases: Sequence[float]) -> list[Accent]:
        """The accents that may still be seen, in order. `phrases`: the beginnings (s) of the last ones."""
        until = at_ms + SEEN_AHEAD_MS
        for cue in cues[bisect_left(cues, at_ms - KEPT_MS, key=lambda cue: cue.start_ms) :]:
            if cue.start_ms > min(until, complete_ms):
                break
            if cue.stressed and cue.start_ms not in self._accents:
                self._accents[cue.start_ms] = self._weighed(cue.start_ms, phrases)
                self._last_ms = cue.start_ms
        self._listen(max(complete_ms, 0.0), until, phrases)
        for key in [key for key in self._accents if key < at_ms - KEPT_MS]:
            del self._accents[key]
        return list(self._accents.values())

    def rises(self, phrase_ends: Sequence[float]) -> list[Accent]:
        """The phrases' ends, as strong as their pitch rises."""
        for end in phrase_ends:
            key = round(end * 1000)
            if key not in self._rises:
                self._rises[key] = Accent(end, self._rise(key))
        for key in [key for key, rise in self._rises.items() if rise.at not in phrase_ends]:
            del self._rises[key]
        return [rise for rise in self._rises.values() if rise.strength > 0]

    def _listen(self, from_ms: float, until_ms: float, phrases: Sequence[float]) -> None:
        """Find peaks of loudness where no cues are."""
        hop = max(self._scanned, int(from_ms // HOP_MS) + 1)
        stop = int((until_ms + PEAK_MS) // HOP_MS)
        while hop < stop:
            if hop * HOP_MS - PEAK_MS - self._last_ms >= LEAST_GAP_MS and self._is_peak(hop):
                onset = round(hop * HOP_MS - PEAK_MS)
                self._accents[onset] = self._weighed(onset, phrases)
                self._last_ms = onset
            hop += 1
        self._scanned = max(self._scanned, stop)

    def _is_peak(self, hop: int) -> bool:
        loud = self._hearing.rows(hop - PEAK_HOPS, hop + PEAK_HOPS)[:, RMS_COLUMN]
        if len(loud) < 2 * PEAK_HOPS + 1 or int(loud.argmax()) != PEAK_HOPS:
            return False
        past = self._past(hop * HOP_MS)
        return float(loud[PEAK_HOPS]) > PEAK_OVER_MEAN * _spoken_mean(past)

    def _weighed(self, onset_ms: int, phrases: Sequence[float]) -> Accent:
        here = self._hearing.rows(onset_ms // HOP_MS, int((onset_ms + ONSET_MS) // HOP_MS))
        past = self._past(onset_ms)
        strength = PLAIN + FANCY * (noise(self._seed, "accent", onset_ms) - 0.5)
        strength += PER_SEMITONE * max(0.0, _pitch(here, 0.8) - _pitch(past, 0.6))
        if (mean := _spoken_mean(past)) and len(here):
            strength += PER_LOUDNESS * max(-0.5, min(1.0, float(here[:, RMS_COLUMN].max()) / mean - USUAL_PEAK))
        if phrases and 0 <= onset_ms - 1000 * phrases[-1] < FIRST_MS:
            strength += FIRST_OF_PHRASE
        return Accent(onset_ms / 1000, min(1.0, max(0.0, strength)))

    def _past(self, at_ms: float) -> Vector:
        return self._hearing.rows(int((at_ms - PAST_MS) // HOP_MS), int(at_ms // HOP_MS) - 1)

    def _rise(self, end_ms: int) -> float:
        last, before = RISE_MS
        end = self._hearing.rows(int((end_ms - last) // HOP_MS), end_ms // HOP_MS)
        past = self._hearing.rows(int((end_ms - before) // HOP_MS), int((end_ms - last) // HOP_MS) - 1)
        low, high = RISE_SEMITONES
        return min(1.0, max(0.0, (_pitch(end, 0.8) - _pitch(past, 0.5) - low) / (high - low)))


def _pitch(rows: Vector, quantile: float) -> float:
    """A quantile of the pitch of these hops, semitones; 0 (a comparison finds nothing) when none is voiced."""
    voiced = rows[:, PITCH_COLUMN]
    voiced = np.sort(voiced[~np.isnan(voiced)])
    return float(voiced[int(quantile * (len(voiced) - 1))]) if len(voiced) else 0.0


def _spoken_mean(rows: Vector) -> float:
    """The mean loudness of the hops in which somebody speaks; 0 when none."""
    if not len(rows):
        return 0.0
    loud = rows[:, RMS_COLUMN]
    spoken = loud[loud > 0.1 * rows[-1, SCALE_COLUMN]]
    return float(spoken.mean()) if len(spoken) else 0.0
