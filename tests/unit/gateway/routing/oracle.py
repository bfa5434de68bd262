"""What must hold in routing, told by a bookkeeping of its own: it hears what happens and shares no code with it."""

from __future__ import annotations

from collections import deque
from itertools import count

from gateway.routing.gate import Gate
from gateway.routing.priority import Priority
from gateway.routing.verdict import Blame, blame
from troupe.wire.errors import DeadlineExceeded, Draining, Overloaded

OPEN_S = 1.0
TRIAL_S = 2.0
IN_A_ROW = 3
FLOOR = 5  # retries
LONGEST_S = 4.0  # without even a trial
EPS = 1e-9


class Violation(AssertionError):
    """An invariant does not hold."""


def must(holds, what) -> None:
    if not holds:
        raise Violation(what)


class Ejection:
    """One breaker, as what calls have seen would have it."""

    __slots__ = ("era", "hint", "level", "probe_at", "row", "since")

    def __init__(self) -> None:
        self.since = None  # when it was ejected
        self.era = 0  # calls with a lower serial began before
        self.hint = False  # an active check says it may be back
        self.probe_at = None
        self.row = self.level = 0

    def lasts_s(self) -> float:
        return min(LONGEST_S, OPEN_S * 2 ** (self.level - 1))

    def eject(self, now, serial) -> None:
        self.since, self.era, self.hint, self.probe_at, self.row = now, serial, False, None, 0
        self.level += 1

    def settle(self, now, serial) -> None:
        if self.probe_at is not None and now >= self.probe_at + TRIAL_S:
            self.eject(self.probe_at + TRIAL_S, serial)

    def asked(self, now, lease) -> bool:
        """A call goes there: may it? Whether it is the trial."""
        if self.since is None:
            return False
        must(lease.probe, "a call that is no trial went to an ejected replica")
        must(self.hint or now >= self.since + self.lasts_s() - EPS, "a trial before its time")
        must(self.probe_at is None, "a second trial while one is under way")
        self.probe_at = now
        return True

    def back(self) -> None:
        self.since = self.probe_at = None
        self.row = IN_A_ROW - 1


class Shadow:
    """One replica: what is so, and what routing has been told."""

    __slots__ = ("address", "engine", "lost", "outstanding", "present", "transport", "truth")

    def __init__(self, address) -> None:
        self.address = address
        self.truth = "up"
        self.lost = False
        self.present = True
        self.outstanding = 0
        self.transport = Ejection()
        self.engine = Ejection()


