"""The replicas of one target as routing sees them: which one is asked, and what calls have seen of each.

- Active checks say `reachable`, `unreachable` and `engine_state`; calls say the rest, through their leases.
- Transport failures eject the address, engine failures the engine at that address, slowness likewise - but never the
  last one that can be asked.
- The least outstanding work is asked, weighted by slow start; among near-equals a key finds what it has warm.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

from gateway.routing.breaker import Breaker, BreakerRules, State
from gateway.routing.latency import Latency
from gateway.routing.verdict import Blame, blame
from troupe.wire.errors import DeadlineExceeded, TroupeError

NEAR = 1.0
"""Loads that differ by no more than this are equal to a key."""


@dataclass(frozen=True, slots=True)
class PoolRules:
    """When a replica is ejected and when it comes back."""

    breaker: BreakerRules = field(default_factory=BreakerRules)
    slow_times: float = 5.0  # a replica is slow from this many times its peers' time to first byte on,
    slow_more_s: float = 0.3  # and this much more than theirs


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


class _Engine:
    """One engine at one address."""

    __slots__ = ("breaker", "latency", "not_ready")

    def __init__(self, clock: Callable[[], float], rules: BreakerRules) -> None:
        self.breaker = Breaker(clock, rules)
        self.latency = Latency()
        self.not_ready: str | None = None


class _Replica:
    """One address."""

    __slots__ = ("address", "breaker", "engines", "last_error", "lost", "outstanding")

    def __init__(self, address: str, clock: Callable[[], float], rules: BreakerRules) -> None:
        self.address = address
        self.breaker = Breaker(clock, rules)
        self.engines: dict[str, _Engine] = {}
        self.lost: str | None = None  # why it cannot be reached
        self.last_error = ""
        self.outstanding = 0


class _Candidate:
    """A replica that may be asked, with its load: the work it would have, weighted by its share of a full load."""

    __slots__ = ("known", "load", "replica", "share")

    def __init__(self, replica: _Replica, known: _Engine) -> None:
        self.replica = replica
        self.known = known
        self.share = min(replica.breaker.share(), known.breaker.share())
        self.load = (replica.outstanding + 1) / self.share


class Lease:
    """One call's hold on a replica."""

    def __init__(self, pool: Pool, replica: _Replica, engine: str, known: _Engine) -> None:
        self._pool, self._replica, self._known = pool, replica, known
        self.address = replica.address
        self.engine = engine
        self._trials = (replica.breaker.ask(), known.breaker.ask())
        self._epochs = (replica.breaker.epoch, known.breaker.epoch)
        self.probe = any(self._trials)
        self._since = pool.clock()
        self._begun = False
        self._ended = False
        replica.outstanding += 1

    def began(self) -> None:
        """The answer has begun: a trial has succeeded."""
        if self._begun or self._ended:
            return
        self._begun = True
        once = self._trials[1] and self._known.breaker.slow
        self._replica.breaker.began(trial=self._trials[0])
        self._known.breaker.began(trial=self._trials[1])
        self._epochs = (self._replica.breaker.epoch, self._known.breaker.epoch)
        self._pool.took(self._replica, self.engine, self._known, self._pool.clock() - self._since, once=once)

    def end(self, error: TroupeError | None = None) -> None:
        """Give the work back and judge the replica; a call that ends without a beginning or an error judges nothing."""
        if self._ended:
            return
        self._ended = True
        self._replica.outstanding -= 1
        if error is None and self._begun:
            self._replica.breaker.succeeded(self._epochs[0])
            self._known.breaker.succeeded(self._epochs[1])
        else:
            self._judge(error, Blame.NOBODY if error is None else blame(error))

    def drop(self) -> None:
        """Give the work back without a judgement: the caller left."""
        if not self._ended:
            self._ended = True
            self._replica.outstanding -= 1
            self._release(self._replica.breaker, self._known.breaker)

    def _judge(self, error: TroupeError | None, whose: Blame) -> None:
        address, engine = self._replica.breaker, self._known.breaker
        if error is None or whose is Blame.NOBODY:
            self._release(address, engine)
            return
        self._replica.last_error = error.message
        if whose is Blame.ADDRESS:
            address.failed(error.message, self._epochs[0], at_once=True)
            self._release(engine)
            return
        engine.failed(error.message, self._epochs[1])
        if self._trials[0] and not self._begun and isinstance(error, DeadlineExceeded):
            address.failed(error.message, self._epochs[0])  # the trial of the address has shown nothing
        else:
            address.began(trial=self._trials[0])  # what answers with a failure is there

    def _release(self, *breakers: Breaker) -> None:
        if self._begun:
            return
        for breaker, trial, epoch in zip(
            (self._replica.breaker, self._known.breaker), self._trials, self._epochs, strict=True
        ):
            if trial and breaker in breakers:
                breaker.released(epoch)


