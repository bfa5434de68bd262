import asyncio

import pytest

from gateway.routing.replay import Replay
from troupe.wire.errors import EngineFailed, StreamBroken


async def counting(until, log=None):
    for number in range(until):
        if log is not None:
            log.append(number)
        yield number


async def all_of(reader):
    return [item async for item in reader]


async def test_each_reader_starts_anew_until_the_answer_has_begun() -> None:
    replay = Replay(counting(4), lambda _: 1)
    first = replay.reader()
    assert [await anext(first), await anext(first)] == [0, 1]
    await first.aclose()
    assert await all_of(replay.reader()) == [0, 1, 2, 3]


async def test_after_the_commit_the_running_reader_misses_nothing_and_no_other_begins() -> None:
    replay = Replay(counting(5), lambda _: 1)
    first = replay.reader()
    await anext(first)
    await anext(first)
    await first.aclose()
    second = replay.reader()
    assert await anext(second) == 0
    replay.commit()
    assert await all_of(second) == [1, 2, 3, 4]
    with pytest.raises(StreamBroken, match="not kept"):
        await anext(replay.reader())


async def test_nothing_is_pulled_before_it_is_wanted() -> None:
    pulled = []
    reader = Replay(counting(100, pulled), lambda _: 1).reader()
    await anext(reader)
    assert pulled == [0]
    await reader.aclose()


async def test_more_than_fits_is_not_kept() -> None:
    replay = Replay(counting(10), lambda _: 10, kept_bytes=25)
    first = replay.reader()
    assert [await anext(first) for _ in range(5)] == [0, 1, 2, 3, 4]
    await first.aclose()
    with pytest.raises(StreamBroken):
        await anext(replay.reader())


async def test_a_reader_given_up_while_it_waits_does_not_end_the_source() -> None:
    gate = asyncio.Event()

    async def source():
        yield "a"
        await gate.wait()
        yield "b"

    replay = Replay(source(), len)
    first = replay.reader()
    await anext(first)
    waiting = asyncio.ensure_future(anext(first))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    gate.set()
    assert await all_of(replay.reader()) == ["a", "b"]


async def test_a_source_that_breaks_breaks_every_reader() -> None:
    async def source():
        yield "a"
        raise EngineFailed("no more")

    replay = Replay(source(), len)
    for _ in range(2):
        with pytest.raises(EngineFailed):
            await all_of(replay.reader())
    assert isinstance(replay.error, EngineFailed)


async def test_closing_stops_the_waiting() -> None:
    ended = asyncio.Event()

    async def source():
        try:
            await asyncio.Event().wait()
            yield "never"
        finally:
            ended.set()

    replay = Replay(source(), len)
    waiting = asyncio.ensure_future(anext(replay.reader()))
    await asyncio.sleep(0.01)
    await replay.aclose()
    assert ended.is_set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
