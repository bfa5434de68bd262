"""When the eyes close: how far, frame by frame, as the network of expressions is told it. No torch here.

Upstream's shape and gaps. Upstream lets the length of a film under 140 frames decide its gaps, which no one can do who
draws while the sound comes: `upstream_blinks` does it for a clip of known length, `Blinks` does not.
"""

from __future__ import annotations

import random
from collections import deque

import numpy as np

from svc_video.engines.sadtalker.source import Floats

SHAPE = (0.5, 0.9, 1.0, 0.9, 0.5)  # how closed, frame by frame: 200 ms
SHORTEST_GAP, LONGEST_GAP = 10, 70  # frames; the longest is never drawn
TOO_SHORT = 20  # frames: upstream's film of so few shows no blink
REACH = len(SHAPE) + 1  # frames the film must have from the first of a blink on; else it shows none of it


class Blinks:
    """The blinks of a film whose length need not be known. `rate` is the share of the usual number of blinks, 0..1."""

    def __init__(self, seed: int, rate: float = 1.0) -> None:
        self._draw = random.Random(seed)  # noqa: S311  # upstream's generator; nothing secret
        self._rate = rate
        self._starts: deque[int] = deque()  # first frames of the blinks from the oldest still asked for on
        self._free = 0  # the first frame after the blinks drawn so far

    def ratios(self, frames: range, ended: int | None) -> Floats:
        """How closed the eyes are in these frames, (n,), 0..1.

        Frames come in order; what lies before the oldest is forgotten. `ended`: frames of the whole film, once known.
        Until then,
        of the last of these frames on `REACH` must be sure to come.
        """
        closed = np.zeros(len(frames), np.float32)
        if self._rate <= 0 or not frames:
            return closed
        self._draw_to(frames.stop)
        while self._starts and self._starts[0] + len(SHAPE) <= frames.start:
            self._starts.popleft()
        for start in self._starts:
            if ended is None or start + REACH <= ended:
                _close(closed, start - frames.start)
        return closed

    def _draw_to(self, frame: int) -> None:
        while self._free < frame:
            gap = self._draw.choice(range(SHORTEST_GAP, LONGEST_GAP))
            self._starts.append(self._free + round(gap / self._rate))
            self._free = self._starts[-1] + len(SHAPE)


def upstream_blinks(frames: int, draw: random.Random) -> Floats:
    """Upstream's blinks for a film of known length, (frames,); where upstream finds no gap to draw from, none."""
    closed = np.zeros(frames, np.float32)
    gaps = range(min(SHORTEST_GAP, frames), min(frames // 2, LONGEST_GAP))
    at = 0
    while frames > TOO_SHORT and gaps:
        start = at + draw.choice(gaps)
        if start + REACH > frames:
            break
        _close(closed, start)
        at = start + len(SHAPE)
    return closed


def _close(closed: Floats, start: int) -> None:
    """Put one blink where it begins, as far as it lies within."""
    for number, value in enumerate(SHAPE, start):
        if 0 <= number < len(closed):
            closed[number] = value
