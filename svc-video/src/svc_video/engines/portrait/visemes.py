"""The mouth track: mouth cues to the lips' shape at any moment, with co-articulation.

- Each phone pulls each parameter towards its target, as strongly as it insists on it (dominance) and as near as it is
  (a Gaussian over its time): after Cohen & Massaro 1993, with a Gaussian in place of their exponential.
- Lips that touch, touch: a bilabial holds its closure for two frames at least, whatever its neighbours want.
- The track is a pure function of the cues around the moment, so it needs no history: cues may still be coming, and a
  resumed stream goes on with the same shapes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import erf, sqrt

import numpy as np
import numpy.typing as npt

from svc_video.engines.portrait.ipa import SILENCE, VISEMES, visemes_of
from svc_video.engines.portrait.params import FaceParams
from svc_video.speech import Cue

PARAMETERS = ("jaw", "wide", "pucker", "press", "upper", "lower", "fv")
# How far a phone reaches into its neighbours, ms: rounding begins early, teeth on lip are quick.
SIGMA_MS = dict(zip(PARAMETERS, (30.0, 46.0, 42.0, 24.0, 28.0, 28.0, 22.0), strict=True))
REACH_MS = 160.0  # beyond this a phone is not felt: three sigmas
LONGEST_MS = 1_000  # cues are in order of their start; a phone longer than this is none
STRESS_MS, STRESS_REACH_MS = 130.0, 400.0  # how long a stressed phone moves the head
LEAD_MS = 10.0  # a frame is seen until the next one comes: at 25 fps this puts its middle 10 ms after its sound
CLOSING_MS = 45.0  # how long the lips take to meet, and to part
HELD_FRAMES = 2
LONGEST_HOLD_MS = 100.0  # for slow frame rates
STRESSED, UNSTRESSED = 1.08, 0.94  # the jaw's share
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
    at = at_ms + LEAD_MS
    spans = _spans(at, cues)
    pulled = _pulled(at, spans)
    values = dict(zip(PARAMETERS, pulled, strict=True))
    share = QUIET_JAW + (LOUD_JAW - QUIET_JAW) * loudness
    values["jaw"] = min(1.0, values["jaw"] * share)
    return FaceParams(**values, close=_closure(at, spans, frame_ms))


def stress_at(at_ms: float, cues: Sequence[Cue]) -> float:
    """0..1: how near a stressed phone is; heads and brows move with it."""
    middles = ((cue.start_ms + cue.end_ms) / 2 for cue in _near(at_ms, cues, STRESS_REACH_MS) if cue.stressed)
    return max((_bump(at_ms - middle, STRESS_MS) for middle in middles), default=0.0)


def _near(at: float, cues: Sequence[Cue], reach: float) -> Iterator[Cue]:
    """The cues within reach of a moment, in order."""
    first = bisect_left(cues, at - reach - LONGEST_MS, key=lambda cue: cue.start_ms)
    for number in range(first, len(cues)):  # no slice: a whole hour of cues may lie ahead
        cue = cues[number]
        if cue.start_ms > at + reach:
            return
        if cue.end_ms > at - reach:
            yield cue


def _bump(distance: float, width: float) -> float:
    return float(np.exp(-0.5 * (distance / width) ** 2))


def _spans(at: float, cues: Sequence[Cue]) -> list[Span]:
    """The shapes within reach, gaps filled with silence."""
    spans: list[Span] = []
    end = at - REACH_MS
    for cue in _near(at, cues, REACH_MS):
        if cue.start_ms > end:
            spans.append(Span(SILENCE, end, cue.start_ms, stressed=False))
        spans += _parts(cue)
        end = max(end, cue.end_ms)
    if end < at + REACH_MS:
        spans.append(Span(SILENCE, end, at + REACH_MS, stressed=False))
    return spans


def _parts(cue: Cue) -> list[Span]:
    """A phone's shapes, sharing its time."""
    shapes = visemes_of(cue.ipa)
    step = (cue.end_ms - cue.start_ms) / len(shapes)
    return [
        Span(shape, cue.start_ms + step * part, cue.start_ms + step * (part + 1), cue.stressed)
        for part, shape in enumerate(shapes)
    ]


def _pulled(at: float, spans: list[Span]) -> list[float]:
    """Where all shapes together pull each parameter."""
    total = np.zeros(len(PARAMETERS))
    pull = np.full(len(PARAMETERS), 1e-6)  # nothing near: at rest
    for span in spans:
        targets, dominances = _table(span.viseme, span.stressed)
        weight = _nearness(at, span) * dominances
        total += weight * targets
        pull += weight
    return [float(value) for value in total / pull]


def _nearness(at: float, span: Span) -> Vector:
    """The share (per parameter) of a Gaussian around the moment that lies within the span."""
    return np.array(
        [
            0.5 * (erf((span.end - at) / (sigma * sqrt(2))) - erf((span.start - at) / (sigma * sqrt(2))))
            for sigma in SIGMA_MS.values()
        ]
    )


@lru_cache(maxsize=128)
def _table(name: str, stressed: bool) -> tuple[Vector, Vector]:  # part of the cache's key
    viseme = VISEMES[name]
    targets = np.array([getattr(viseme, parameter)[0] for parameter in PARAMETERS])
    dominances = np.array([getattr(viseme, parameter)[1] for parameter in PARAMETERS])
    targets[0] *= STRESSED if stressed else UNSTRESSED
    return targets, dominances


def _closure(at: float, spans: list[Span], frame_ms: float) -> float:
    """How far the lips are together, 0..1."""
    return max((_closed_by(at, span, frame_ms) for span in spans), default=0.0)


def _closed_by(at: float, span: Span, frame_ms: float) -> float:
    strength = VISEMES[span.viseme].close
    if not strength:
        return 0.0
    held = max(span.end - span.start, min(HELD_FRAMES * frame_ms, LONGEST_HOLD_MS))
    outside = abs(at - (span.start + span.end) / 2) - held / 2
    if outside <= 0:
        return strength
    part = max(0.0, 1.0 - outside / CLOSING_MS)
    return strength * part * part * (3 - 2 * part)
