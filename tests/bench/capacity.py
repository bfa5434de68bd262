"""`make bench-capacity`: how thousands of gateways and replicas behave, by the real pools and breakers on our clock.

Nothing is served: a call is a lease of `gateway.routing.pool` that ends after a time drawn from an exponential
distribution. Gateways know nothing of each other, as in life. Scenes: how load spreads, a zone of a third of the
replicas that dies without a word, and one replica that fails at every call. No sockets, one process, the same seed.
"""

from __future__ import annotations

import heapq
import json
import os
import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from gateway.routing.breaker import BreakerRules
from gateway.routing.pool import Lease, Pool, PoolRules
from troupe.wire.errors import CannotConnect, EngineFailed, TroupeError

ENGINE = "echo"
CALL_S = 1.0  # a call's mean time
BUSY = 4.0  # calls per replica, on average
SILENCE_S = 1.0  # until a peer without a sign is taken for frozen: four ticks of 250 ms
TRIES = 3
SEED = 20261127


@dataclass
class World:
    """Gateways with a pool each, replicas by number, and what happens next."""

    gateways: int
    replicas: int
    staggered: bool = True  # as gateways do: each begins its turns somewhere else
    now: float = 0.0
    dead: set[str] = field(default_factory=set)
    failing: set[str] = field(default_factory=set)
    load: dict[str, int] = field(default_factory=dict)  # calls at a replica, of all gateways
    calls: int = 0
    spoilt: list[float] = field(default_factory=list)  # when attempts failed
    lost: int = 0  # calls whose every try failed

    def __post_init__(self) -> None:
        self.random = random.Random(SEED)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        names = [f"10.0.{number // 256}.{number % 256}:50051" for number in range(self.replicas)]
        self.load = dict.fromkeys(names, 0)
        warm = PoolRules(BreakerRules(slow_start_s=0.001))
        turns = [self.random.randrange(1 << 16) if self.staggered else 0 for _ in range(self.gateways)]
        self.pools = [Pool(lambda: self.now, warm, turn=turn) for turn in turns]
        for pool in self.pools:
            pool.set_addresses(names)
        self.after(self._gap(), self._arrive)

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Have it happen so much later."""
        heapq.heappush(self._events, (self.now + seconds, next(self._order), what))

    def run(self, until: float, look: Callable[[], None] = lambda: None, every: float = 0.25) -> None:
        """Let time pass, and look now and then."""
        due = self.now + every
        while self._events and self._events[0][0] < until:
            self.now, _, what = heapq.heappop(self._events)
            if self.now >= due:
                look()
                due += every
            what()
        self.now = until

    def _gap(self) -> float:
        return self.random.expovariate(self.replicas * BUSY / CALL_S)

    def _arrive(self) -> None:
        self.after(self._gap(), self._arrive)
        self.calls += 1
        self._try(self.random.choice(self.pools), frozenset())

    def _try(self, pool: Pool, avoid: frozenset[str]) -> None:
        lease = pool.pick(ENGINE, avoid=avoid) if len(avoid) < TRIES else None
        if lease is None:
            self.lost += 1
            return
        self.load[lease.address] += 1
        if lease.address in self.dead:
            gone = CannotConnect("no sign of life")
            self.after(SILENCE_S, lambda: self._failed(pool, lease, avoid, gone))
        elif lease.address in self.failing:
            self.after(0.001, lambda: self._failed(pool, lease, avoid, EngineFailed("broken")))
        else:
            lease.began()
            self.after(self.random.expovariate(1 / CALL_S), lambda: self._ended(lease))

    def _failed(self, pool: Pool, lease: Lease, avoid: frozenset[str], error: TroupeError) -> None:
        self.load[lease.address] -= 1
        self.spoilt.append(self.now)
        lease.end(error)
        self._try(pool, avoid | {lease.address})

    def _ended(self, lease: Lease) -> None:
        self.load[lease.address] -= 1
        lease.end()


def together(gateways: int, replicas: int, seconds: float) -> dict[str, float]:
    """What would be if all gateways began their turns at the same replica."""
    return spread(gateways, replicas, seconds, staggered=False)


def spread(gateways: int, replicas: int, seconds: float, *, staggered: bool = True) -> dict[str, float]:
    """How unevenly replicas are loaded: the busiest and the 99th of a hundred over the mean, after a while."""
    world, worst, high = World(gateways, replicas, staggered), [], []

    def look() -> None:
        if world.now > seconds / 2:
            loads = sorted(world.load.values())
            mean = statistics.fmean(loads)
            worst.append(loads[-1] / mean)
            high.append(loads[int(len(loads) * 0.99)] / mean)

    world.run(seconds, look)
    return {"busiest_over_mean": statistics.fmean(worst), "p99_over_mean": statistics.fmean(high)}


def dead_zone(gateways: int, replicas: int, seconds: float) -> dict[str, float]:
    """A third of the replicas goes silent: what share of the calls notices, for how long, and are any lost?"""
    world = World(gateways, replicas)
    world.run(2.0)
    died_at, before = world.now, world.calls
    world.dead = set(list(world.load)[: replicas // 3])
    for pool in world.pools:  # each gateway's watch misses the ticks of each replica for itself
        for address in world.dead:
            late = SILENCE_S + world.random.random() * 0.25
            world.after(late, lambda pool=pool, address=address: pool.unreachable(address, "frozen"))
    peak = 0.0

    def look() -> None:
        nonlocal peak
        alive = [load for address, load in world.load.items() if address not in world.dead]
        peak = max(peak, statistics.fmean(alive))

    world.run(died_at + seconds, look)
    return {
        "delayed_calls": len(world.spoilt),
        "share_of_a_second": len(world.spoilt) / (replicas * BUSY / CALL_S),
        "last_delay_s": max(world.spoilt, default=died_at) - died_at,
        "lost_calls": world.lost,
        "load_of_the_others_over_before": peak / BUSY,
        "calls": world.calls - before,
    }


def one_rotten(gateways: int, replicas: int, seconds: float) -> dict[str, float]:
    """One replica fails at once, always: calls drawn to it until every gateway has learnt, and afterwards."""
    world = World(gateways, replicas)
    world.run(2.0)
    began, before = world.now, world.calls
    world.failing = {next(iter(world.load))}
    world.run(began + seconds)
    late = [at for at in world.spoilt if at > began + seconds / 2]
    return {
        "failed_attempts": len(world.spoilt),
        "share_first_half": (len(world.spoilt) - len(late)) / max(1, (world.calls - before) / 2),
        "share_second_half": len(late) / max(1, (world.calls - before) / 2),
        "lost_calls": world.lost,
    }


def main() -> None:
    """Every scene in two sizes, and the figures as the last line."""
    quick = os.environ.get("QUICK") == "1"
    sizes = [(4, 1000), (1000, 100)] if not quick else [(4, 100), (50, 20)]
    figures: dict[str, dict[str, float]] = {}
    for gateways, replicas in sizes:
        for scene in (spread, together, dead_zone, one_rotten):
            seconds = 8.0 if scene is not one_rotten or quick else 16.0
            found = scene(gateways, replicas, 4.0 if replicas == max(size[1] for size in sizes) else seconds)
            name = f"{scene.__name__}, {gateways} gateways, {replicas} replicas"
            figures[name] = found
            print(name, ", ".join(f"{key} {value:.3g}" for key, value in found.items()), sep=": ", flush=True)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
