"""The life of vLLM in this process: loaded, watched, put to sleep, ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from svc_text.engines.vllm.model import DEAD, Vllm
from svc_text.engines.vllm.processes import Processes, processor_s
from troupe.wire.errors import EngineFailed
from troupe.wire.progress import Progress

LOOK_S = 0.2
LOADING_LOOK_S = 0.5
LOADED_PART = 0.9  # of the way; the rest is vLLM's own trial runs and the first token
WAKE_S = 120.0
ASLEEP = "vLLM does not wake up; its log above may say why. The service ends and is started again."

log = logging.getLogger(__name__)


async def load(
    start: Callable[[], Vllm], processes: Processes, size: int, loading: Callable[[float, str], None], name: str
) -> Vllm:
    """Run `start` in a thread; `loading` hears how far, by the memory of vLLM's processes against `size` bytes."""
    processes.guard()
    work = _in_thread(start)
    began, most = time.monotonic(), 0
    try:
        while not (await asyncio.wait({work}, timeout=LOADING_LOOK_S))[0]:
            most = max(most, processes.resident())
            part = LOADED_PART * min(1.0, most / size) if size else 0.0
            loading(part, f"{name}, {time.monotonic() - began:.0f} s")
    except asyncio.CancelledError:
        await processes.end()
        raise
    return work.result()


def _in_thread(call: Callable[[], Vllm]) -> asyncio.Future[Vllm]:
    """In one that a process which ends does not wait for: an import cannot be interrupted."""
    loop = asyncio.get_running_loop()
    work: asyncio.Future[Vllm] = loop.create_future()

    def tell(done: Callable[[], None]) -> None:
        if not work.done():
            done()

    def later(done: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(tell, done)

    def run() -> None:
        try:
            made = call()
        except Exception as error:  # noqa: BLE001  # told where it is awaited
            later(partial(work.set_exception, error))
        else:
            later(partial(work.set_result, made))

    threading.Thread(target=run, name="vllm-load", daemon=True).start()
    return work


class Life:
    """A loaded model, the chats in hand, and the watch over its processes."""

    def __init__(self, vllm: Vllm, processes: Processes, idle_s: float, end: Callable[[str], None]) -> None:
        self.vllm = vllm
        self._processes = processes
        self._idle_s = idle_s
        self._end = end
        self._running: set[Progress] = set()
        self._last_used = time.monotonic()
        self._asleep = False
        self._turning = asyncio.Lock()  # between sleep and wake
        self._watch = asyncio.create_task(self._watched())

    @asynccontextmanager
    async def chat(self, progress: Progress) -> AsyncIterator[Any]:
        """The model, awake, for one chat; raises `EngineFailed` once its processes are gone."""
        self._running.add(progress)
        try:
            await self._awake(progress)
            self.vllm.require_life()
            yield self.vllm
        finally:
            self._running.discard(progress)
            self._last_used = time.monotonic()

    async def stop(self) -> None:
        """End it; what vLLM leaves behind is killed."""
        self._watch.cancel()
        await asyncio.gather(self._watch, return_exceptions=True)
        await asyncio.to_thread(self.vllm.engine.shutdown)
        await self._processes.end()

    async def _watched(self) -> None:
        """Beat for the chats while vLLM's processes compute; tell when they are gone."""
        used = 0.0
        pids = self._processes.pids
        while not self.vllm.engine.errored:
            await asyncio.sleep(LOOK_S)
            if self._running:
                now = processor_s(pids)
                if now > used:
                    for progress in self._running:
                        progress.beat()
                used = now
            elif self._idle_s and not self._asleep and time.monotonic() - self._last_used > self._idle_s:
                await self._sleep()
        self._end(DEAD)

    async def _sleep(self) -> None:
        async with self._turning:
            if self._running:
                return
            try:
                await self.vllm.sleep()
            except EngineFailed as error:
                log.warning("vLLM does not sleep, and is not asked to again: %s", error.message)
                self._idle_s = 0.0
            else:
                self._asleep = True
                log.info("vLLM sleeps: nobody asked for %.0f s", self._idle_s)

    async def _awake(self, progress: Progress) -> None:
        if not (self._asleep or self._turning.locked()):
            return
        with progress.waiting("waking"):
            async with self._turning:
                if self._asleep:
                    await self._wake()
                    self._asleep = False

    async def _wake(self) -> None:
        """One that does not wake is as good as dead: the service ends."""
        try:
            async with asyncio.timeout(WAKE_S):
                await self.vllm.wake()
        except (EngineFailed, TimeoutError) as error:
            self._end(ASLEEP)
            raise EngineFailed(ASLEEP, engine="vllm") from error
