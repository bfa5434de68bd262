"""A world of requests, replicas and faults on a clock of its own, driven by chance through the real routing.

Requests come, wait, are tried, begin, break, go on, end or are given up; replicas die, freeze, fail, slow down, drain
and come back; active checks notice it now and then. The oracle hears of everything.
"""

from __future__ import annotations

from random import Random
from types import SimpleNamespace

from tests.unit.gateway.routing.oracle import Oracle, Shadow, WatchedGate, must

from gateway.routing.breaker import BreakerRules
from gateway.routing.budget import RetryBudget
from gateway.routing.gate import GateRules
from gateway.routing.journey import Journey, Over, Try, Wait
from gateway.routing.limit import LimitRules
from gateway.routing.need import Modality, Need
from gateway.routing.pool import Pool, PoolRules
from gateway.routing.priority import Priority
from gateway.routing.rung import Policy
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import (
    AllRungsFailed,
    CannotConnect,
    DeadlineExceeded,
    Draining,
    EngineFailed,
    Internal,
    InvalidArgument,
    Overloaded,
    RateLimited,
    StreamBroken,
    UnsupportedLanguage,
)

STEP_S = 0.004  # the mean time between two events
MOST_RIDES = 80
SMALL = GateRules(limit=LimitRules(initial=8, floor=2, ceiling=24))
ROW_ONLY = PoolRules(BreakerRules(window_calls=1 << 60), slow_times=float("inf"))
NEEDS = [
    *[Need(Modality.TEXT)] * 18,
    Need(Modality.TEXT, rungs=("second", "first")),
    Need(Modality.TEXT, rungs=("thrid",)),
]
KEYS = ["", "", "a conversation", "another one"]
ABLE = SimpleNamespace(features=("continue",))
UNABLE = SimpleNamespace(features=())
LOST = StreamBroken("the connection broke", lost="connection")
REFUSED = CannotConnect("refused")
BROKE = EngineFailed("it broke")
DEFECT = Internal("a defect")
GOING = Draining("going away")
LATE = DeadlineExceeded("too slow")
RARE = [BROKE, BROKE, Overloaded("full", retry_after_s=1), RateLimited("slow down"), UnsupportedLanguage("no"), DEFECT]
TRUTHS = ["up", "up", "up", "up", "up", "dead", "frozen", "failing", "slow", "draining", "hung", "hung"]


