"""The mouth from the sound alone, where no cues are known: what can be heard of the lips.

- The jaw follows loudness and the place of the first formant: /a/ has its energy above 600 Hz, /i/ and /u/ below.
- The second formant tells spread lips from rounded ones: /i/ has its above 1700 Hz, /u/ below.
- Much energy above 3.5 kHz is a fricative: teeth together. A short deep dip of the middle band is a closure.

The shape at a moment is a smooth mean over the hops around it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from svc_video.engines.portrait.hearing import (
    HISS_COLUMN,
    HOP_MS,
    MIDDLE_COLUMN,
    OPEN_COLUMN,
    RMS_COLUMN,
    SCALE_COLUMN,
    SILENT_RMS,
    SPREAD_COLUMN,
    Hearing,
)
from svc_video.engines.portrait.params import FaceParams
from svc_video.engines.portrait.visemes import lead_ms

AROUND_MS = 120  # hops within this take part in a moment's shape
SMOOTH_MS = 26.0  # sigma of the mean
LOUD_SMOOTH_MS = 45.0
OPEN_DB = (-14.0, 8.0)  # OPEN over LOW: /i u/, /a/ (over espeak and flite in four languages r = 0.68 with the jaw)
SPREAD_DB = (-16.0, 10.0)  # FRONT over BACK: /u o/, /i/ (r = 0.68 with the spread lips)
ROUNDED = 0.35  # of that scale: below it the lips are rounded, above it spread
DIP_DB = (10.0, 20.0)  # a dip of the middle band: no closure, closure
HELD_HOPS = 3  # a closure is seen so long before and after its dip: lips take their time
HELD = 1.0 - np.abs(np.arange(-HELD_HOPS, HELD_HOPS + 1)) / (HELD_HOPS + 1)

Vector = npt.NDArray[np.float64]


class Voicing:
    """Lips and loudness at any moment of one stream's sound."""

    def __init__(self, hearing: Hearing, frame_ms: float = 40.0) -> None:
        self._hearing, self._lead_ms = hearing, lead_ms(frame_ms)

    def loudness_at(self, at_ms: float) -> float:
        """0..1, against the loudest of the last seconds."""
        rows, near = self._around(at_ms, LOUD_SMOOTH_MS)
        level = float(near @ rows[:, RMS_COLUMN])
        return min(1.0, max(0.0, (level - SILENT_RMS) / float(rows[-1, SCALE_COLUMN])))

    def mouth_at(self, at_ms: float) -> FaceParams:
        """The lips at a moment."""
        rows, near = self._around(at_ms + self._lead_ms, SMOOTH_MS)
        level, _, _, hiss = (float(value) for value in near @ rows[:, : HISS_COLUMN + 1])
        scale = float(rows[-1, SCALE_COLUMN])
        loud = min(1.0, level / scale)
        if loud < SILENT_RMS / scale:
            return FaceParams()
        # The square root because the jaw is open long before the voice is loud.
        strength = loud**0.5
        open_part, spread = self._formants(rows, near)
        return FaceParams(
            jaw=min(0.95, strength * (0.3 + 0.62 * open_part) * (1 - 0.75 * hiss)),
            wide=max(0.0, spread - ROUNDED) * strength,
            pucker=2 * max(0.0, ROUNDED - spread) * (1 - 0.6 * open_part) * strength,
            upper=0.25 * hiss,
            lower=0.4 * hiss,
            close=_closure(rows),
        )

    @staticmethod
    def _formants(rows: Vector, near: Vector) -> tuple[float, float]:
        """How open and how spread the voiced part sounds, 0..1."""
        voiced = rows[:, RMS_COLUMN] * (1 - rows[:, HISS_COLUMN]) * near
        total = float(voiced.sum())
        weights = voiced / total if total > 0 else near
        open_db, spread_db = (float(weights @ rows[:, column]) for column in (OPEN_COLUMN, SPREAD_COLUMN))
        return _between(open_db, *OPEN_DB), _between(spread_db, *SPREAD_DB)

    def _around(self, at_ms: float, sigma_ms: float) -> tuple[Vector, Vector]:
        """The hops around a moment, and their weights, which sum to one."""
        middle, reach = round(at_ms / HOP_MS), AROUND_MS // HOP_MS
        rows = self._hearing.rows(middle - reach, middle + reach)
        distance = (np.arange(middle - reach, middle + reach + 1) * HOP_MS - at_ms) / sigma_ms
        weights = np.exp(-0.5 * distance * distance)
        return rows, weights / weights.sum()


def _closure(rows: Vector) -> float:
    """0..1: the middle band dips about the middle of these hops, and is loud before and after, without hiss."""
    level, middle = rows[:, MIDDLE_COLUMN], len(rows) // 2
    near = slice(middle - HELD_HOPS, middle + HELD_HOPS + 1)
    before = np.maximum.accumulate(level)[near]
    after = np.maximum.accumulate(level[::-1])[::-1][near]
    depth = (np.minimum(before, after) - level[near] - DIP_DB[0]) / (DIP_DB[1] - DIP_DB[0])
    quiet_hiss = 1 - np.minimum(1.0, 2 * rows[near, HISS_COLUMN])
    return float((np.clip(depth, 0.0, 1.0) * quiet_hiss * HELD).max())


def _between(value: float, low: float, high: float) -> float:
    """0 at `low`, 1 at `high`, clamped."""
    return min(1.0, max(0.0, (value - low) / (high - low)))
