"""How many calls at a time a rung takes before they suffer: learnt, not configured.

After Netflix's concurrency-limits (gradient and Vegas): the least time to first byte tells what a call takes when
nobody else is there; calls that take longer than that wait somewhere inside. Notable choices:

- The sample is the time to first byte, so that a long answer is not mistaken for a slow one.
- What is tolerated is a part of a whole call's time, never less than 0.1 s: a burst on a busy machine is no overload.
- Two windows in a row must be slow before the limit shrinks, and by a fifth at most at a time; a refusal by the rung
  itself shrinks it at once. Until the first such sign it doubles as long as it is used, after it it grows by steps.
- It grows only while it is used. Under lasting overload it is halved now and then, to learn the least time anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from statistics import median

SMOOTHING = 0.1
"""The weight of the newest in a moving average."""
RELEARN_CALLS = 4
"""So few, for the limit is halved until they have come."""
FRESH_CALLS = 30
"""At least so many calls' time between two such lessons: they cost half of one."""


@dataclass(frozen=True, slots=True)
class LimitRules:
    """Bounds and tempo."""

    initial: int = 64
    floor: int = 4
    ceiling: int = 1024
    tolerance: float = 0.2  # of a whole call's time may be spent waiting inside
    slack_s: float = 0.1  # the least that is tolerated
    window_calls: int = 16  # samples make a window, if they
    window_s: float = 0.25  # span this long
    shrink: float = 0.8  # x limit, at most so much per window
    refused: float = 0.9  # x what was running when the rung said it is full
    used: float = 0.8  # of the limit must be running for it to grow
    fresh_s: float = 30.0  # after this long at its limit the least time is learnt anew


class Limit:
    """The limit of one rung."""

    __slots__ = (
        "_busy",
        "_clock",
        "_doubling",
        "_fresh_at",
        "_least_s",
        "_limit",
        "_refused_at",
        "_restore",
        "_rules",
        "_samples",
        "_since",
        "_slow",
        "_typical_s",
        "call_s",
    )

    def __init__(self, clock: Callable[[], float], rules: LimitRules) -> None:
        self._clock = clock
        self._rules = rules
        self._limit = float(rules.initial)
        self._doubling = True  # until the first sign of overload
        self._least_s: float | None = None  # the least time to first byte
        self._typical_s = 0.0  # the time to first byte in the last window
        self._fresh_at = clock()  # when that was last known to hold
        self._samples: list[float] = []  # of this window
        self._since = clock()  # its beginning
        self._busy = 0  # the most that ran in it
        self._slow = 0  # slow windows in a row
        self._refused_at = float("-inf")
        self._restore: float | None = None  # the limit to go back to after the least time was learnt anew
        self.call_s: float | None = None  # what a whole call takes, smoothed

    @property
    def value(self) -> int:
        """Calls at a time."""
        return int(self._limit)

    def believe(self, most: int) -> None:
        """What the engine says it takes is believed until calls show otherwise."""
        if self._doubling and most:
            self._set(float(most))

    def sample(self, seconds: float, running: int) -> None:
        """A time to first byte, and how many calls ran when it came."""
        self._samples.append(seconds)
        self._busy = max(self._busy, running)
        now = self._clock()
        lasted = now - self._since
        if self._restore is not None:
            if lasted >= max(self._rules.window_s, self.call_s or 0.0) and len(self._samples) >= RELEARN_CALLS:
                self._relearnt(median(self._samples[-RELEARN_CALLS:]), now)
            return
        if self._doubling and self._used(running) and seconds <= self._tolerated():
            self._set(self._limit + 1)
        if len(self._samples) >= self._rules.window_calls and lasted >= self._rules.window_s:
            self._close(median(self._samples), now)

    def whole(self, seconds: float) -> None:
        """A call took so long from its admission to its end."""
        self.call_s = seconds if self.call_s is None else self.call_s + SMOOTHING * (seconds - self.call_s)

    def refused(self, running: int) -> None:
        """The rung itself said that it is full. Refusals that come together are one sign."""
        now = self._clock()
        if now - self._refused_at < self._rules.window_s:
            return
        self._refused_at = now
        self._doubling = False
        self._set(min(self._limit, running) * self._rules.refused)

    def _close(self, typical_s: float, now: float) -> None:
        """A window has ended."""
        busy, self._busy = self._busy, 0
        self._samples, self._since = [], now
        self._learn(typical_s, busy, now)
        self._typical_s = typical_s
        if typical_s > self._tolerated():
            self._suffer(typical_s)
        else:
            self._slow = 0
            if not self._doubling and self._used(busy):
                self._set(self._limit + max(1.0, sqrt(self._limit) / 4))
        overloaded = not self._doubling and self._used(busy)
        if overloaded and now - self._fresh_at >= max(self._rules.fresh_s, FRESH_CALLS * (self.call_s or 0.0)):
            self._restore = self._limit
            self._set(self._limit / 2)

    def _relearnt(self, typical_s: float, now: float) -> None:
        """What waited inside has been served meanwhile: this is what a call takes by itself."""
        self._least_s, self._fresh_at = typical_s, now
        self._limit, self._restore = self._restore or self._limit, None
        self._samples, self._since = [], now

    def _learn(self, typical_s: float, busy: int, now: float) -> None:
        if self._least_s is None or typical_s < self._least_s:
            self._least_s, self._fresh_at = typical_s, now
        elif busy < self._limit / 2:  # nobody waits inside: the calls themselves have become longer
            self._least_s += SMOOTHING * (typical_s - self._least_s)
            self._fresh_at = now

    def _suffer(self, typical_s: float) -> None:
        self._slow += 1
        if self._slow > 1:
            self._doubling = False
            self._set(self._limit * max(self._rules.shrink, self._tolerated() / typical_s))

    def _tolerated(self) -> float:
        """The longest time to first byte that is no sign of overload."""
        if self._least_s is None:
            return float("inf")
        waiting_s = max(0.0, self._typical_s - self._least_s)  # inside: no part of what a call itself takes
        call_s = max(0.0, (self.call_s or 0.0) - waiting_s)
        return self._least_s + max(self._rules.slack_s, self._rules.tolerance * call_s)

    def _used(self, running: int) -> bool:
        return running >= self._rules.used * self._limit

    def _set(self, limit: float) -> None:
        self._limit = min(float(self._rules.ceiling), max(float(self._rules.floor), limit))
