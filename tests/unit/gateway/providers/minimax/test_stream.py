import asyncio

import pytest

from gateway.providers.minimax.stream import CloudStream
from troupe.v1.media_pb2 import MediaChunk
from troupe.wire.errors import Cancelled, DeadlineExceeded, EngineFailed, Internal


async def no_inputs():
    return
    yield


class Ends(list):
    """How the stream told that it ended."""


def stream_of(source, ended=None, inputs=None, tick=lambda tick: MediaChunk(tick=tick), **limits):
    limits = {"timeout_s": 5.0, "first_s": 5.0} | limits
    return CloudStream(
        source,
        inputs or no_inputs(),
        commits=lambda chunk: bool(chunk.data),
        tick=tick,
        ended=(lambda _error: None) if ended is None else ended.append,
        **limits,
    )


async def test_messages_stages_and_the_end():
    async def source():
        yield MediaChunk(data=b"a")
        yield "rendered"
        await asyncio.sleep(0.6)
        yield MediaChunk(data=b"b")

    ended = Ends()
    chunks = [chunk async for chunk in stream_of(source, ended)]
    assert [chunk.data for chunk in chunks if chunk.data] == [b"a", b"b"]
    assert {chunk.tick.stage for chunk in chunks if chunk.HasField("tick")} == {"rendered"}
    assert ended == [None]


async def test_an_error_is_told_once_and_raised_again():
    async def source():
        yield MediaChunk(data=b"a")
        raise EngineFailed("no")

    ended = Ends()
    stream = stream_of(source, ended)
    await anext(stream)
    for _ in range(2):
        with pytest.raises(EngineFailed):
            await anext(stream)
    await stream.aclose()
    assert [type(error) for error in ended] == [EngineFailed]


async def test_a_defect_of_ours_ends_one_call(caplog):
    async def source():
        yield MediaChunk(data=b"a")
        raise ZeroDivisionError

    stream = stream_of(source)
    await anext(stream)
    with pytest.raises(Internal):
        await anext(stream)
    assert "ZeroDivisionError" in caplog.text


async def test_nothing_is_begun_before_it_is_asked_for_and_inputs_are_closed():
    begun, closed = [], []

    async def inputs():
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    async def source():
        begun.append(True)
        yield MediaChunk()

    given = inputs()
    await anext(given)
    stream = stream_of(source, inputs=given)
    await stream.aclose()
    assert (begun, closed) == ([], [True])
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_time_is_bounded_for_the_first_byte_and_in_all():
    async def slow():
        yield MediaChunk()  # no byte of the answer
        await asyncio.sleep(30)

    with pytest.raises(DeadlineExceeded, match="first byte"):
        [chunk async for chunk in stream_of(slow, first_s=0.1)]
    with pytest.raises(DeadlineExceeded, match="not finished"):
        [chunk async for chunk in stream_of(slow, timeout_s=0.1)]


async def test_abort_reaches_a_waiting_reader_and_one_that_comes_later():
    stopped = asyncio.Event()

    async def source():
        try:
            await asyncio.sleep(30)
            yield MediaChunk()
        finally:
            stopped.set()

    stream = stream_of(source, tick=None)
    reader = asyncio.create_task(anext(stream))
    await asyncio.sleep(0.05)
    stream.abort(Cancelled("over"))
    with pytest.raises(Cancelled):
        await reader
    assert stopped.is_set()
    early = stream_of(source)
    early.abort(Cancelled("over"))
    with pytest.raises(Cancelled):
        await anext(early)


async def test_leaving_says_nothing_about_the_rung():
    async def source():
        yield MediaChunk(data=b"a")
        await asyncio.sleep(30)

    ended = Ends()
    stream = stream_of(source, ended)
    await anext(stream)
    await stream.aclose()
    await stream.aclose()
    assert ended == []
