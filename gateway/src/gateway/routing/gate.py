"""Admission to one rung: a concurrency limit that learns, and a short queue before it.

- `Limit` learns how many calls at a time the rung takes before its time to first byte suffers (limit.py).
- The queue costs a call less than half its unloaded time: who would wait longer is refused at once.
- Live goes before batch, first come first served within each; while live waits, or just has, batch holds a tenth.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gateway.routing.limit import Limit, LimitRules
from gateway.routing.priority import Priority
from troupe.wire.errors import Overloaded, RateLimited, TroupeError


@dataclass(frozen=True, slots=True)
class GateRules:
    """How long its queue is."""

    limit: LimitRules = LimitRules()  # noqa: RUF009  # frozen: shared by all
    queue: float = 0.4  # x limit: who waits last waits so much of a call's time
    max_wait_s: float = 10.0  # longer than this nobody waits, however slow the calls
    batch_share: float = 0.1  # of the limit, while live work has had to wait
    batch_calm_s: float = 1.0  # after the last wait of live work


NOW: Final = 0.1
"""Seconds; nobody is told to come back sooner."""


class Turn:
    """One call's place: waiting, admitted, or left."""

    __slots__ = ("_begun", "_called", "_gate", "_since", "_state", "_timed", "priority")

    def __init__(self, gate: Gate, priority: Priority) -> None:
        self._gate = gate
        self._state = "waiting"
        self._called: Callable[[], object] | None = None
        self._since = 0.0  # when it was admitted
        self._timed: float | None = None  # when the attempt began whose first byte is awaited and tells something
        self._begun = False  # the last attempt has given its first byte
        self.priority = priority

    @property
    def admitted(self) -> bool:
        """Whether it may ask the rung now."""
        return self._state == "admitted"

    def on_admitted(self, callback: Callable[[], object]) -> None:
        """Call this when it is admitted; at once if it is."""
        if self.admitted:
            callback()
        else:
            self._called = callback

    def began(self) -> None:
        """The first byte has come: a sample for the limit."""
        self._begun = True
        if self.admitted and self._timed is not None:
            self._gate.sample(self._gate.clock() - self._timed)
            self._timed = None

    def again(self, error: TroupeError) -> None:
        """An attempt failed, or its answer broke; the same turn is used for another, which is no sample.

        What breaks breaks together, and its attempts come as a herd: their time says how large that is.
        """
        if self.admitted:
            self._gate.heard(error)
            self._timed, self._begun = None, False

    def leave(self, error: TroupeError | None = None) -> None:
        """Give the place back, admitted or still waiting."""
        state, self._state = self._state, "left"
        self._called = None
        if state == "admitted":
            done = error is None and self._begun
            self._gate.left(self.priority, error, self._gate.clock() - self._since if done else None)
        elif state == "waiting":
            self._gate.gone(self)

    def admit(self, now: float) -> None:
        """For the gate."""
        self._state = "admitted"
        self._since = self._timed = now
        called, self._called = self._called, None
        if called is not None:
            called()


class Gate:
    """The way into one rung."""

    def __init__(self, clock: Callable[[], float], rules: GateRules | None = None) -> None:
        self.clock = clock
        self._rules = rules or GateRules()
        self._limit = Limit(clock, self._rules.limit)
        self._queues: dict[Priority, deque[Turn]] = {priority: deque() for priority in Priority}
        self._begun: deque[Turn] = deque()  # of answers that broke elsewhere
        self._cap = 0
        self._running = dict.fromkeys(Priority, 0)
        self._live_waited_at: float | None = None

    @property
    def limit(self) -> int:
        """Calls at a time."""
        learnt = self._limit.value
        return min(learnt, self._cap) if self._cap else learnt

    @property
    def running(self) -> int:
        """Calls admitted that have not left."""
        return self._running[Priority.LIVE] + self._running[Priority.BATCH]

    @property
    def waiting(self) -> int:
        """Calls in the queues."""
        return len(self._begun) + sum(map(len, self._queues.values()))

    def capped(self, most: int) -> None:
        """What the engine says it can take at a time, all its replicas together; 0 = it says nothing."""
        if most != self._cap:
            self._cap = most
            self._limit.believe(most)
            self._admit()

    def enter(self, priority: Priority, *, begun: bool = False) -> Turn:
        """A turn, admitted or waiting. Raises `Overloaded` at once when the wait would be too long.

        `begun`: of an answer that broke amid its words and has nowhere else to go on. It goes before all others and
        waits however long it takes: there are no more of them than answers that had been let in.
        """
        turn = Turn(self, priority)
        if begun:
            self._begun.append(turn)
            self._admit()
            return turn
        if not self._ahead(priority) and self._free(priority):
            self._start(turn)
            return turn
        if len(self._queues[priority]) >= self._room():
            raise self._full(priority)
        self._queues[priority].append(turn)
        self._note_wait(priority)
        return turn

    def sample(self, seconds: float) -> None:
        """A time to first byte."""
        self._limit.sample(seconds, self.running)
        self._admit()

    def heard(self, error: TroupeError) -> None:
        """An attempt ended so: the rung itself may have said that it is full."""
        if isinstance(error, Overloaded | RateLimited):
            self._limit.refused(self.running)

    def left(self, priority: Priority, error: TroupeError | None, seconds: float | None) -> None:
        """A call that was admitted is over; `seconds` where it took its whole way."""
        if error is not None:
            self.heard(error)
        if seconds is not None:
            self._limit.whole(seconds)
        self._running[priority] -= 1
        self._admit()

    def gone(self, turn: Turn) -> None:
        """A call that waited has left."""
        for queue in (self._begun, self._queues[turn.priority]):
            if turn in queue:
                queue.remove(turn)

    def _admit(self) -> None:
        while self._begun and self.running < self.limit:
            self._start(self._begun.popleft())
        for priority in Priority:
            queue = self._queues[priority]
            while queue and self._free(priority):
                self._start(queue.popleft())
                self._note_wait(priority)
            if queue:
                return  # batch does not overtake live

    def _start(self, turn: Turn) -> None:
        self._running[turn.priority] += 1
        turn.admit(self.clock())

    def _note_wait(self, priority: Priority) -> None:
        if priority is Priority.LIVE:
            self._live_waited_at = self.clock()

    def _free(self, priority: Priority) -> bool:
        if self.running >= self.limit:
            return False
        return priority is Priority.LIVE or self._calm() or self._running[priority] < self._batch_share()

    def _ahead(self, priority: Priority) -> int:
        """Calls that go before a new one."""
        return len(self._begun) + sum(len(self._queues[each]) for each in Priority if each <= priority)

    def _calm(self) -> bool:
        since = self._live_waited_at
        return since is None or self.clock() - since >= self._rules.batch_calm_s

    def _batch_share(self) -> int:
        return max(1, int(self._rules.batch_share * self.limit))

    def _room(self) -> int:
        """How many may wait."""
        room = max(1, int(self._rules.queue * self.limit))
        call_s = self._limit.call_s
        if call_s is not None and call_s > 0:
            room = min(room, int(self._rules.max_wait_s * self.limit / call_s))
        return room

    def _full(self, priority: Priority) -> Overloaded:
        ahead = self._ahead(priority) + 1
        wait_s = ahead * (self._limit.call_s or 1.0) / max(1, self.limit)
        return Overloaded(
            f"{self.running} requests run and {ahead - 1} wait: no room for another.",
            retry_after_s=round(max(NOW, wait_s), 1),
        )
