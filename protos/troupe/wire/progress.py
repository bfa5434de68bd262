"""Ticks: how a stream shows that the process doing the work advances.

The worker calls `Progress.beat` from whatever thread or process it works in; `with_ticks` turns beats into tick
messages each 250 ms. A worker that hangs stops beating, so the ticks stop, and the gateway knows within a second; one
that waits for its caller's input or for its turn in a queue is not stuck and says so with `waiting`.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from troupe.v1.engine_pb2 import Tick

M = TypeVar("M")
T = TypeVar("T")

TICK_INTERVAL_S = 0.25
LOOK_S = 0.1  # how often work in a thread is looked at
MISSED_TICKS = 4
"""A peer that missed this many is frozen."""


class Progress:
    """Beats of the process that does the work; safe to use from any thread."""

    def __init__(self, stage: str = "accepted") -> None:
        self._lock = threading.Lock()
        self._stage = stage
        self._fraction: float | None = None
        self._beats = 1  # acceptance itself
        self._waiting = 0

    def beat(self, stage: str | None = None, fraction: float | None = None) -> None:
        """Say that the work went on; `fraction` is 0..1 of the whole, where known."""
        # Without the lock, as this is done for each token: of two beats at once one may be lost, never both.
        self._beats += 1
        if stage:
            self._stage = stage
        if fraction is not None:
            self._fraction = fraction

    @contextmanager
    def waiting(self, stage: str) -> Iterator[None]:
        """Within this block the work waits for its caller or its turn: it is idle, not stuck."""
        with self._lock:
            self._waiting += 1
            before, self._stage = self._stage, stage
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1
                self._stage = before
                self._beats += 1

    def read(self) -> tuple[int, bool, str, float | None]:
        """Beats so far, whether it waits, the stage, and the fraction done."""
        with self._lock:
            return self._beats, self._waiting > 0, self._stage, self._fraction


async def in_thread(call: Callable[[], T], progress: Progress, stage: str, look_s: float = LOOK_S) -> T:
    """Run blocking work that cannot beat by itself in a thread; a beat each time its processor time went on."""
    ident: list[int] = []

    def run() -> T:
        ident.append(threading.get_ident())
        return call()

    work = asyncio.ensure_future(asyncio.to_thread(run))
    used = 0.0
    while not (await asyncio.wait({work}, timeout=look_s))[0]:
        # The pool keeps its threads, so the clock of one that just ended its work is still there.
        now = time.clock_gettime(time.pthread_getcpuclockid(ident[0])) if ident else 0.0
        if now > used:
            used = now
            progress.beat(stage)
    return work.result()


class Ticker:
    """Makes the next tick of a stream, if the work went on since the last one."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._seen = 0
        self._sequence = 0

    def next(self) -> Tick | None:
        """A tick, or None while nothing moves."""
        beats, waiting, stage, fraction = self._progress.read()
        if beats == self._seen and not waiting:
            return None
        self._seen = beats
        self._sequence += 1
        return Tick(sequence=self._sequence, stage=stage, progress=fraction)


async def with_ticks(
    source: AsyncIterator[M], progress: Progress, make: Callable[[Tick], M], interval_s: float = TICK_INTERVAL_S
) -> AsyncIterator[M]:
    """`source` with tick messages between its own, one each `interval_s` from now on while the work advances."""
    ticker = Ticker(progress)
    loop = asyncio.get_running_loop()
    due = loop.time()
    step: asyncio.Future[M] | None = None
    try:
        while True:
            step = step or asyncio.ensure_future(anext(source))
            done, _ = await asyncio.wait({step}, timeout=max(0.0, due - loop.time()))
            if done:
                try:
                    message = step.result()
                except StopAsyncIteration:
                    return
                finally:
                    step = None
                yield message
            if loop.time() >= due:
                due = loop.time() + interval_s
                if (tick := ticker.next()) is not None:
                    yield make(tick)
    finally:
        if step is not None:
            step.cancel()
            # Not awaited: what it raises has no one left to hear it, and must not hide why this stream ends.
            await asyncio.gather(step, return_exceptions=True)
        if hasattr(source, "aclose"):
            await source.aclose()