class Clock:
    """Virtual seconds."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class ModelRung:
    """A rung whose replicas the world makes up."""

    cloud = False
    modality = Modality.TEXT

    def __init__(self, name, replicas, clock, rules, info=ABLE) -> None:
        self.name = self.engine = name
        self.policy = Policy(timeout_s=8.0, attempts=2 if name == "second" else 3)
        self.pool = Pool(clock, rules)
        self.gate = WatchedGate(clock, SMALL)
        self.budget = RetryBudget(clock)
        self.info = info
        self.shadows = {f"{name}:{number}": Shadow(f"{name}:{number}") for number in range(replicas)}
        self.everyone = list(self.shadows.values())
        self.pool.set_addresses(self.shadows)
        self.skip = None

    def describe(self):
        return self.info

    def unusable(self):
        return None

    def trouble(self):
        return self.pool.trouble(self.engine)

    def can_serve(self, _need):
        return self.skip


class Ride:
    """One request and what the oracle notes of it."""

    __slots__ = (
        "asked",
        "avoid",
        "begun",
        "deadline_at",
        "free",
        "journey",
        "offered",
        "over",
        "pace",
        "probes",
        "rung",
        "rungs",
        "same_rung",
        "serials",
        "shadow",
        "since",
        "tried",
        "turn",
        "turn_rung",
    )

    def __init__(self) -> None:
        self.asked = 0
        self.avoid = set()
        self.offered = set()
        self.begun = self.over = self.free = False
        self.rung = self.tried = self.turn = self.turn_rung = None


class World:
    """Rungs, rides and chance."""

    def __init__(self, seed, *, exact=True) -> None:
        self.random = Random(seed)
        self.clock = Clock()
        self.oracle = Oracle(self.clock, exact=exact)
        rules = ROW_ONLY if exact else PoolRules()
        self.rungs = [
            ModelRung("first", 4, self.clock, rules),
            ModelRung("second", 3, self.clock, rules, UNABLE),
            ModelRung("third", 1, self.clock, rules),
        ]
        self.rides = []
        self.events = self.ends = 0
        self.tally = {}
        arrivals = 45 if seed // 2 % 2 else 90  # calm, or more than the gates take
        self.deeds = [self.act] * 240 + [self.arrive] * arrivals + [self.check] * 28 + [self.audit] * 12
        self.deeds += [self.leave] * 4 + [self.heal] * 4 + [self.fault] * 2 + [self.outage] * 2
        self.deeds += [self.engine_state, self.scale, self.cap]

    def run(self, events) -> None:
        """So many events; every invariant holds after each."""
        random, deeds, clock = self.random.random, self.deeds, self.clock
        gates = [rung.gate for rung in self.rungs]
        many = len(deeds)
        for _ in range(events):
            clock.now += STEP_S * 2 * random()
            deeds[int(random() * many)]()
            self.events += 1
            for gate in gates:
                gate.conserved()

    def drain(self) -> None:
        """Let every request end, and look at what is left."""
        while self.rides:
            self.clock.now += 0.1
            self.act()
            self.events += 1
        for rung in self.rungs:
            must(rung.gate.running == rung.gate.waiting == 0, "a turn is held by nobody")
            for replica in rung.pool._replicas.values():
                must(replica.outstanding == 0, "a lease is held by nobody")

    def arrive(self) -> None:
        if len(self.rides) >= MOST_RIDES:
            self.act()
            return
        random = self.random.random
        ride = Ride()
        ride.deadline_at = self.clock.now + (0.0 if random() < 0.01 else 0.05 + 10 * random() ** 2)
        ride.pace = 0.5 if random() < 0.8 else 0.06
        ride.same_rung = None if random() < 0.3 else random() < 0.2
        need = NEEDS[int(random() * len(NEEDS))]
        ride.rungs = len(need.rungs or self.rungs)
        ride.journey = Journey(
            self.rungs,
            need,
            deadline=Deadline(ride.deadline_at, self.clock),
            clock=self.clock,
            key=KEYS[int(random() * 4)],
            priority=Priority.BATCH if random() < 0.3 else Priority.LIVE,
        )
        self.rides.append(ride)
        self.go(ride)

    def go(self, ride) -> None:
        """Do what the journey says."""
        step = ride.journey.step()
        if isinstance(step, Try):
            self.oracle.tried(ride, step)
            ride.tried, ride.since, ride.begun, ride.turn = step, self.clock.now, False, None
        elif isinstance(step, Wait):
            must(ride.tried is None, "an attempt was forgotten")
            must(self.clock.now < ride.deadline_at, "waiting past the deadline")
            ride.turn, ride.turn_rung = step.turn, step.rung
        else:
            self.end(ride, step)

    def end(self, ride, over: Over | None) -> None:
        must(ride.tried is None or over is None, "it is over while an attempt runs")
        if over is not None and isinstance(over.error, AllRungsFailed | Overloaded):
            told = {attempt.rung for attempt in ride.journey.attempts}
            must(len(told) >= ride.rungs, "a rung was never looked at")
        self.oracle.over(ride, over.error if over else None)
        must(isinstance(ride.journey.step(), Over), "it goes on after its end")
        self.ends += 1
        name = type(over.error).__name__ if over else "served"
        self.tally[name] = self.tally.get(name, 0) + 1
        index = self.rides.index(ride)
        self.rides[index] = self.rides[-1]
        self.rides.pop()

    def act(self) -> None:
        """Something happens to one request."""
        if not self.rides:
            return
        ride = self.rides[int(self.random.random() * len(self.rides))]
        if ride.tried is None:
            self.go(ride)
        elif ride.begun:
            self.on(ride)
        else:
            self.first(ride)

    def first(self, ride) -> None:
        """Before the first byte."""
        truth, random = ride.shadow.truth, self.random.random
        waited = self.clock.now - ride.since
        if waited >= ride.tried.timeout_s:
            self.fail(ride, LATE)
        elif truth == "up" or (truth == "slow" and waited > 0.5):
            self.up(ride, random())
        elif truth == "dead":
            self.fail(ride, REFUSED)
        elif truth == "failing":
            self.fail(ride, BROKE)
        elif truth == "draining":
            self.fail(ride, GOING)
        elif truth == "frozen" and waited > 1:
            self.fail(ride, LOST)

    def up(self, ride, chance) -> None:
        if chance < 0.75:
            ride.journey.began()
            ride.begun = True
            self.oracle.began(ride)
        elif chance < 0.8:
            self.fail(ride, RARE[int((chance - 0.75) * 20 * len(RARE))])
        elif chance < 0.81:
            self.fail(ride, InvalidArgument("no such thing"))

    def on(self, ride) -> None:
        """After the first byte."""
        truth, chance = ride.shadow.truth, self.random.random()
        if truth in {"dead", "frozen"}:
            self.break_off(ride, LOST)
        elif chance < ride.pace:
            tried, ride.tried = ride.tried, None
            ride.journey.finished()
            self.oracle.ended(ride, tried.lease, None)
            self.end(ride, None)
        elif chance < ride.pace + 0.02 or truth == "failing":
            self.break_off(ride, BROKE)

    def fail(self, ride, error) -> None:
        tried, ride.tried = ride.tried, None
        ride.journey.failed(error)
        self.oracle.ended(ride, tried.lease, error)
        self.go(ride)

    def break_off(self, ride, error) -> None:
        if ride.same_rung is None:
            self.fail(ride, error)
            must(ride.over, "what began and broke goes on unasked")
            return
        tried, ride.tried = ride.tried, None
        ride.journey.broke(error, same_rung=ride.same_rung, features=frozenset({"continue"}))
        self.oracle.ended(ride, tried.lease, error)
        ride.begun, ride.asked = False, 0
        self.go(ride)
        if not ride.over and ride.tried is not None:
            must(not ride.same_rung or ride.tried.rung is tried.rung, "it goes on on a rung that cannot")
            must(ride.tried.rung is tried.rung or ride.tried.rung.info is ABLE, "it goes on where that is impossible")

    def leave(self) -> None:
        """A caller leaves."""
        if not self.rides:
            return
        ride = self.rides[int(self.random.random() * len(self.rides))]
        tried, ride.tried = ride.tried, None
        ride.journey.given_up()
        if tried is not None:
            self.oracle.ended(ride, tried.lease, "left")
        self.end(ride, None)

    def somewhere(self):
        rung = self.rungs[int(self.random.random() * 3)]
        return rung, rung.everyone[int(self.random.random() * len(rung.everyone))]

    def fault(self) -> None:
        _, shadow = self.somewhere()
        shadow.truth = TRUTHS[int(self.random.random() * len(TRUTHS))]

    def outage(self) -> None:
        """The same happens to every replica of a rung."""
        rung, _ = self.somewhere()
        truth = TRUTHS[int(self.random.random() * len(TRUTHS))]
        for shadow in rung.everyone:
            shadow.truth = truth

    def heal(self) -> None:
        _, shadow = self.somewhere()
        shadow.truth = "up"

    def check(self) -> None:
        """An active check of one replica."""
        rung, shadow = self.somewhere()
        if not shadow.present:
            return
        well = shadow.truth in {"up", "failing", "slow", "hung"}
        self.oracle.checked(shadow, reachable=well)
        if well:
            rung.pool.reachable(shadow.address)
        else:
            rung.pool.unreachable(shadow.address, f"it is {shadow.truth}")

    def engine_state(self) -> None:
        rung, shadow = self.somewhere()
        loading = self.random.random() < 0.2
        rung.pool.engine_state(shadow.address, rung.engine, "it is loading" if loading else None)

    def scale(self) -> None:
        """A replica leaves its name, or comes back as a new one."""
        rung, shadow = self.somewhere()
        if shadow.present and len(rung.shadows) > 1:
            shadow.present = False
            del rung.shadows[shadow.address]
        elif not shadow.present:
            rung.everyone.remove(shadow)
            rung.shadows[shadow.address] = Shadow(shadow.address)
            rung.everyone.append(rung.shadows[shadow.address])
        rung.pool.set_addresses(rung.shadows)

    def cap(self) -> None:
        rung, _ = self.somewhere()
        rung.gate.capped((0, 6, 12)[int(self.random.random() * 3)])

    def audit(self) -> None:
        """Look at one replica and one gate from outside."""
        rung, shadow = self.somewhere()
        self.oracle.audit(rung, shadow)
        holding = sum(
            ride.tried.rung is rung if ride.tried else ride.turn_rung is rung and ride.turn.admitted
            for ride in self.rides
        )
        must(rung.gate.running == holding, "a turn is held by nobody")
