"""An answer on its way: the attempts before its first byte, the answer itself, and where it goes on when it breaks.

The decisions are `Journey`'s; this module carries them out. An answer that breaks after its first byte is continued
where the call has a `Continuation`; else it ends in a typed error, never in silence.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from gateway.routing.journey import Attempt, Journey, Over, Try, Wait
from gateway.routing.need import Modality
from gateway.routing.observer import Observer
from gateway.routing.rung import Call, Rung, RungStream
from gateway.routing.trail import Trail
from gateway.routing.verdict import Verdict, judge
from troupe.wire.errors import DeadlineExceeded, StreamBroken, TroupeError
from troupe.wire.logs import in_words
from troupe.wire.traces import LEFT, OK

M = TypeVar("M")
log = logging.getLogger(__name__)


class Host(Protocol):
    """The chain, as an answer on its way needs it."""

    modality: Modality
    observer: Observer

    def told(self, attempts: Sequence[Attempt]) -> tuple[Attempt, ...]:
        """Those that a caller is told of."""
        ...

    def announce(self, rung: Rung, attempts: Sequence[Attempt], reason: str, request_id: str) -> None:
        """Tell of a fallback, where it is one."""
        ...


class Served(Generic[M]):
    """An answer that has begun: which rung gives it, what went before, and the messages from the first on."""

    def __init__(self, chain: Host, journey: Journey, call: Call[M]) -> None:
        self._chain = chain
        self._journey = journey
        self._call = call
        self._stream: RungStream[M] | None = None
        self._ready: list[M] = []  # come, and not read yet
        self._aborted: TroupeError | None = None
        self._turn_or_abort = asyncio.Event()
        self._over = False
        self._trail = Trail(chain.modality)
        self.rungs: list[Rung] = []  # those that gave a part of it

    @property
    def rung(self) -> Rung:
        """The rung that gives it now."""
        return self.rungs[-1]

    @property
    def address(self) -> str | None:
        """The replica that is being asked."""
        return self._journey.address

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Rungs that did not serve, and why."""
        return self._chain.told(self._journey.attempts)

    @property
    def beginning(self) -> tuple[M, ...]:
        """What has come and was not read yet: at first, everything up to the first byte."""
        return tuple(self._ready)

    @property
    def fallback_reason(self) -> str:
        """Why a rung before this one did not serve; empty when none had to be passed over."""
        reasons = {attempt.rung: attempt.why for attempt in self.attempts}
        return "; ".join(f"{rung}: {why}" for rung, why in reasons.items())

    async def begin(self) -> None:
        """Go along the chain up to the first byte."""
        try:
            await self._advance()
        except TroupeError as error:
            self._over = True
            self._trail.over(error.code)
            self._chain.observer.refused(self._chain.modality, error.code)
            raise
        self._chain.announce(self.rung, self.attempts, self.fallback_reason, self._call.request_id)

    def __aiter__(self) -> Served[M]:
        """Itself."""
        return self

    async def __anext__(self) -> M:
        """The next message; what breaks goes on elsewhere where it can."""
        while True:
            if self._ready:
                return self._ready.pop(0)
            if self._over or self._stream is None:
                raise StopAsyncIteration
            try:
                message = await anext(self._stream)
            except StopAsyncIteration:
                if self._whole():
                    self._finish()
                    raise
                await self._go_on(StreamBroken(f"{self.rung.name} ended before its answer did."))
            except TroupeError as error:
                await self._go_on(error)
            except BaseException:
                self._leave()
                raise
            else:
                self._take(message)

    def abort(self, error: TroupeError) -> None:
        """Stop the work; whoever reads gets this error."""
        self._aborted = self._aborted or error
        self._turn_or_abort.set()
        if self._stream is not None:
            self._stream.abort(error)

    async def aclose(self) -> None:
        """Stop the work if it has not ended."""
        self._leave()
        if self._stream is not None:
            await self._stream.aclose()

    async def _advance(self) -> None:
        """Do what the journey says until an attempt has begun. Raises what it ends in."""
        while True:
            if self._aborted is not None:
                self._leave()
                raise self._aborted
            step = self._journey.step()
            if isinstance(step, Over):
                self._over = True
                raise step.error
            if isinstance(step, Wait):
                await self._wait(step)
            elif await self._attempt(step):
                return

    async def _wait(self, step: Wait) -> None:
        self._turn_or_abort.clear()
        step.turn.on_admitted(self._turn_or_abort.set)
        try:
            async with asyncio.timeout(self._call.deadline.remaining()):
                await self._turn_or_abort.wait()
        except TimeoutError:
            return  # the journey sees that the time is used up
        except BaseException:
            self._leave()
            raise

    async def _attempt(self, step: Try) -> bool:
        """Make one attempt, up to its first byte. Whether it has begun."""
        rung, started = step.rung, self._call.deadline.clock()
        with self._trail.asking(rung.name, rung.engine, step.lease.address):
            self._stream = rung.open(self._call, step.lease.address, step.timeout_s)
        first: list[M] = []
        error = await self._first_byte(rung, self._stream, first, min(rung.policy.first_s, step.timeout_s))
        if error is None:
            self._journey.began()
            self._trail.answered(rung.name)
            self.rungs.append(rung)
            for message in first:  # only now: what a failed attempt sent was never the caller's
                self._take(message)
            self._chain.observer.first_byte_of(self._chain.modality, rung.name, self._call.deadline.clock() - started)
            return True
        await self._stream.aclose()
        self._judge(rung, error)
        return False

    async def _first_byte(
        self, rung: Rung, stream: RungStream[M], first: list[M], within_s: float
    ) -> TroupeError | None:
        """Read into `first` up to the first byte; what came instead of it."""
        try:
            async with asyncio.timeout(within_s):
                async for message in stream:
                    first.append(message)
                    if self._call.commits(message):
                        return None
            return StreamBroken(f"{rung.name} ended without an answer.")
        except TimeoutError:
            return DeadlineExceeded(f"{rung.name} gave no answer within {within_s:.1f} s.")
        except TroupeError as error:
            return error
        except BaseException:
            self._leave()
            await stream.aclose()
            raise

    def _judge(self, rung: Rung, error: TroupeError) -> None:
        """What a failed attempt means: the end, where no rung is to blame for it; else the journey says."""
        self._chain.observer.attempted(self._chain.modality, rung.name, error.code)
        self._trail.ended(error.code)
        own = self._aborted or self._call.input_error() or self._time_is_up(error)
        if own is not None:
            self._leave()
            raise own
        log.info("provider %s did not serve: %s", rung.name, in_words(error))
        self._journey.failed(error)

    def _time_is_up(self, error: TroupeError) -> DeadlineExceeded | None:
        """The caller's own deadline is no rung's fault."""
        if isinstance(error, DeadlineExceeded) and self._call.deadline.remaining() <= 0:
            return DeadlineExceeded("The time for this request was used up before an answer began.")
        return None

    async def _go_on(self, error: TroupeError) -> None:
        """Let the answer go on elsewhere. Raises `error`, or why nobody could go on."""
        if self._stream is not None:
            await self._stream.aclose()
        broken = self.rung
        self._chain.observer.attempted(self._chain.modality, broken.name, error.code)
        self._trail.ended(error.code)
        continuation = self._call.continuation
        own = self._aborted or self._call.input_error()
        if own is not None or judge(error) is Verdict.CALLERS:
            self._fail(own or error)
            raise own or error
        if continuation is None:
            self._fail(error)
            raise self._broken_off(error)
        if continuation.whole():  # it broke after its end
            self._finish()
            return
        why_not = continuation.resume(error)
        if why_not is not None:
            self._fail(error)
            raise self._broken_off(StreamBroken(f"{error.message} {why_not}"))
        self._journey.broke(error, same_rung=continuation.same_rung, features=continuation.features)
        await self._resume(error, broken)

    async def _resume(self, error: TroupeError, broken: Rung) -> None:
        try:
            await self._advance()
        except TroupeError as why:
            if why is self._aborted:
                raise
            if self._call.continuation is not None and self._call.continuation.whole():
                self._finish()  # that nothing more would come was known only now
                return
            nobody = StreamBroken(f"{error.message} Nobody could go on with the answer: {why.message}")
            raise self._broken_off(nobody) from why
        log.warning("resumed on %s (%s) %s", self.rung.name, in_words(error), self._call.request_id)
        self._chain.observer.resumed(self._chain.modality, self.rung.name)
        if self.rung is not broken:
            self._chain.announce(self.rung, self.attempts, self.fallback_reason, self._call.request_id)

    def _broken_off(self, error: TroupeError) -> TroupeError:
        """The same error, told to who watches the log: a caller's answer ends early."""
        log.warning("the answer of %s broke off: %s %s", self.rung.name, in_words(error), self._call.request_id)
        return error

    def _take(self, message: M) -> None:
        continuation = self._call.continuation
        fitted = message if continuation is None else continuation.fit(message)
        if fitted is not None:
            self._ready.append(fitted)

    def _whole(self) -> bool:
        return self._call.continuation is None or self._call.continuation.whole()

    def _finish(self) -> None:
        if not self._over:
            self._over = True
            self._trail.over(OK)
            self._chain.observer.attempted(self._chain.modality, self.rung.name, OK)
            self._journey.finished()

    def _fail(self, error: TroupeError) -> None:
        """It has ended badly, and is not to go on."""
        if self._over:
            return
        self._over = True
        self._trail.over(error.code)
        if error in {self._aborted, self._call.input_error()} or judge(error) is Verdict.CALLERS:
            self._journey.given_up()
        else:
            self._journey.failed(error)

    def _leave(self) -> None:
        if not self._over:
            self._over = True
            self._trail.over(LEFT)
            self._journey.given_up()
