"""The mouth track: mouth cues to the lips' shape at any moment, with co-articulation.

- Each phone pulls each parameter towards its target, as strongly as it insists on it (dominance) and as near as it is
  (after Cohen & Massaro 1993, with logistic flanks in place of their exponentials).
- A vowel opens slowly and is closed quickly; rounding begins well before its vowel; what ends a phrase is held longer.
- Lips that touch, touch: a bilabial holds its closure for two frames at least, whatever its neighbours want, and a
  labiodental its lip at the teeth for one.
- The track is a pure function of the cues around the moment, so it needs no history: cues may still be coming, and a
  resumed stream goes on with the same shapes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from svc_video.engines.portrait.ipa import ROUNDED, SILENCE, VISEMES, VOWELS, visemes_of
from svc_video.engines.portrait.params import FaceParams
from svc_video.speech import Cue

PARAMETERS = ("jaw", "wide", "pucker", "press", "upper", "lower", "fv", "tongue")
JAW, PUCKER, FV = (PARAMETERS.index(name) for name in ("jaw", "pucker", "fv"))
# How soft a phone's flanks are, ms (sigma of the Gaussian that a logistic curve comes near to): before and after it.
FLANKS_MS = (
    dict(zip(PARAMETERS, (27.0, 46.0, 42.0, 24.0, 28.0, 28.0, 22.0, 26.0), strict=True)),
    dict(zip(PARAMETERS, (29.0, 46.0, 42.0, 24.0, 28.0, 28.0, 22.0, 22.0), strict=True)),
)
VOWEL_JAW_MS = (34.0, 24.0)  # a jaw opens slowly and closes quickly
ROUNDING_MS = (64.0, 42.0)  # rounded lips come early
LOGISTIC = 1.702  # makes the logistic curve that of a Gaussian
REACH_MS = 160.0  # beyond this a phone is not felt
LONGEST_MS = 1_000  # cues are in order of their start; a phone longer than this is none
KEPT_AHEAD_MS = 1_500.0  # shapes are looked up for so long at once
LEAD_MS = 5.0  # lips are a little ahead of the sound
MOST_LEAD_MS = 45.0  # for slow frame rates
CLOSING_MS = 45.0  # how long the lips take to meet, and to part
HELD_FRAMES = 2
TOUCHED_FRAMES = 1  # a lip at the teeth
LONGEST_HOLD_MS = 100.0  # for slow frame rates
FINAL_MS, FINAL_PAUSE_MS = 35.0, 120.0  # the last phone before a pause is held so much longer
STRESSED, UNSTRESSED = 1.12, 0.92  # a vowel's share of its opening
QUIET_JAW, LOUD_JAW = 0.72, 1.14  # the jaw's share at loudness 0 and 1

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Span:
    """One lip shape in time, ms."""

    viseme: str
    start: float
    end: float
    stressed: bool


def mouth_at(at_ms: float, cues: Sequence[Cue], *, frame_ms: float = 40.0, loudness: float = 0.6) -> FaceParams:
    """The lips at a moment. `cues` are in order; `loudness` 0..1 is how loud the speech is there."""
    return MouthTrack(frame_ms).at(at_ms, cues, loudness)


def lead_ms(frame_ms: float) -> float:
    """How far ahead of its time a frame shows the lips: it is seen until the next one comes, so its middle counts."""
    return min(MOST_LEAD_MS, frame_ms / 2 + LEAD_MS)


class MouthTrack:
    """The lips of one film; looks up each cue once."""

    def __init__(self, frame_ms: float = 40.0) -> None:
        self._frame_ms, self._lead_ms = frame_ms, lead_ms(frame_ms)
        self._cues: Sequence[Cue] | None = None
        self._from_ms = self._to_ms = 0.0
        self._shapes = Shapes([], frame_ms)

    def at(self, at_ms: float, cues: Sequence[Cue], loudness: float = 0.6) -> FaceParams:
        """The lips at a moment. `cues` are in order; `loudness` 0..1 is how loud the speech is there."""
        at = at_ms + self._lead_ms
        # A list of cues is never changed, but followed by a longer one.
        if cues is not self._cues or not self._from_ms <= at <= self._to_ms:
            self._cues, self._from_ms, self._to_ms = cues, at, at + KEPT_AHEAD_MS
            self._shapes = Shapes(_spans(self._from_ms - REACH_MS, self._to_ms + REACH_MS, cues), self._frame_ms)
        pulled, close, touch = self._shapes.at(at)
        values = dict(zip(PARAMETERS, pulled.tolist(), strict=True))
        values["jaw"] = min(1.0, values["jaw"] * (QUIET_JAW + (LOUD_JAW - QUIET_JAW) * loudness))
        values["fv"] = max(values["fv"], touch)
        return FaceParams(**values, close=close)


class Shapes:
    """Spans as arrays, one row each, and the lips they make together."""

    def __init__(self, spans: list[Span], frame_ms: float) -> None:
        self._starts = np.array([span.start for span in spans])
        self._ends = np.array([span.end for span in spans])
        tables = [_table(span.viseme, span.stressed) for span in spans]
        self._targets, self._dominances, self._before, self._after = (
            np.array([table[column] for table in tables]).reshape(-1, len(PARAMETERS)) for column in range(4)
        )
        self._close = np.array([VISEMES[span.viseme].close for span in spans])
        self._touch = np.array([VISEMES[span.viseme].touch for span in spans])
        self._frame_ms = frame_ms

    def at(self, at: float) -> tuple[Vector, float, float]:
        """Every parameter at that moment, how far the lips are together, and how far the lip is at the teeth."""
        near = np.flatnonzero((self._starts < at + REACH_MS) & (self._ends > at - REACH_MS))
        starts, ends = self._starts[near], self._ends[near]
        # What lies beyond the reach must not matter in the last digit: cues may come after their frames.
        past = np.minimum(at - starts, REACH_MS)[:, None] / self._before[near]
        left = np.minimum(ends - at, REACH_MS)[:, None] / self._after[near]
        weights = self._dominances[near] / ((1 + np.exp(-LOGISTIC * past)) * (1 + np.exp(-LOGISTIC * left)))
        total = weights.sum(axis=0) + 1e-6  # nothing near: at rest
        pulled = (weights * self._targets[near]).sum(axis=0) / total
        close = self._held(at, starts, ends, self._close[near], HELD_FRAMES)
        return pulled, close, self._held(at, starts, ends, self._touch[near], TOUCHED_FRAMES)

    def _held(self, at: float, starts: Vector, ends: Vector, strengths: Vector, frames: int) -> float:
        """The nearest of the closures: whole for its phone and some frames at least, smooth around."""
        if not strengths.any():
            return 0.0
        held = np.maximum(ends - starts, min(frames * self._frame_ms, LONGEST_HOLD_MS))
        outside = np.maximum(np.abs(at - (starts + ends) / 2) - held / 2, 0.0)
        part = np.maximum(0.0, 1.0 - outside / CLOSING_MS)
        return float((strengths * part * part * (3 - 2 * part)).max())


def _near(start: float, end: float, cues: Sequence[Cue]) -> Iterator[Cue]:
    """The cues that touch that time, in order."""
    first = bisect_left(cues, start - LONGEST_MS, key=lambda cue: cue.start_ms)
    for number in range(first, len(cues)):  # no slice: a whole hour of cues may lie ahead
        cue = cues[number]
        if cue.start_ms > end:
            return
        if cue.end_ms > start:
            yield cue


def _spans(start: float, stop: float, cues: Sequence[Cue]) -> list[Span]:
    """The shapes in that time, gaps filled with silence."""
    spans: list[Span] = []
    end = start
    for cue in _near(start, stop + FINAL_PAUSE_MS, cues):
        if cue.start_ms > end:
            spans.append(Span(SILENCE, end, cue.start_ms, stressed=False))
        spans += _parts(cue)
        end = max(end, cue.end_ms)
    if end < stop:
        spans.append(Span(SILENCE, end, stop + FINAL_PAUSE_MS, stressed=False))
    return _lengthened(spans)


def _lengthened(spans: list[Span]) -> list[Span]:
    """The same, with the last phone before each pause held on into it."""
    for at in range(1, len(spans)):
        said, pause = spans[at - 1], spans[at]
        length = pause.end - pause.start
        if pause.viseme == SILENCE != said.viseme and length >= FINAL_PAUSE_MS and said.end <= pause.start:
            spans[at - 1] = Span(said.viseme, said.start, said.end + FINAL_MS, said.stressed)
            spans[at] = Span(SILENCE, pause.start + FINAL_MS, pause.end, stressed=False)
    return spans


def _parts(cue: Cue) -> list[Span]:
    """A phone's shapes, sharing its time."""
    shapes = visemes_of(cue.ipa)
    step = (cue.end_ms - cue.start_ms) / len(shapes)
    return [
        Span(shape, cue.start_ms + step * part, cue.start_ms + step * (part + 1), cue.stressed)
        for part, shape in enumerate(shapes)
    ]


@lru_cache(maxsize=128)
def _table(name: str, stressed: bool) -> tuple[Vector, Vector, Vector, Vector]:  # part of the cache's key
    """Targets, dominances, flanks before and after, in the order of PARAMETERS."""
    viseme = VISEMES[name]
    pairs = np.array([getattr(viseme, parameter) for parameter in PARAMETERS])
    targets, dominances = pairs[:, 0].copy(), pairs[:, 1]
    before, after = (np.array(list(flank.values())) for flank in FLANKS_MS)
    if name in VOWELS:
        targets[JAW] *= STRESSED if stressed else UNSTRESSED
        before[JAW], after[JAW] = VOWEL_JAW_MS
    if name in ROUNDED:
        before[PUCKER], after[PUCKER] = ROUNDING_MS
    return targets, dominances, before, after
