"""The breaker: when a replica is not asked, when it is tried again, and how it comes back.

    closed --failures--> open --its time is over--> half open --the trial begins to answer--> closed, on probation
                          ^                             |                                         |
                          +----- the trial fails -------+           one failure before a good end +--> open, for longer

- Open lasts 1 s, then 2, then 4: what heals is back within five seconds.
- Half open gives one trial call. A trial that shows nothing in its time counts as failed, but a first byte that comes
  later still closes the breaker: it was only slow.
- Results of calls that began before the last opening say nothing about now; they carry the older epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from gateway.routing.window import Window


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """When it opens and for how long; seconds."""

    consecutive: int = 3  # failures in a row
    rate: float = 0.5  # of the calls in the window
    window_s: int = 10  # whole seconds
    window_calls: int = 10  # fewer say nothing about a rate
    open_s: float = 1.0  # the first time; doubles with each failed return
    open_max_s: float = 4.0
    trial_s: float = 2.0  # until a trial must have begun to answer
    slow_start_s: float = 5.0  # until a replica that is new or back has its full share
    slow_start_share: float = 0.1  # of it, at the beginning


class State(StrEnum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Hold:
    """What a call knows of a breaker: since which opening it runs, and whether it is a trial."""

    __slots__ = ("epoch", "trial")

    def __init__(self, epoch: int, *, trial: bool) -> None:
        self.epoch = epoch
        self.trial = trial


class Breaker:
    """What is known of one address, or of one engine at one address."""

    __slots__ = (
        "_again_at",
        "_clock",
        "_full_at",
        "_level",
        "_row",
        "_rules",
        "_trial_until",
        "_window",
        "epoch",
        "failures",
        "opened",
        "slow",
        "why",
    )

    def __init__(self, clock: Callable[[], float], rules: BreakerRules, *, warm: bool = False) -> None:
        self._clock = clock
        self._rules = rules
        self._again_at = 0.0
        self._level = 0  # openings since it was last well
        self._row = 0  # failures in a row
        self._trial_until: float | None = None
        self._window = Window(clock, rules.window_s)
        self._full_at = clock() + (0.0 if warm else rules.slow_start_s)
        self.opened = False  # open or half open
        self.epoch = 0  # openings so far; a call carries the one it began in
        self.failures = 0
        self.slow = False  # it is open because it is slow, not because it fails
        self.why = ""

    @property
    def state(self) -> State:
        """Closed, open, or half open with or without its trial under way."""
        if not self.opened:
            return State.CLOSED
        self._lapse()
        return State.OPEN if self._clock() < self._again_at else State.HALF_OPEN

    def told(self) -> str:
        """Why no call goes there, for people."""
        if self.state is State.HALF_OPEN:
            return f"its trial call is under way ({self.why})"
        return f"ejected, asked again in {max(0.0, self._again_at - self._clock()):.1f} s: {self.why}"

    def admits(self) -> bool:
        """Whether a call may go there now; in half open only the trial may."""
        return not self.opened or (self.state is State.HALF_OPEN and self._trial_until is None)

    def share(self) -> float:
        """The part of a full share of the load that it gets: 1, less while it starts slowly."""
        left = self._full_at - self._clock()
        if left <= 0:
            return 1.0
        return max(self._rules.slow_start_share, 1.0 - left / self._rules.slow_start_s)

    def ask(self) -> Hold:
        """Note that a call goes there; while it is open, this is the trial."""
        if self.opened:
            self._trial_until = self._clock() + self._rules.trial_s
        return Hold(self.epoch, trial=self.opened)

    def began(self, hold: Hold) -> None:
        """An answer has begun. A first byte of a trial is evidence of now, however late it comes."""
        self._lapse()
        if hold.trial and self.opened:
            self._close()
            self._row = self._rules.consecutive - 1  # on probation: one more failure opens it again, for longer
            self.start_slowly()
            hold.epoch = self.epoch

    def succeeded(self, hold: Hold) -> None:
        """A call ended well."""
        if hold.epoch == self.epoch:
            self._window.add(1, 0)
            self._row = self._level = 0

    def failed(self, why: str, hold: Hold, *, at_once: bool = False) -> None:
        """A call failed; `at_once` = one is enough. What began before the last opening says nothing about now."""
        self.failures += 1
        self._lapse()
        if hold.epoch != self.epoch:
            return
        self._window.add(1, 1)
        self._row += 1
        if at_once or self.opened or self._row >= self._rules.consecutive or self._fails_often():
            self.open(why)

    def released(self, hold: Hold) -> None:
        """A call ended that says nothing; if it was the trial, another may be made at once."""
        self._lapse()
        if hold.trial and hold.epoch == self.epoch:
            self._trial_until = None

    def open(self, why: str, *, slow: bool = False) -> None:
        """No call from now on, for a while that doubles."""
        self._open_at(self._clock(), why)
        self.slow = slow

    def half_open(self) -> None:
        """Something else shows that it may be back: its trial may be made now."""
        if self.opened:
            self._again_at = min(self._again_at, self._clock())

    def start_slowly(self) -> None:
        """It may be a new process: its share of the load grows anew."""
        self._full_at = self._clock() + self._rules.slow_start_s

    def forgive(self) -> None:
        """Close it: it is slow, and there is no other."""
        self._close()

    def _close(self) -> None:
        self.opened, self.slow, self._trial_until = False, False, None

    def _open_at(self, moment: float, why: str) -> None:
        self.why = why
        self._again_at = moment + min(self._rules.open_max_s, self._rules.open_s * 2**self._level)
        self._level = min(self._level + 1, 8)  # the power stays small, whatever comes
        self.opened, self._trial_until, self._row = True, None, 0
        self.epoch += 1
        self._window.clear()

    def _fails_often(self) -> bool:
        calls, failures = self._window.all, self._window.some
        return calls >= self._rules.window_calls and failures >= self._rules.rate * calls

    def _lapse(self) -> None:
        """A trial that has shown nothing in its time has failed, at that time."""
        if self.opened and self._trial_until is not None and self._clock() >= self._trial_until:
            self._open_at(self._trial_until, self.why)

    @property
    def level(self) -> int:
        """Openings since it was last well."""
        return self._level
