"""The processes that run voices: who has which voice, when one hangs, and what a cancelled request leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from svc_tts.engines.child import Child, ChildDied, ChildPool, Frame
from svc_tts.engines.piper.shelf import Chosen
from svc_tts.engines.piper.voice import Scales
from troupe.wire.errors import CheckpointBroken, EngineFailed
from troupe.wire.pulse import BEAT_S, Pulse

_WORKER = "svc_tts.engines.piper.worker"
_LONGEST_S = 120.0  # of one stretch, loading included
_PING_S = 0.4
_DEATHS = 2  # of one request by a fault: the voice is to blame
_FAULTS = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE}


@dataclass(frozen=True, slots=True)
class Order:
    """A row of ids to be spoken by one speaker of a voice; no ids = only load the voice."""

    chosen: Chosen
    ids: Sequence[int]
    scales: Scales
    speaker: int = 0


@dataclass(frozen=True, slots=True)
class Take:
    """What came of an order."""

    pcm: bytes
    frames: Sequence[float]  # of each id, where the voice tells


class Crew:
    """`size` processes that hold `held` voices among them."""

    def __init__(self, size: int, held: int, threads: int, rate: int, deadline_s: float) -> None:
        self.size = min(size, held)
        self._each = held // self.size
        self._deadline_s = deadline_s
        self._pool = ChildPool((_WORKER, str(self._each), str(threads), str(rate)), self.size, _LONGEST_S)
        self._loaded: WeakKeyDictionary[Child, OrderedDict[str, None]] = WeakKeyDictionary()
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[Take]] = set()

    @property
    def pool(self) -> ChildPool:
        """The processes."""
        return self._pool

    async def perform(self, order: Order, moved: Callable[[], None] = lambda: None) -> Take:
        """Speak; `moved` is called while the process works. Raises `CheckpointBroken` where the voice is to blame.

        Cancelled, it ends the work at the next node of the graph and leaves the process as good as before.
        """
        number = next(self._numbers)
        running: list[Child] = []
        task = asyncio.create_task(self._perform(order, number, running, moved))
        self._tasks.add(task)
        task.add_done_callback(self._done)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if running:
                with contextlib.suppress(ChildDied):
                    await running[0].tell({"cancel": number})
            else:
                task.cancel()
            raise

    async def check(self) -> None:
        """Idle processes answer; dead ones are replaced. Raises `EngineFailed`."""
        await self._pool.fill()
        for patience_s in (_PING_S, self._deadline_s):
            if all(await asyncio.gather(*(self._ping(patience_s) for _ in range(self._pool.idle)))):
                return
            await self._pool.fill()
        raise EngineFailed("the processes that run Piper's voices do not answer")

    async def close(self) -> None:
        """End all."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._pool.close()

    def _done(self, task: asyncio.Task[Take]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # nobody may be left to hear it

    async def _ping(self, patience_s: float) -> bool:
        if not self._pool.idle:
            return True  # all work by now, and each answer has a deadline of its own
        try:
            async with self._pool.child() as child, asyncio.timeout(patience_s):
                async for _ in child.ask({"ping": 0}):
                    pass
        except (TimeoutError, ChildDied):
            return False
        return True

    async def _perform(self, order: Order, number: int, running: list[Child], moved: Callable[[], None]) -> Take:
        """From another process where one dies; `_pool.size` may have been killed at once and not be missed yet."""
        faults, most = 0, self.size + 1
        for attempt in range(1, most + 1):
            child: Child | None = None
            try:
                async with self._pool.child(lambda each: self._liking(each, order)) as child:
                    running[:] = [child]
                    frame = await self._ask(child, order, number, moved)
                return _take(frame)
            except ChildDied as error:
                faults += _faulted(child)
                if error.hung or faults == _DEATHS:
                    raise CheckpointBroken(f"{order.chosen.voice.path.name} {_blame(error)}.") from error
                if attempt == most:
                    raise
            finally:
                running.clear()
        raise AssertionError("the last attempt returns or raises")

    async def _ask(self, child: Child, order: Order, number: int, moved: Callable[[], None]) -> Frame:
        """The answer of one process, watched by its processor time."""
        self._note(child, order)
        answer = asyncio.create_task(_only(child, _request(order, number)))
        pulse, moved_at = Pulse(child.pid), time.monotonic()
        try:
            while not (await asyncio.wait({answer}, timeout=BEAT_S))[0]:
                if pulse.beats():
                    moved_at = time.monotonic()
                    moved()
                elif time.monotonic() > moved_at + self._deadline_s:
                    await child.kill()
            return answer.result()
        finally:
            if not answer.done():
                answer.cancel()
                await asyncio.gather(answer, return_exceptions=True)

    def _liking(self, child: Child, order: Order) -> int:
        """One that has the voice, else one that has room."""
        loaded = self._loaded.get(child, OrderedDict())
        return 2 * (str(order.chosen.voice.path) in loaded) + (len(loaded) < self._each)

    def _note(self, child: Child, order: Order) -> None:
        loaded = self._loaded.setdefault(child, OrderedDict())
        loaded[str(order.chosen.voice.path)] = None
        loaded.move_to_end(str(order.chosen.voice.path))
        while len(loaded) > self._each:
            loaded.popitem(last=False)


def _faulted(child: Child | None) -> bool:
    """Whether it ended itself by a fault, and was not ended by somebody."""
    return child is not None and child.status is not None and -child.status in _FAULTS


def _blame(error: ChildDied) -> str:
    if error.hung:
        return f"was not done after {_LONGEST_S:g} s"
    return f"ended the process that ran it, {_DEATHS} times"


def _request(order: Order, number: int) -> dict[str, object]:
    return {
        "say": number,
        "path": str(order.chosen.voice.path),
        "identity": order.chosen.identity,
        "rate": order.chosen.voice.rate,
        "ids": list(order.ids),
        "scales": [order.scales.noise, order.scales.length, order.scales.noise_w],
        "speaker": order.speaker,
    }


async def _only(child: Child, request: dict[str, object]) -> Frame:
    async with contextlib.aclosing(child.ask(request)) as frames:
        async for frame in frames:
            return frame
    raise ChildDied("The process that speaks gave no answer.")


def _take(frame: Frame) -> Take:
    if why := frame.message.get("defect"):
        raise CheckpointBroken(why)
    return Take(frame.sound, frame.message.get("frames", ()))
