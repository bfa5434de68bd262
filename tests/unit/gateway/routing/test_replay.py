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


async def test_what_comes_in_the_moment_a_reader_is_given_up_is_the_next_ones() -> None:
    gate = asyncio.Event()

    async def source():
        await gate.wait()
        yield "a"
        yield "b"

    replay = Replay(source(), len)
    waiting = asyncio.ensure_future(anext(replay.reader()))
    await asyncio.sleep(0)
    gate.set()
    while replay._pending is None or not replay._pending.done():
        await asyncio.sleep(0)
    waiting.cancel()  # the item is there, and the reader has not taken it yet
    await asyncio.gather(waiting, return_exceptions=True)
    assert waiting.cancelled()
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


async def placed(reader):
    return [found async for found in reader]


async def words():
    for word in ("one ", "", "two ", "three"):
        yield word


def read_words(**more) -> Replay:
    return Replay(words(), len, len, **more)


async def test_it_is_read_again_from_the_item_that_holds_a_place() -> None:
    replay = read_words()
    everything = await placed(replay.reader_from(0))
    assert everything == [(0, "one "), (4, ""), (4, "two "), (8, "three")]
    assert (replay.taken, replay.ended) == (13, True)
    assert await placed(replay.reader_from(2)) == everything
    assert await placed(replay.reader_from(4)) == everything[1:]
    assert await placed(replay.reader_from(9)) == everything[3:]
    assert await placed(replay.reader_from(13)) == []
    assert list(replay.after(9)) == [(8, "three")]


async def test_what_was_let_go_is_forgotten_and_the_rest_is_kept() -> None:
    replay = read_words()
    await placed(replay.reader_from(0))
    replay.let_go(6)
    assert list(replay.after(0)) == [(4, "two "), (8, "three")]
    assert [replay.keeps(place) for place in (0, 3, 4, 6, 13)] == [False, False, True, True, True]
    assert await placed(replay.reader_from(5)) == [(4, "two "), (8, "three")]
    with pytest.raises(StreamBroken):
        await placed(replay.reader_from(3))
    replay.let_go(13)
    assert (replay.keeps(13), list(replay.after(0))) == (True, [])


async def test_a_running_reader_misses_nothing_of_what_is_let_go() -> None:
    replay = read_words()
    reader = replay.reader_from(0)
    seen = []
    async for place, word in reader:
        seen.append(word)
        replay.let_go(place + len(word))
    assert seen == ["one ", "", "two ", "three"]


async def test_the_oldest_is_forgotten_where_more_comes_than_there_is_room_for() -> None:
    replay = read_words(kept_bytes=9)
    assert len(await placed(replay.reader_from(0))) == 4
    assert list(replay.after(0)) == [(4, ""), (4, "two "), (8, "three")]
    assert not replay.keeps(0)
    assert await placed(replay.reader_from(4)) == [(4, ""), (4, "two "), (8, "three")]
