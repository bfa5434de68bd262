"""The replicas of one target as routing sees them: which one is asked, and what is known of each.

- Active checks say `reachable`, `unreachable`, `engines` and `engine_state`; calls say the rest, through their leases.
- Transport failures eject the address, engine failures the engine at that address, slowness likewise - but never the
  last one that can be asked.
- The least outstanding work is asked, weighted by slow start; among near-equals a key finds what it has warm.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

from gateway.routing.breaker import BreakerRules
from gateway.routing.latency import Latency
from gateway.routing.replica import EngineThere, Lease, Replica, ReplicaView

__all__ = ["Lease", "Pool", "PoolRules", "ReplicaView"]

NEAR = 1.0
"""Loads that differ by no more than this are equal to a key."""


@dataclass(frozen=True, slots=True)
class PoolRules:
    """When a replica is ejected and when it comes back."""

    breaker: BreakerRules = field(default_factory=BreakerRules)
    slow_times: float = 5.0  # a replica is slow from this many times its peers' time to first byte on,
    slow_more_s: float = 0.3  # and this much more than theirs


class _Candidate:
    """A replica that may be asked, with its load: the work it would have, weighted by its share of a full load."""

    __slots__ = ("load", "replica", "share")

    def __init__(self, replica: Replica, there: EngineThere) -> None:
        self.replica = replica
        self.share = min(replica.breaker.share(), there.breaker.share())
        self.load = (replica.outstanding + 1) / self.share


class Pool:
    """The replicas of one target.

    `turn`: where among equals it begins. Of a thousand gateways that begin at the same one, that one gets thirty times
    the mean load (`make bench-capacity`): each begins somewhere else.
    """

    def __init__(self, clock: Callable[[], float], rules: PoolRules | None = None, *, turn: int = 0) -> None:
        self._clock = clock
        self._rules = rules or PoolRules()
        self._replicas: dict[str, Replica] = {}
        self._rotation = turn

    def size(self, engine: str) -> int:
        """Replicas that can be reached and have that engine."""
        return sum(replica.lost is None for replica in self._having(engine))

    def set_addresses(self, addresses: Iterable[str]) -> None:
        """The replicas there are now: new ones start slowly, gone ones take no new call."""
        had = self._replicas
        self._replicas = {each: had.get(each) or Replica(each, self._clock, self._rules.breaker) for each in addresses}

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
            for there in replica.engines.values():
                there.breaker.half_open()

    def unreachable(self, address: str, why: str) -> None:
        """Not serving, refused, or no answer: no new call from now on, not even a trial, until `reachable`."""
        if (replica := self._replicas.get(address)) is not None:
            replica.lost = why

    def engine_state(self, address: str, engine: str, why: str | None) -> None:
        """What a replica says of an engine: None = ready, else why it is not."""
        if (replica := self._replicas.get(address)) is not None:
            replica.engine(engine).not_ready = why

    def engines(self, address: str, names: Iterable[str]) -> None:
        """All engines that a replica has, ready or not: calls of others go to those that have them."""
        if (replica := self._replicas.get(address)) is not None:
            replica.runs = frozenset(names)

    def pick(
        self, engine: str, *, key: str = "", avoid: Collection[str] = (), last_resort: bool = False
    ) -> Lease | None:
        """The replica to ask, with the call counted as its work; None = none may be asked now.

        As a last resort a replica is asked whose engine says it is not ready: what is known may be a second old.
        """
        able: list[_Candidate] = []
        for replica in self._having(engine):
            there = replica.engine(engine)
            if replica.address in avoid or not replica.may(there, last_resort=last_resort):
                continue
            if replica.breaker.opened or there.breaker.opened:
                return self._lease(replica, engine)  # a trial goes first: it brings a replica back
            able.append(_Candidate(replica, there))
        if able:
            return self._lease(self._choose(able, key), engine)
        return self._forgiven(engine, avoid)

    def trouble(self, engine: str) -> str | None:
        """Why `pick` would give none; None = it would."""
        if not self._replicas:
            return "it has no replica"
        reasons: dict[str, None] = {}
        for replica in self._having(engine):
            there = replica.engine(engine)
            if (reason := replica.obstacle(there)) is None or replica.only_slow(there):
                return None
            reasons[reason] = None
        return "; ".join(reasons)

    def view(self, engine: str) -> list[ReplicaView]:
        """Every replica, for people."""
        return [replica.view(engine) for replica in self._replicas.values()]

    def _having(self, engine: str) -> list[Replica]:
        """Those that have the engine; where none has it, all: whoever asks nevertheless is told so by one of them."""
        replicas = list(self._replicas.values())
        return [replica for replica in replicas if replica.has(engine)] or replicas

    def _lease(self, replica: Replica, engine: str) -> Lease:
        return Lease(replica, engine, self._clock, self._first_byte)

    def _choose(self, able: list[_Candidate], key: str) -> Replica:
        if len(able) == 1:
            return able[0].replica
        least = min(each.load for each in able)
        # While all of them start slowly, loads count in units of the largest share.
        within = NEAR / max(each.share for each in able) if key else 0.0
        near = [each.replica for each in able if each.load <= least + within]
        if key and len(near) > 1:
            return max(near, key=lambda replica: _weight(key, replica.address))
        self._rotation += 1
        return near[self._rotation % len(near)]

    def _forgiven(self, engine: str, avoid: Collection[str]) -> Lease | None:
        """A replica that is out for its slowness alone, since there is no other."""
        for replica in self._having(engine):
            there = replica.engine(engine)
            if replica.address not in avoid and replica.only_slow(there):
                there.breaker.forgive()
                return self._lease(replica, engine)
        return None

    def _first_byte(self, lease: Lease, seconds: float, was_slow: bool) -> None:
        """Eject what is far slower than its peers; of one that was ejected for it before, one sample is enough."""
        there = lease.there
        there.latency.add(seconds)
        if seconds < self._rules.slow_more_s or there.breaker.opened:
            return
        peers = [each for each in self._replicas.values() if each is not lease.replica]
        well = [each.engine(lease.engine) for each in peers if each.obstacle(each.engine(lease.engine)) is None]
        theirs_s = Latency.typical(each.latency for each in well)
        own_s = seconds if was_slow else there.latency.recent()
        if theirs_s is None or own_s is None:
            return
        if own_s > max(self._rules.slow_times * theirs_s, self._rules.slow_more_s + theirs_s):
            why = f"it is slow: {own_s:.1f} s to its first byte, the others {theirs_s:.1f} s"
            there.breaker.open(why, slow=True)
            there.latency.forget()


def _weight(key: str, address: str) -> bytes:
    """Rendezvous hashing: the same in every process, and few keys move when a replica comes or goes."""
    return blake2b(f"{key}\n{address}".encode(), digest_size=8).digest()
