"""Blinks: when they come, and how lids move.

- A lid falls in about 80 ms and rises in two to three times that (high-speed films: Doane 1980; closing is 40-47 %
  faster than opening: Sforza et al. 2008). It gathers speed while it falls and loses it while it rises.
- A video that shows 25 moments a second must not miss the shut eye: lids stay shut for a frame and a little.
- About one in eight is partial, one in ten is double. They prefer the ends of phrases and shifts of gaze: each has a
  window of time, and begins with the first such invitation in it, or at its end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from svc_video.engines.portrait.noise import Moments, noise

MEAN_S, SPREAD_S = 4.0, 1.7  # with the double ones 16 a minute; people speaking blink 10 to 20 times
FIRST_S = 1.4
WINDOW_S = (0.9, 0.4)  # before and after the planned moment
CLOSING_S, SHUT_S, OPENING_S = 0.085, 0.03, 0.22
SHUT_SPARE_S = 0.012  # the lids stay shut so much longer than one frame
LONGEST_SHUT_S = 0.13  # at very low frame rates
PARTIAL, PARTIAL_DEPTH = 0.12, 0.62
DOUBLE, DOUBLE_AFTER_S = 0.1, 0.36
RIGHT_LATE_S = 0.008  # at most: lids go nearly together
FALL, RISE = 1.7, 2.2  # exponents: above 1 a lid gathers speed while it falls and loses it while it rises

Invitation = Callable[[float, float], float | None]
"""The first moment (s) in from..to when a blink is welcome, as far as it is known; None when there is none."""


@dataclass(frozen=True, slots=True)
class Lids:
    """How far each lid is shut at one moment, 0..1."""

    left: float
    right: float


class Blinks:
    """The lids of one face."""

    def __init__(self, seed: int, invitation: Invitation, *, rate: float = 1.0, frame_s: float = 0.04) -> None:
        """`rate` scales how often; 0 = never."""
        self._seed, self._invitation, self._rate = seed, invitation, rate
        self._plan = Moments(seed, "blink", FIRST_S, MEAN_S, SPREAD_S, rate=rate)
        self._shut_s = max(SHUT_S, min(frame_s + SHUT_SPARE_S, LONGEST_SHUT_S))
        self._begun: dict[int, float] = {}

    def at(self, seconds: float) -> Lids:
        """The lids at that moment."""
        if self._rate <= 0:
            return Lids(0.0, 0.0)
        newest, _ = self._plan.last_before(seconds + WINDOW_S[0])
        left = right = 0.0
        for number in range(max(0, newest - 1), newest + 1):
            begun = self._start(number, seconds)
            if begun is not None:
                late = RIGHT_LATE_S * noise(self._seed, "late lid", number)
                left = max(left, self._lid(number, seconds - begun))
                right = max(right, self._lid(number, seconds - begun - late))
        return Lids(left, right)

    def _start(self, number: int, now: float) -> float | None:
        """When it begins, or None while that is not known; once it has begun, nothing moves it."""
        if number in self._begun:
            return self._begun[number]
        planned, scale = self._plan.time(number), 1 / max(1.0, self._rate)
        latest = planned + WINDOW_S[1] * scale
        invited = self._invitation(planned - WINDOW_S[0] * scale, min(now, latest))
        start = latest if invited is None else invited
        if start > now:
            return None
        self._begun[number] = start
        self._begun.pop(number - 4, None)
        return start

    def _lid(self, number: int, past: float) -> float:
        partial = noise(self._seed, "partial blink", number) < PARTIAL
        if not partial and noise(self._seed, "double blink", number) < DOUBLE:
            return max(self._way(past), self._way(past - DOUBLE_AFTER_S))
        return self._way(past) * (PARTIAL_DEPTH if partial else 1.0)

    def _way(self, past: float) -> float:
        if past <= 0:
            return 0.0
        if past < CLOSING_S:
            return float((past / CLOSING_S) ** FALL)
        # One more frame of the slower lid's lateness: both are shut in one frame at least.
        rest = (past - CLOSING_S - self._shut_s) / OPENING_S
        return 1.0 if rest <= 0 else float(max(0.0, 1.0 - rest) ** RISE)
