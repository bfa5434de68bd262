"""When somebody speaks: pauses, phrases, how engaged the speaker is. By cues where they are complete, else by sound.

Speech is cut into cells of 20 ms, each judged once when it is known, a little ahead of the picture: what comes late
does not change what was seen. Heads, eyes and lids take their time from here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from svc_video.engines.portrait.hearing import HOP_MS, RMS_COLUMN, SCALE_COLUMN, SILENT_RMS, Hearing
from svc_video.engines.portrait.ipa import SILENCE, visemes_of
from svc_video.speech import Cue

CELL_MS = 20
AHEAD_MS = 180  # known of what comes
PAUSE_CELLS = 9  # 180 ms without speech: the end of a phrase; stops and slow words are shorter
KEPT_S = 4.0  # of events
KEPT_CELLS = 150
QUIET = 0.07  # of the loudest: below it nobody speaks
ENGAGED_MS = (-1500.0, 170.0)  # what counts for how engaged a speaker is, before and after the moment
BUSY_MS = (-360.0, 170.0)  # and for how busy the mouth is

Vector = npt.NDArray[np.float64]


class Rhythm:
    """The pauses and phrases of one stream, in order of time."""

    def __init__(self, hearing: Hearing, start_ms: int = 0) -> None:
        self._hearing = hearing
        self._first = start_ms // CELL_MS - KEPT_CELLS // 2  # number of the first cell
        self._cells: list[bool] = []
        self._start_ms = start_ms
        self.phrase_starts: list[float] = []  # seconds
        self.phrase_ends: list[float] = []

    def advance(self, at_ms: float, cues: Sequence[Cue], complete_ms: float) -> None:
        """Judge the cells up to a little after that moment, as far as they are known."""
        heard = self._hearing.heard_ms(at_ms + AHEAD_MS)
        while (number := self._first + len(self._cells)) * CELL_MS < at_ms + AHEAD_MS:
            middle = (number + 0.5) * CELL_MS
            if middle > max(complete_ms, heard - CELL_MS) and middle > at_ms:
                break
            self._add(_cued(middle, cues) if middle < complete_ms else self._heard(middle, cues))
        for events in (self.phrase_starts, self.phrase_ends):
            while events and events[0] < at_ms / 1000 - KEPT_S:
                events.pop(0)
        if len(self._cells) > 2 * KEPT_CELLS:
            self._first += len(self._cells) - KEPT_CELLS
            del self._cells[:-KEPT_CELLS]

    def engaged(self, at_ms: float) -> float:
        """0..1: how much was spoken in the last second or so; slow, without corners."""
        return self._mean(at_ms, ENGAGED_MS)

    def busy(self, at_ms: float) -> float:
        """0..1: how much the mouth has to do just now."""
        return self._mean(at_ms, BUSY_MS)

    def _mean(self, at_ms: float, reach: tuple[float, float]) -> float:
        low, high = (int((at_ms + side) // CELL_MS) for side in reach)
        cells = np.zeros(high - low + 1)
        start, stop = max(low, self._first), min(high + 1, self._first + len(self._cells))
        if start < stop:
            cells[start - low : stop - low] = self._cells[start - self._first : stop - self._first]
        return float(_weights(low * CELL_MS - at_ms, high + 1 - low, reach) @ cells)

    def _add(self, talking: bool) -> None:
        self._cells.append(talking)
        number, cells = self._first + len(self._cells) - 1, self._cells
        before = cells[-PAUSE_CELLS - 1 : -1]
        if talking and not any(before):
            self.phrase_starts.append(number * CELL_MS / 1000)
        if not any(cells[-PAUSE_CELLS:]) and len(cells) > PAUSE_CELLS and cells[-PAUSE_CELLS - 1]:
            self.phrase_ends.append((number - PAUSE_CELLS + 1) * CELL_MS / 1000)

    def _heard(self, middle: float, cues: Sequence[Cue]) -> bool:
        # A film resumed without what went before: in the middle of speech rather than at its beginning.
        at = max(middle, self._start_ms) if self._start_ms and not cues else middle
        hop = int(at // HOP_MS)
        rows = self._hearing.rows(hop, hop + 1)
        level = float(rows[:, RMS_COLUMN].mean())
        return level > max(SILENT_RMS, QUIET * float(rows[-1, SCALE_COLUMN]))


@lru_cache(maxsize=128)  # at 25 frames a second every frame has the same ones
def _weights(start_ms: float, count: int, reach: tuple[float, float]) -> Vector:
    """Of `count` cells from `start_ms` on: a raised cosine over the reach; their sum is one."""
    part = (start_ms + (np.arange(count) + 0.5) * CELL_MS - reach[0]) / (reach[1] - reach[0])
    weights = np.where((part > 0) & (part < 1), 1 - np.cos(2 * np.pi * part), 0.0)
    return np.asarray(weights / weights.sum())


def _cued(at: float, cues: Sequence[Cue]) -> bool:
    """Whether a phone is said at that moment."""
    last = bisect_right(cues, at, key=lambda cue: cue.start_ms) - 1
    return last >= 0 and cues[last].end_ms > at and visemes_of(cues[last].ipa) != (SILENCE,)
