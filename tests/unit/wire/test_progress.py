from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest

from troupe.v1.engine_pb2 import Tick
from troupe.wire.progress import Progress, Ticker, in_thread, with_ticks

FAST_S = 0.01


async def collect(source: AsyncIterator[object], progress: Progress) -> list[object]:
    return [message async for message in with_ticks(source, progress, lambda tick: tick, FAST_S)]


async def slow(progress: Progress, *, beats: bool, messages: int = 3) -> AsyncIterator[object]:
    for number in range(messages):
        for _ in range(10):
            await asyncio.sleep(FAST_S / 2)
            if beats:
                progress.beat("working", number / messages)
        yield number


async def test_ticks_flow_while_the_work_advances() -> None:
    progress = Progress()
    came = await collect(slow(progress, beats=True), progress)
    ticks = [message for message in came if isinstance(message, Tick)]
    assert [message for message in came if isinstance(message, int)] == [0, 1, 2]
    assert len(ticks) >= 6
    assert [tick.sequence for tick in ticks] == list(range(1, len(ticks) + 1))
    assert ticks[-1].stage == "working"


async def test_a_frozen_worker_stops_the_ticks() -> None:
    progress = Progress()
    came = await collect(slow(progress, beats=False, messages=1), progress)
    assert len([message for message in came if isinstance(message, Tick)]) == 1  # acceptance, and no more


async def test_waiting_for_the_caller_is_not_freezing() -> None:
    progress = Progress()
    with progress.waiting("input"):
        came = await collect(slow(progress, beats=False, messages=1), progress)
    ticks = [message for message in came if isinstance(message, Tick)]
    assert len(ticks) >= 3
    assert {tick.stage for tick in ticks} == {"input"}


async def test_leaving_early_closes_the_source() -> None:
    closed = asyncio.Event()

    async def source() -> AsyncIterator[object]:
        try:
            while True:
                yield 1
                await asyncio.sleep(FAST_S)
        finally:
            closed.set()

    stream = with_ticks(source(), Progress(), lambda tick: tick, FAST_S)
    await anext(stream)
    await stream.aclose()
    assert closed.is_set()


async def test_an_error_of_the_source_passes_through() -> None:
    async def source() -> AsyncIterator[object]:
        yield 1
        raise ValueError("broke")

    with pytest.raises(ValueError, match="broke"):
        await collect(source(), Progress())


def test_beats_from_many_threads_are_all_seen() -> None:
    progress = Progress()
    threads = [threading.Thread(target=lambda: [progress.beat() for _ in range(500)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert progress.read()[0] == 1 + 2000


def test_a_ticker_says_nothing_twice_without_a_beat() -> None:
    progress = Progress()
    ticker = Ticker(progress)
    assert ticker.next() is not None
    assert ticker.next() is None
    progress.beat(fraction=0.5)
    tick = ticker.next()
    assert tick is not None
    assert (tick.sequence, tick.progress) == (2, 0.5)


async def test_work_in_a_thread_beats_while_it_uses_the_processor() -> None:
    progress = Progress()

    def busy() -> str:
        end = time.thread_time() + 0.1
        while time.thread_time() < end:
            pass
        return "done"

    assert await in_thread(busy, progress, "preparing", FAST_S) == "done"
    beats, _, stage, _ = progress.read()
    assert beats >= 3
    assert stage == "preparing"


async def test_work_that_hangs_in_a_thread_does_not_beat() -> None:
    progress = Progress()
    await in_thread(lambda: time.sleep(0.2), progress, "preparing", FAST_S)
    assert progress.read()[0] <= 3  # acceptance, and the moment it began


async def test_an_error_of_the_thread_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0, Progress(), "preparing")
