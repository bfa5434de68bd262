"""One attempt at MiniMax as routing reads it: its messages, ticks between them, its end by error, abort or time.

The ticks are the gateway's own: they say that it waits for MiniMax and that its loop lives. Whether MiniMax lives is
judged by the limits of the client, and here by those of the attempt: until its first byte, and in all.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, Generic, TypeVar

from troupe.v1.engine_pb2 import Tick
from troupe.wire.errors import DeadlineExceeded, TroupeError
from troupe.wire.interceptors import defect
from troupe.wire.progress import TICK_INTERVAL_S

M = TypeVar("M")
CLOSE_S = 1.0


class CloudStream(Generic[M]):
    """Begun by the first `anext`; ended by its end, an error, `abort` or `aclose`."""

    def __init__(
        self,
        source: Callable[[], AsyncGenerator[M | str]],
        inputs: AsyncGenerator[Any],
        *,
        timeout_s: float,
        first_s: float,
        commits: Callable[[M], bool],
        tick: Callable[[Tick], M] | None,
        ended: Callable[[TroupeError | None], None],
    ) -> None:
        self._source = source
        self._inputs = inputs
        self._timeout_s = timeout_s
        self._first_s = first_s
        self._commits = commits
        self._tick = tick
        self._on_end = ended
        self._stage = "waiting for MiniMax"
        self._messages: AsyncGenerator[M | str] | None = None
        self._step: asyncio.Future[M | str] | None = None
        self._aborted: asyncio.Future[TroupeError] | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._first_timer: asyncio.TimerHandle | None = None
        self._ticks = 0
        self._due = 0.0
        self._error: TroupeError | None = None
        self._ended = False

    def __aiter__(self) -> CloudStream[M]:
        """Itself."""
        return self

    async def __anext__(self) -> M:
        """The next message; raises the leaf of what went wrong."""
        if self._error is not None:
            raise self._error
        if self._ended:
            raise StopAsyncIteration
        try:
            return await self._next()
        except StopAsyncIteration:
            await self._close(None)
            raise
        except TroupeError as error:
            self._error = error
            await self._close(error)
            raise
        except asyncio.CancelledError:
            await self.aclose()
            raise
        except Exception as error:  # a defect of ours ends this call and no other
            self._error = defect(error, "a call to MiniMax")
            await self._close(self._error)
            raise self._error from error

    def abort(self, error: TroupeError) -> None:
        """Stop the work at once; whoever reads gets this error."""
        if self._ended or self._error is not None:
            return
        if self._aborted is None:
            self._error = error
        elif not self._aborted.done():
            self._aborted.set_result(error)

    async def aclose(self) -> None:
        """Stop the work, if it has not ended, and close its input."""
        await self._close(self._error, left=self._error is None)

    def _begin(self) -> asyncio.Future[TroupeError]:
        loop = asyncio.get_running_loop()
        self._due = loop.time() + TICK_INTERVAL_S
        self._messages = self._source()
        late = DeadlineExceeded(f"MiniMax had not finished after {self._timeout_s:.0f} s.")
        self._timers = [loop.call_later(self._timeout_s, self.abort, late)]
        if self._first_s < self._timeout_s:
            slow = DeadlineExceeded(f"MiniMax gave no first byte within {self._first_s:.0f} s.")
            self._first_timer = loop.call_later(self._first_s, self.abort, slow)
            self._timers.append(self._first_timer)
        return loop.create_future()

    async def _next(self) -> M:
        aborted = self._aborted = self._aborted or self._begin()
        while True:
            message = await self._message(aborted)
            if not isinstance(message, str):
                break
            self._stage = message
        if self._first_timer is not None and self._commits(message):
            self._first_timer.cancel()
        return message

    async def _message(self, aborted: asyncio.Future[TroupeError]) -> M | str:
        assert self._messages is not None  # noqa: S101  # `_begin` made it
        self._step = self._step or asyncio.ensure_future(anext(self._messages))
        while not self._step.done():
            left = max(0.0, self._due - asyncio.get_running_loop().time()) if self._tick else None
            waits: set[asyncio.Future[Any]] = {self._step, aborted}
            await asyncio.wait(waits, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if aborted.done():
                raise aborted.result()
            if not self._step.done() and self._tick is not None:
                return self._ticked(self._tick)
        step, self._step = self._step, None
        return step.result()

    def _ticked(self, make: Callable[[Tick], M]) -> M:
        self._due = asyncio.get_running_loop().time() + TICK_INTERVAL_S
        self._ticks += 1
        return make(Tick(sequence=self._ticks, stage=self._stage))

    async def _close(self, error: TroupeError | None, *, left: bool = False) -> None:
        if self._ended:
            return
        self._ended = True
        for timer in self._timers:
            timer.cancel()
        if self._step is not None and not self._step.done():
            self._step.cancel()
            await asyncio.wait({self._step}, timeout=CLOSE_S)
        if self._step is not None and self._step.done() and not self._step.cancelled():
            self._step.exception()  # heard: nobody else will ask for it
        if self._messages is not None and (self._step is None or self._step.done()):
            await self._messages.aclose()
        await self._inputs.aclose()
        if not left:
            self._on_end(error)