class Pool:
    """The replicas of one target."""

    def __init__(self, clock: Callable[[], float], rules: PoolRules | None = None) -> None:
        self.clock = clock
        self._rules = rules or PoolRules()
        self._replicas: dict[str, _Replica] = {}
        self._rotation = 0

    @property
    def size(self) -> int:
        """Replicas that can be reached."""
        return sum(replica.lost is None for replica in self._replicas.values())

    def set_addresses(self, addresses: Iterable[str]) -> None:
        """The replicas there are now: new ones start slowly, gone ones take no new call."""
        had = self._replicas
        self._replicas = {each: had.get(each) or self._join(each) for each in addresses}

    def reachable(self, address: str) -> None:
        """An active check got an answer; what calls ejected may be tried now, what was lost may be a new process."""
        replica = self._replicas.get(address)
        if replica is None:
            return
        back, replica.lost = replica.lost is not None, None
        # What answers checks and breaks calls, again and again, waits out its time.
        if back or replica.breaker.level <= 1:
            replica.breaker.half_open()
        if back:
            replica.breaker.start_slowly()
            for known in replica.engines.values():
                known.breaker.half_open()

    def unreachable(self, address: str, why: str) -> None:
        """Not serving, refused, or no answer: no new call from now on, not even a trial, until `reachable`."""
        if (replica := self._replicas.get(address)) is not None:
            replica.lost = why

    def engine_state(self, address: str, engine: str, why: str | None) -> None:
        """What a replica says of an engine: None = ready, else why it is not."""
        if (replica := self._replicas.get(address)) is not None:
            self._known(replica, engine).not_ready = why

    def pick(
        self, engine: str, *, key: str = "", avoid: Collection[str] = (), last_resort: bool = False
    ) -> Lease | None:
        """The replica to ask, with the call counted as its work; None = none may be asked now.

        As a last resort a replica is asked whose engine says it is not ready: what is known may be a second old.
        """
        able: list[_Candidate] = []
        for replica in self._replicas.values():
            known = self._known(replica, engine)
            if replica.address in avoid or not self._may(replica, known, last_resort=last_resort):
                continue
            if replica.breaker.opened or known.breaker.opened:
                return Lease(self, replica, engine, known)  # a trial goes first: it brings a replica back
            able.append(_Candidate(replica, known))
        if able:
            chosen = self._choose(able, key)
            return Lease(self, chosen.replica, engine, chosen.known)
        return self._forgiven(engine, avoid)

    def trouble(self, engine: str) -> str | None:
        """Why `pick` would give none; None = it would."""
        if not self._replicas:
            return "it has no replica"
        reasons = {}
        for replica in self._replicas.values():
            known = self._known(replica, engine)
            reason = self._obstacle(replica, known)
            if reason is None or _only_slow(replica, known):
                return None
            reasons[replica.address] = reason
        said = dict.fromkeys(reasons.values())
        return "; ".join(said)

    def view(self, engine: str) -> list[ReplicaView]:
        """Every replica, for people."""
        return [self._view(replica, self._known(replica, engine)) for replica in self._replicas.values()]

    def took(self, replica: _Replica, engine: str, known: _Engine, seconds: float, *, once: bool = False) -> None:
        """A first byte came after so long: eject what is far slower than its peers, while there is another to ask.

        `once`: it was tried after it had been ejected as slow; then this one sample is enough.
        """
        known.latency.add(seconds)
        if seconds < self._rules.slow_more_s or known.breaker.opened:
            return
        peers = [other for other in self._replicas.values() if other is not replica]
        known_peers = [(other, self._known(other, engine)) for other in peers]
        theirs = Latency.typical(peer.latency for other, peer in known_peers if self._obstacle(other, peer) is None)
        if theirs is None:
            return
        limit_s = max(self._rules.slow_times * theirs, self._rules.slow_more_s + theirs)
        if (own := seconds if once else known.latency.recent()) is not None and own > limit_s:
            known.breaker.open(f"it is slow: {own:.1f} s to its first byte, the others {theirs:.1f} s", slow=True)
            known.latency.forget()

    def _join(self, address: str) -> _Replica:
        return _Replica(address, self.clock, self._rules.breaker)

    def _known(self, replica: _Replica, engine: str) -> _Engine:
        if (known := replica.engines.get(engine)) is None:
            known = replica.engines[engine] = _Engine(self.clock, self._rules.breaker)
        return known

    def _may(self, replica: _Replica, known: _Engine, *, last_resort: bool) -> bool:
        if replica.lost is not None or (known.not_ready is not None and not last_resort):
            return False
        return replica.breaker.admits() and known.breaker.admits()

    def _obstacle(self, replica: _Replica, known: _Engine) -> str | None:
        if replica.lost is not None:
            return replica.lost
        if known.not_ready is not None:
            return known.not_ready
        for breaker in (replica.breaker, known.breaker):
            if not breaker.admits():
                return _ejected(breaker)
        return None

    def _choose(self, able: list[_Candidate], key: str) -> _Candidate:
        if len(able) == 1:
            return able[0]
        least = min(each.load for each in able)
        # While all of them start slowly, loads count in units of the largest share.
        within = NEAR / max(each.share for each in able) if key else 0.0
        near = [each for each in able if each.load <= least + within]
        if key and len(near) > 1:
            return max(near, key=lambda each: _weight(key, each.replica.address))
        self._rotation += 1
        return near[self._rotation % len(near)]

    def _forgiven(self, engine: str, avoid: Collection[str]) -> Lease | None:
        """A replica that is out for its slowness alone, since there is no other."""
        for replica in self._replicas.values():
            known = self._known(replica, engine)
            if replica.address not in avoid and _only_slow(replica, known):
                known.breaker.forgive()
                return Lease(self, replica, engine, known)
        return None

    def _view(self, replica: _Replica, known: _Engine) -> ReplicaView:
        states = {replica.breaker.state, known.breaker.state}
        state = next((each for each in (State.OPEN, State.HALF_OPEN) if each in states), State.CLOSED)
        p50_s, p99_s = known.latency.percentiles()
        return ReplicaView(
            replica.address,
            State.OPEN if replica.lost is not None else state,
            self._obstacle(replica, known) or "",
            replica.outstanding,
            round(p50_s * 1000, 1),
            round(p99_s * 1000, 1),
            replica.breaker.failures + known.breaker.failures,
            replica.last_error,
        )


def _weight(key: str, address: str) -> bytes:
    """Rendezvous hashing: the same in every process, and few keys move when a replica comes or goes."""
    return blake2b(f"{key}\n{address}".encode(), digest_size=8).digest()


def _only_slow(replica: _Replica, known: _Engine) -> bool:
    free = replica.lost is None and known.not_ready is None and replica.breaker.admits()
    return free and known.breaker.opened and known.breaker.slow


def _ejected(breaker: Breaker) -> str:
    if breaker.state is State.HALF_OPEN:
        return f"its trial call is under way ({breaker.why})"
    return f"ejected, asked again in {breaker.again_in_s:.1f} s: {breaker.why}"
