"""Planted bugs: each breaks routing in one place, as a slip of the hand would, and the model must notice it."""

from __future__ import annotations

from gateway.routing.breaker import Breaker, Hold, State
from gateway.routing.budget import RetryBudget
from gateway.routing.gate import Gate, Turn
from gateway.routing.journey import Journey
from gateway.routing.pool import Pool
from gateway.routing.priority import Priority
from gateway.routing.replica import Lease
from troupe.wire.deadlines import Deadline


def never_opens(patch) -> None:
    patch.setattr(Breaker, "_open_at", lambda self, moment, why: None)


def two_trials(patch) -> None:
    patch.setattr(Breaker, "admits", lambda self: not self.opened or self.state is State.HALF_OPEN)


def half_open_too_early(patch) -> None:
    real = Breaker._open_at
    patch.setattr(Breaker, "_open_at", lambda self, moment, why: real(self, moment - 0.5, why))


def a_hung_trial_holds_the_breaker(patch) -> None:
    patch.setattr(Breaker, "_lapse", lambda self: None)


def old_calls_judge_too(patch) -> None:
    real = Breaker.failed

    def failed(self, why, hold, *, at_once=False) -> None:
        real(self, why, Hold(self.epoch, trial=hold.trial), at_once=at_once)

    patch.setattr(Breaker, "failed", failed)


def budget_not_charged(patch) -> None:
    patch.setattr(RetryBudget, "spend", lambda self: True)


def lease_not_given_back(patch) -> None:
    patch.setattr(Lease, "_give_back", lambda self: True)


def deadline_ignored(patch) -> None:
    real = Journey.__init__

    def init(self, *args, deadline, clock, **more) -> None:
        real(self, *args, deadline=Deadline.after(3600, clock), clock=clock, **more)

    patch.setattr(Journey, "__init__", init)


def queue_unbounded(patch) -> None:
    patch.setattr(Gate, "_room", lambda self: 1 << 30)


def batch_before_live(patch) -> None:
    def admit(self) -> None:
        for priority in reversed(Priority):
            while self._queues[priority] and self._free(priority):
                self._start(self._queues[priority].popleft())

    patch.setattr(Gate, "_admit", admit)


def last_come_first_served(patch) -> None:
    class Backwards:
        def __init__(self, queue) -> None:
            self.popleft = queue.pop
            self.queue = queue

        def __bool__(self) -> bool:
            return bool(self.queue)

    real = Gate._admit

    def admit(self) -> None:
        queues, self._queues = self._queues, {each: Backwards(queue) for each, queue in self._queues.items()}
        try:
            real(self)
        finally:
            self._queues = queues

    patch.setattr(Gate, "_admit", admit)


def beyond_the_limit(patch) -> None:
    real = Gate._free
    patch.setattr(Gate, "_free", lambda self, priority: self.running == self.limit or real(self, priority))


def nobody_is_woken(patch) -> None:
    patch.setattr(Gate, "_admit", lambda self: None)


def turn_not_given_back(patch) -> None:
    real = Turn.leave
    patch.setattr(Turn, "leave", lambda self, error=None: real(self, error) if error is None else None)


def same_dead_replica_again(patch) -> None:
    real = Journey._failed

    def failed(self, *args) -> None:
        real(self, *args)
        self._avoid.clear()

    patch.setattr(Journey, "_failed", failed)


def two_ends(patch) -> None:
    real = Journey.finished

    def finished(self) -> None:
        real(self)
        self._over = False

    patch.setattr(Journey, "finished", finished)


def goes_on_unasked(patch) -> None:
    real = Journey.failed

    def failed(self, error) -> None:
        self._begun = False
        real(self, error)

    patch.setattr(Journey, "failed", failed)


def endless_attempts(patch) -> None:
    real = Journey._failed

    def failed(self, *args) -> None:
        real(self, *args)
        self._asked = 0

    patch.setattr(Journey, "_failed", failed)


def goes_on_on_any_rung(patch) -> None:
    real = Journey.broke

    def broke(self, error, *, same_rung, features) -> None:
        real(self, error, same_rung=False, features=frozenset())

    patch.setattr(Journey, "broke", broke)


def unreachable_ignored(patch) -> None:
    patch.setattr(Pool, "unreachable", lambda self, address, why: None)


def gone_replicas_stay(patch) -> None:
    def set_addresses(self, addresses) -> None:
        real(self, {**self._replicas, **dict.fromkeys(addresses)})

    real = Pool.set_addresses
    patch.setattr(Pool, "set_addresses", set_addresses)


def a_rung_forgotten(patch) -> None:
    real = Journey._sort

    def sort(self, rungs) -> None:
        real(self, rungs)
        if len(self._healthy) > 1:
            self._healthy.pop()

    patch.setattr(Journey, "_sort", sort)


def live_waits_for_batch(patch) -> None:
    real = Gate._ahead
    patch.setattr(Gate, "_ahead", lambda self, priority: real(self, Priority.BATCH))


MUTANTS = [
    never_opens,
    two_trials,
    half_open_too_early,
    a_hung_trial_holds_the_breaker,
    old_calls_judge_too,
    budget_not_charged,
    lease_not_given_back,
    deadline_ignored,
    queue_unbounded,
    batch_before_live,
    last_come_first_served,
    beyond_the_limit,
    nobody_is_woken,
    turn_not_given_back,
    same_dead_replica_again,
    two_ends,
    goes_on_unasked,
    endless_attempts,
    goes_on_on_any_rung,
    unreachable_ignored,
    gone_replicas_stay,
    a_rung_forgotten,
    live_waits_for_batch,
]