class Oracle:
    """Hears of everything; raises `Violation` at the first thing that must not be."""

    def __init__(self, clock, *, exact: bool) -> None:
        self.clock = clock
        self.exact = exact  # the rules eject by failures in a row alone, so that the bookkeeping knows each ejection
        self.serials = count(1)
        self.serial = 0
        self.load = {}  # rung: {second: [offered, charged]}

    def tick(self) -> int:
        self.serial = next(self.serials)
        return self.serial

    def tried(self, ride, step) -> None:
        """The journey says: ask this replica."""
        now, lease, rung = self.clock.now, step.lease, step.rung
        remaining = ride.deadline_at - now
        must(not ride.over, "an attempt after the end")
        must(remaining > 0, "an attempt past the deadline")
        must(0 < step.timeout_s <= min(remaining, rung.policy.timeout_s) + EPS, "more time than there is")
        must(ride.turn is None or ride.turn.admitted or ride.turn_rung is not rung, "an attempt before its turn")
        shadow = rung.shadows.get(lease.address)
        must(shadow is not None and shadow.present, "a call to a replica that is gone")
        must(not shadow.lost, "a call to an unreachable replica")
        must(lease.address not in ride.avoid, "a replica asked twice")
        must(lease.probe or not lease.replica.breaker.opened, "a call to an open address")
        must(lease.probe or not lease.there.breaker.opened, "a call to an open engine")
        self._retries(ride, rung, now)
        shadow.outstanding += 1
        serial = self.tick()
        ride.shadow, ride.serials, ride.probes = shadow, [serial, serial], (False, False)
        if self.exact:
            for ejection in (shadow.transport, shadow.engine):
                ejection.settle(now, self.serial)
            ride.probes = (shadow.transport.asked(now, lease), shadow.engine.asked(now, lease))
        self.balanced(lease, shadow)

    def _retries(self, ride, rung, now) -> None:
        if ride.rung is not rung:
            ride.rung, ride.asked, ride.free = rung, 0, False
        ride.asked += 1
        must(ride.asked <= rung.policy.attempts, "more attempts than the policy allows")
        second = int(now)
        seconds = self.load.setdefault(rung.name, {})
        here = seconds.setdefault(second, [0, 0])
        if rung.name not in ride.offered:
            ride.offered.add(rung.name)
            here[0] += 1
        elif not ride.free:
            here[1] += 1
            for old in [each for each in seconds if each <= second - 10]:
                del seconds[old]
            offered = sum(each[0] for each in seconds.values())
            charged = sum(each[1] for each in seconds.values())
            must(charged <= max(FLOOR, 0.1 * offered), "more retries than the budget")

    def balanced(self, lease, shadow) -> None:
        must(lease.replica.outstanding == shadow.outstanding >= 0, "outstanding work miscounted")

    def began(self, ride) -> None:
        shadow = ride.shadow
        ride.avoid.clear()
        for place, ejection in enumerate((shadow.transport, shadow.engine)):
            ejection.settle(self.clock.now, self.serial + 1)
            if ride.probes[place] and ejection.since is not None:
                ejection.back()
                ride.serials[place] = self.tick()

    def ended(self, ride, lease, error) -> None:
        """An attempt is over: well (None), in an error, or given up ("left")."""
        shadow, now = ride.shadow, self.clock.now
        shadow.outstanding -= 1
        self.balanced(lease, shadow)
        if error is None:
            for serial, ejection in zip(ride.serials, (shadow.transport, shadow.engine), strict=True):
                if serial >= ejection.era:
                    ejection.row = ejection.level = 0
            return
        if error != "left":
            ride.avoid.add(lease.address)
            ride.free = blame(error) is Blame.ADDRESS or isinstance(error, Overloaded | Draining)
        if self.exact:
            self._judge(ride, shadow, error, now)
            self._agrees(lease.replica.breaker, shadow.transport)
            self._agrees(lease.there.breaker, shadow.engine)

    def _judge(self, ride, shadow, error, now) -> None:
        whose = Blame.NOBODY if error == "left" else blame(error)
        transport, engine = shadow.transport, shadow.engine
        transport.settle(now, self.serial + 1)
        engine.settle(now, self.serial + 1)
        if whose is Blame.ADDRESS and ride.serials[0] >= transport.era:
            transport.eject(now, self.tick())
        if whose is Blame.ENGINE and ride.serials[1] >= engine.era:
            engine.row += 1
            if engine.row >= IN_A_ROW or engine.since is not None:
                engine.eject(now, self.tick())
        if ride.begun:
            return
        if whose is Blame.ENGINE and ride.probes[0]:
            if not isinstance(error, DeadlineExceeded):
                transport.back()
            elif ride.serials[0] >= transport.era:
                transport.eject(now, self.tick())
        if whose is Blame.NOBODY:
            self._released(ride, transport, engine)
        elif whose is Blame.ADDRESS:
            self._released(ride, None, engine)

    def _agrees(self, breaker, ejection) -> None:
        must(breaker.opened == (ejection.since is not None), "ejected for no reason, or not for a good one")

    def _released(self, ride, *ejections) -> None:
        for probe, serial, ejection in zip(ride.probes, ride.serials, ejections, strict=True):
            if probe and ejection is not None and serial >= ejection.era:
                ejection.probe_at = None

    def checked(self, shadow, *, reachable) -> None:
        """An active check told the pool of a replica."""
        back, shadow.lost = shadow.lost and reachable, not reachable
        if back or (reachable and shadow.transport.level <= 1):
            shadow.transport.hint = True
        if back:
            shadow.engine.hint = True

    def over(self, ride, error) -> None:
        must(not ride.over, "two ends of one request")
        must(error is None or ride.journey.step().error is error, "an end that is none")
        ride.over = True

    def audit(self, rung, shadow) -> None:
        """What was ejected is tried again in time, whatever became of its trial."""
        replica = rung.pool._replicas.get(shadow.address)
        if replica is None or not self.exact:
            return
        now = self.clock.now
        for breaker, ejection in (
            (replica.breaker, shadow.transport),
            (replica.engine(rung.engine).breaker, shadow.engine),
        ):
            ejection.settle(now, self.serial + 1)
            self._agrees(breaker, ejection)
            waits = ejection.since is not None and ejection.probe_at is None
            if waits and now > ejection.since + ejection.lasts_s() + EPS:
                must(breaker.admits(), "it is kept out for too long")


class WatchedGate(Gate):
    """A gate whose every admission is checked."""

    def __init__(self, clock, rules) -> None:
        super().__init__(clock, rules)
        self.queued = {priority: deque() for priority in Priority}
        self.begun = deque()
        self.at_once = False  # an answer that has begun comes in, and nobody is before it
        self.queue_share = rules.queue

    def enter(self, priority, *, begun=False):
        self.at_once = begun and not self.begun and self.running < self.limit
        turn = super().enter(priority, begun=begun)
        must(not self.at_once, "an answer that has begun waits although there is room")
        if begun and not turn.admitted:
            self.begun.append(turn)
        elif not turn.admitted:
            self.queued[priority].append(turn)
            must(len(self.queued[priority]) <= max(1, int(self.queue_share * self.limit)), "a queue beyond its bound")
        return turn

    def gone(self, turn) -> None:
        super().gone(turn)
        (self.begun if turn in self.begun else self.queued[turn.priority]).remove(turn)

    def _start(self, turn) -> None:
        if self.at_once:
            self.at_once = False
            must(not self.queued[Priority.LIVE], "somebody waited although there was room")
        elif self.begun:
            must(self.begun.popleft() is turn, "a new one went before an answer that has begun")
        else:
            self._in_turn(turn)
        super()._start(turn)
        must(self.running <= self.limit, "more at a time than the limit")

    def _in_turn(self, turn) -> None:
        live, own = self.queued[Priority.LIVE], self.queued[turn.priority]
        must(turn.priority is Priority.LIVE or not live, "batch went before live")
        if own:
            must(own.popleft() is turn, "not first come first served")

    def conserved(self) -> None:
        waits = [*self.begun, *self.queued[Priority.LIVE]]
        must(self.waiting == len(waits) + len(self.queued[Priority.BATCH]), "a turn was lost")
        must(not waits or self.running >= self.limit, "somebody waits although there is room")
