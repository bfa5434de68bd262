"""A replica as routing sees it, and the lease that a call holds on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.routing.breaker import Breaker, BreakerRules, State
from gateway.routing.latency import Latency
from gateway.routing.verdict import Blame, blame
from troupe.wire.errors import DeadlineExceeded, TroupeError


@dataclass(frozen=True, slots=True)
class ReplicaView:
    """A replica for people to look at."""

    address: str
    state: State
    why: str  # it is not asked; empty when it is
    outstanding: int  # calls of all engines at that address
    p50_ms: float  # until the first byte
    p99_ms: float
    failures: int
    last_error: str
    ejections: int  # times a breaker opened


class EngineThere:
    """One engine at one address."""

    __slots__ = ("breaker", "latency", "not_ready")

    def __init__(self, clock: Callable[[], float], rules: BreakerRules) -> None:
        self.breaker = Breaker(clock, rules, warm=True)  # a new address starts slowly as a whole
        self.latency = Latency()
        self.not_ready: str | None = None  # what it says itself


class Replica:
    """One address."""

    __slots__ = ("_clock", "_rules", "address", "breaker", "engines", "last_error", "lost", "outstanding", "runs")

    def __init__(self, address: str, clock: Callable[[], float], rules: BreakerRules) -> None:
        self._clock, self._rules = clock, rules
        self.address = address
        self.breaker = Breaker(clock, rules)
        self.engines: dict[str, EngineThere] = {}
        self.lost: str | None = None  # why it cannot be reached, as active checks say
        self.runs: frozenset[str] | None = None  # the engines it has, ready or not; None = it has not said
        self.last_error = ""
        self.outstanding = 0

    def engine(self, name: str) -> EngineThere:
        """What is known of that engine here."""
        if (there := self.engines.get(name)) is None:
            there = self.engines[name] = EngineThere(self._clock, self._rules)
        return there

    def has(self, engine: str) -> bool:
        """Whether that engine is there, as far as it has said."""
        return self.runs is None or engine in self.runs

    def may(self, there: EngineThere, *, last_resort: bool) -> bool:
        """Whether a call may go there now."""
        if self.lost is not None or (there.not_ready is not None and not last_resort):
            return False
        return self.breaker.admits() and there.breaker.admits()

    def obstacle(self, there: EngineThere) -> str | None:
        """Why no call goes there now, for people; None = one may."""
        if self.lost is not None:
            return self.lost
        if there.not_ready is not None:
            return there.not_ready
        return next((breaker.told() for breaker in (self.breaker, there.breaker) if not breaker.admits()), None)

    def only_slow(self, there: EngineThere) -> bool:
        """Whether its slowness alone keeps calls away: then it is better than none."""
        free = self.lost is None and there.not_ready is None and self.breaker.admits()
        return free and there.breaker.opened and there.breaker.slow

    def view(self, engine: str) -> ReplicaView:
        """For people."""
        there = self.engine(engine)
        states = {self.breaker.state, there.breaker.state}
        state = next((each for each in (State.OPEN, State.HALF_OPEN) if each in states), State.CLOSED)
        p50_s, p99_s = there.latency.percentiles()
        return ReplicaView(
            self.address,
            State.OPEN if self.lost is not None else state,
            self.obstacle(there) or ("" if self.has(engine) else f"it has no {engine}"),
            self.outstanding,
            round(p50_s * 1000, 1),
            round(p99_s * 1000, 1),
            self.breaker.failures + there.breaker.failures,
            self.last_error,
            self.breaker.epoch + there.breaker.epoch,
        )


class Lease:
    """One call's hold on a replica. `began` and `end` may come twice; the first time counts."""

    def __init__(
        self,
        replica: Replica,
        engine: str,
        clock: Callable[[], float],
        on_first_byte: Callable[[Lease, float, bool], None],
    ) -> None:
        self.replica = replica
        self.there = replica.engine(engine)
        self.address = replica.address
        self.engine = engine
        self._address_hold = replica.breaker.ask()
        self._engine_hold = self.there.breaker.ask()
        self.probe = self._address_hold.trial or self._engine_hold.trial
        self._clock = clock
        self._since = clock()
        self._on_first_byte = on_first_byte
        self._begun = False
        self._ended = False
        replica.outstanding += 1

    def began(self) -> None:
        """The answer has begun: a trial has succeeded."""
        if self._begun or self._ended:
            return
        self._begun = True
        was_slow = self._engine_hold.trial and self.there.breaker.slow
        self.replica.breaker.began(self._address_hold)
        self.there.breaker.began(self._engine_hold)
        self._on_first_byte(self, self._clock() - self._since, was_slow)

    def end(self, error: TroupeError | None = None) -> None:
        """Give the work back and judge the replica by how the call ended."""
        if not self._give_back():
            return
        if error is None and self._begun:
            self.replica.breaker.succeeded(self._address_hold)
            self.there.breaker.succeeded(self._engine_hold)
        elif error is None or (whose := blame(error)) is Blame.NOBODY:
            self._release()
        else:
            self.replica.last_error = error.message
            self._failed(error, whose)

    def drop(self) -> None:
        """Give the work back without a judgement: the caller left, or nothing was asked."""
        if self._give_back():
            self._release()

    def _give_back(self) -> bool:
        if self._ended:
            return False
        self._ended = True
        self.replica.outstanding -= 1
        return True

    def _release(self) -> None:
        if not self._begun:
            self.replica.breaker.released(self._address_hold)
            self.there.breaker.released(self._engine_hold)

    def _failed(self, error: TroupeError, whose: Blame) -> None:
        if whose is Blame.ADDRESS:
            self.replica.breaker.failed(error.message, self._address_hold, at_once=True)
            self.there.breaker.released(self._engine_hold)
            return
        self.there.breaker.failed(error.message, self._engine_hold)
        if self._begun or not self._address_hold.trial:
            return
        if isinstance(error, DeadlineExceeded):
            self.replica.breaker.failed(error.message, self._address_hold)  # the trial has shown nothing
        else:
            self.replica.breaker.began(self._address_hold)  # what answers with a failure is there
