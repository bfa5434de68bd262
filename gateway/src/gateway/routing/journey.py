"""One request's way along a chain: whom to ask next, for how long, and when to give up. Decisions only, no await.

    step() -> Wait   until the rung's gate admits it, then step() again
           -> Try    make this attempt, then tell: began, failed, finished, broke
           -> Over   it ends in this error

- Rungs that cannot serve are skipped; those in trouble are passed over while a healthy one is left, and stay a last
  resort.
- A rung is asked on at most `policy.attempts` of its replicas, none twice until an answer has begun.
- What is charged: a second attempt at a rung comes out of its retry budget, unless the attempt before it cost the rung
  nothing. A replica that is gone, drains or is full has done no work, or its work is lost with it: asking another one
  for it adds no load to what the rung was offered. An engine that failed has done the work.
- An answer that broke goes on like a new request, on the rung that began it first, then on later ones.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from gateway.routing.gate import Turn
from gateway.routing.need import Need
from gateway.routing.outcome import Attempt, nobody, nobody_goes_on, unknown
from gateway.routing.pool import Lease
from gateway.routing.priority import Priority
from gateway.routing.rung import Rung
from gateway.routing.verdict import Blame, Verdict, blame, judge
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import Cancelled, DeadlineExceeded, Draining, Overloaded, TroupeError

__all__ = ["Attempt", "Journey", "Over", "Try", "Wait"]

MOST_RESUMES = 5
"""An answer that breaks more often than this is given up."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until this turn is admitted."""

    rung: Rung
    turn: Turn


@dataclass(frozen=True, slots=True)
class Try:
    """Ask this replica, for so many seconds at most."""

    rung: Rung
    lease: Lease
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Over:
    """The request ends in this error."""

    error: TroupeError


class Journey:
    """The state of one request. Exactly one of `finished`, `given_up` and `Over` ends it."""

    def __init__(
        self,
        rungs: Sequence[Rung],
        need: Need,
        *,
        deadline: Deadline,
        clock: Callable[[], float],
        key: str = "",
        priority: Priority = Priority.LIVE,
        avoid: Collection[str] = (),
    ) -> None:
        self._chain = rungs
        self._need = need
        self._deadline = deadline
        self._clock = clock
        self._key = key
        self._priority = priority
        self._attempts: list[Attempt] = []
        self._healthy: deque[Rung] = deque()
        self._troubled: deque[Rung] = deque()  # a last resort
        self._rung: Rung | None = None  # being asked
        self._desperate = False  # it is asked although it is in trouble
        self._turn: Turn | None = None
        self._try: Try | None = None
        self._asked = 0  # attempts at this rung since the last answer began
        self._offered: set[str] = set()  # rungs that have counted this request as theirs
        self._noted = False  # why this rung did not serve
        self._free = False  # the next attempt at this rung costs it nothing more
        self._avoid = set(avoid)  # addresses that failed since the last answer began, or that a hedged twin asks
        self._begun = False
        self._resumes = 0
        self._features: frozenset[str] = frozenset()  # what it takes to go on with an answer
        self._broke_at = 0  # attempts noted before the last break
        self._error: TroupeError | None = None
        self._over = False
        self._sort(self._named())

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """What was asked in vain or passed over; once a rung serves, only what came before it or was asked."""
        if not self._begun or self._rung is None:
            return tuple(self._attempts)
        unneeded = {rung.name for rung in self._after(self._rung)}
        return tuple(
            attempt
            for attempt in self._attempts
            if attempt.rung != self._rung.name and (attempt.error is not None or attempt.rung not in unneeded)
        )

    @property
    def address(self) -> str | None:
        """The replica being asked."""
        return self._try.lease.address if self._try is not None else None

    def step(self) -> Wait | Try | Over:
        """What to do now."""
        if self._try is not None and not self._over:
            return self._try
        while not self._over:
            if self._deadline.remaining() <= 0:
                self._end(DeadlineExceeded("The time for this request was used up before a provider could begin."))
            elif self._rung is None and not self._next():
                self._end(self._in_vain())
            elif (step := self._ask()) is not None:
                return step
        return Over(self._error or Cancelled("This request is over."))

    def began(self) -> None:
        """The attempt has given its first byte."""
        if self._try is None or self._over:
            return
        self._begun = True
        self._try.lease.began()
        if self._turn is not None:
            self._turn.began()
        self._avoid.clear()

    def finished(self) -> None:
        """The answer has had its end."""
        if not self._over:
            self._over = True
            self._let_go(None)

    def given_up(self) -> None:
        """The caller has left."""
        if not self._over:
            tried, self._try = self._try, None
            if tried is not None:
                tried.lease.drop()
            self._end(Cancelled("The caller left."))

    def failed(self, error: TroupeError) -> None:
        """The attempt ended so; one that had begun ends the request with it."""
        if self._try is None or self._over:
            return
        rung, verdict = self._try.rung, judge(error)
        if verdict is Verdict.CALLERS or self._begun:
            self._end(error)
            return
        self._failed(rung, verdict, error)
        if verdict is Verdict.SKIPPED or not _may_ask_again(error):
            self._leave_rung()

    def broke(self, error: TroupeError, *, same_rung: bool, features: frozenset[str]) -> None:
        """The answer broke after it had begun and shall go on elsewhere: on this rung, else on one after it."""
        if self._try is None or self._over:
            return
        rung, verdict = self._try.rung, judge(error)
        self._resumes += 1
        if verdict is Verdict.CALLERS or self._resumes > MOST_RESUMES:
            self._end(error)
            return
        self._begun = False
        self._features = features
        self._failed(rung, Verdict.FAILED, error)
        self._broke_at = len(self._attempts)
        self._asked = 0
        later = () if same_rung else self._after(rung)
        self._healthy.clear()
        self._troubled.clear()
        self._sort(later)
        if (why := self._unable(rung)) is not None:
            self._attempts.append(Attempt(rung.name, Verdict.SKIPPED, None, why))
            self._leave_rung()

    def _named(self) -> Sequence[Rung]:
        """The chain, or those of it that the caller named, in the caller's order."""
        if not self._need.rungs:
            return self._chain
        named: dict[str, Rung] = {}
        for name in self._need.rungs:
            hits = [rung for rung in self._chain if name in {rung.name, rung.engine}]
            if not hits:
                self._end(unknown(self._need.modality, name, self._chain))
                return ()
            named.update({rung.name: rung for rung in hits if rung.name not in named})
        return tuple(named.values())

    def _after(self, rung: Rung) -> Sequence[Rung]:
        named = list(self._named())
        return named[named.index(rung) + 1 :] if rung in named else ()

    def _sort(self, rungs: Sequence[Rung]) -> None:
        """Skip what cannot serve; the healthy go before the troubled, each in the chain's order."""
        passed = []
        for rung in rungs:
            if (reason := self._unable(rung)) is not None:
                self._attempts.append(Attempt(rung.name, Verdict.SKIPPED, None, reason))
            elif (trouble := rung.trouble()) is not None:
                self._troubled.append(rung)
                passed.append(Attempt(rung.name, Verdict.FAILED, None, trouble))
            else:
                self._healthy.append(rung)
        if self._healthy:
            self._attempts.extend(passed)

    def _unable(self, rung: Rung) -> str | None:
        """Why it must be skipped: for the request, or for going on with an answer that another began."""
        if (reason := rung.can_serve(self._need)) is not None or not self._features:
            return reason
        info = rung.describe()
        missing = self._features.difference(info.features if info is not None else ())
        return f"it cannot go on with an answer: it lacks {', '.join(sorted(missing))}" if missing else None

    def _next(self) -> bool:
        """Take the next rung, if there is one."""
        while self._healthy:
            rung = self._healthy.popleft()
            if (trouble := rung.trouble()) is None:
                return self._take(rung, desperate=False)
            self._attempts.append(Attempt(rung.name, Verdict.FAILED, None, trouble))
            self._troubled.append(rung)
        return bool(self._troubled) and self._take(self._troubled.popleft(), desperate=True)

    @property
    def _elsewhere(self) -> bool:
        """Whether there is another rung after this one."""
        return bool(self._healthy or self._troubled)

    def _take(self, rung: Rung, *, desperate: bool) -> bool:
        self._rung, self._desperate = rung, desperate
        self._asked = 0
        self._free = self._noted = False
        return True

    def _ask(self) -> Wait | Try | None:
        """The next thing to do at this rung; None when it is left."""
        rung = self._rung
        if rung is None:
            return None
        if self._asked >= rung.policy.attempts:
            self._leave_rung()
            return None
        if self._turn is None:
            try:
                self._turn = rung.gate.enter(self._priority, begun=bool(self._resumes) and not self._elsewhere)
            except TroupeError as closed:  # full; or paused, for what its last calls have heard
                self._attempts.append(Attempt(rung.name, Verdict.FAILED, closed, closed.message))
                self._leave_rung()
                return None
        return self._attempt(rung) if self._turn.admitted else Wait(rung, self._turn)

    def _attempt(self, rung: Rung) -> Try | None:
        lease = rung.pool.pick(rung.engine, key=self._key, avoid=self._avoid, last_resort=self._desperate)
        if lease is None:
            if not self._noted:
                why = rung.trouble() or "none of its replicas can be asked now"
                self._attempts.append(Attempt(rung.name, Verdict.FAILED, None, why))
            self._leave_rung()
            return None
        if not self._paid(rung):
            lease.end()
            self._leave_rung()
            return None
        self._asked += 1
        self._try = Try(rung, lease, min(rung.policy.timeout_s, self._deadline.remaining()))
        return self._try

    def _paid(self, rung: Rung) -> bool:
        """Whether this attempt may be made: the first of a request is offered load, others are retries."""
        if rung.name not in self._offered:
            self._offered.add(rung.name)
            rung.budget.offered()
            return True
        return self._free or rung.budget.spend()

    def _failed(self, rung: Rung, verdict: Verdict, error: TroupeError) -> None:
        """Note it, judge the replica, and keep the turn for another attempt."""
        tried, self._try = self._try, None
        if tried is not None:
            tried.lease.end(error)
            self._avoid.add(tried.lease.address)
        if self._turn is not None:
            self._turn.again(error)
        self._free = blame(error) is Blame.ADDRESS or isinstance(error, Overloaded | Draining)
        self._attempts.append(Attempt(rung.name, verdict, error, error.message))
        self._noted = True

    def _leave_rung(self) -> None:
        turn, self._turn, self._rung = self._turn, None, None
        if turn is not None:
            turn.leave()

    def _in_vain(self) -> TroupeError:
        if self._resumes:
            return nobody_goes_on(self._attempts[self._broke_at :])
        return nobody(self._need, self._chain, self._attempts)

    def _end(self, error: TroupeError) -> None:
        self._over, self._error = True, error
        self._let_go(error)

    def _let_go(self, error: TroupeError | None) -> None:
        tried, self._try = self._try, None
        if tried is not None:
            tried.lease.end(error)
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.leave(error)


def _may_ask_again(error: TroupeError) -> bool:
    """Whether another replica of the same rung may do better."""
    return blame(error) is not Blame.NOBODY or isinstance(error, Overloaded)
