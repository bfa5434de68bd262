from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Self

import grpc
import grpc.aio
import pytest
from prometheus_client import CollectorRegistry

from troupe.v1 import engine_pb2, text_pb2, text_pb2_grpc
from troupe.wire.channels import open_channel
from troupe.wire.errors import Internal, NoFace
from troupe.wire.health import EngineBoard
from troupe.wire.interceptors import _hear_out
from troupe.wire.serving import Service, bind, make_server
from troupe.wire.statuses import from_rpc_error


class Moody(text_pb2_grpc.TextServicer):
    """Raises what it is told to."""

    def __init__(self) -> None:
        self.cancelled = asyncio.Event()

    async def Describe(self, request: object, context: object) -> engine_pb2.DescribeResponse:
        raise NoFace("No face. Send another picture.", faces=0)

    async def CountTokens(self, request: object, context: object) -> text_pb2.CountTokensResponse:
        raise ZeroDivisionError("a secret detail")

    async def Chat(self, request: object, context: object) -> AsyncIterator[text_pb2.ChatDelta]:
        try:
            yield text_pb2.ChatDelta(content="1")
            await asyncio.sleep(30)
        finally:
            self.cancelled.set()

    async def Complete(self, request: object, context: object) -> AsyncIterator[text_pb2.ChatDelta]:
        yield text_pb2.ChatDelta(content="1")
        raise NoFace("No face after all.")

    async def Connect(self, requests: object, context: object) -> AsyncIterator[text_pb2.ServerFrame]:
        raise NoFace("Refused before anything was read.")
        yield text_pb2.ServerFrame()  # makes this a stream, as the RPC is


class Fixture:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.moody = Moody()

    async def __aenter__(self) -> Self:
        service = Service("troupe.v1.Text", lambda s: text_pb2_grpc.add_TextServicer_to_server(self.moody, s))
        self.server = make_server([service], EngineBoard("troupe.v1.Text", []), self.registry)
        port = bind(self.server, "127.0.0.1", 0, "PORT")
        await self.server.start()
        self.channel = open_channel(f"127.0.0.1:{port}")
        self.stub = text_pb2_grpc.TextStub(self.channel)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.channel.close()
        await self.server.stop(None)

    def count(self, method: str, code: str) -> float:
        return self.registry.get_sample_value("troupe_rpc_total", {"method": method, "code": code}) or 0.0


async def test_a_leaf_raised_in_a_servicer_arrives_as_that_leaf() -> None:
    async with Fixture() as it:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await it.stub.Describe(engine_pb2.DescribeRequest(), timeout=5)
        error = from_rpc_error(caught.value)
        assert isinstance(error, NoFace)
        assert error.details == {"faces": "0"}
        assert it.count("Describe", "no_face") == 1


async def test_a_defect_is_logged_with_an_id_and_its_text_stays_inside(caplog: pytest.LogCaptureFixture) -> None:
    async with Fixture() as it:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await it.stub.CountTokens(text_pb2.CountTokensRequest(), timeout=5)
    error = from_rpc_error(caught.value)
    assert isinstance(error, Internal)
    assert "secret" not in error.message
    assert error.details["error_id"] in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_a_stream_that_breaks_keeps_what_was_sent_and_ends_in_the_leaf() -> None:
    async with Fixture() as it:
        call = it.stub.Complete(text_pb2.CompleteRequest(), timeout=5)
        assert (await call.read()).content == "1"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
        assert isinstance(from_rpc_error(caught.value), NoFace)


async def test_a_caller_that_leaves_ends_the_work() -> None:
    async with Fixture() as it:
        call = it.stub.Chat(text_pb2.ChatRequest(), timeout=30)
        assert (await call.read()).content == "1"
        call.cancel()
        await asyncio.wait_for(it.moody.cancelled.wait(), 5)
        for _ in range(100):
            if it.count("Chat", "cancelled"):
                break
            await asyncio.sleep(0.02)
        assert it.count("Chat", "cancelled") == 1


async def test_a_caller_that_is_still_writing_learns_why_it_was_refused() -> None:
    async def frames() -> AsyncIterator[text_pb2.ClientFrame]:
        for number in range(20):
            yield text_pb2.ClientFrame(id=number)
            await asyncio.sleep(0.001)

    async with Fixture() as it:
        for _ in range(20):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await it.stub.Connect(frames(), timeout=5).read()
            assert isinstance(from_rpc_error(caught.value), NoFace)


async def test_a_caller_that_never_stops_writing_is_refused_all_the_same() -> None:
    async def endless() -> AsyncIterator[text_pb2.ClientFrame]:
        while True:
            yield text_pb2.ClientFrame(id=1)
            await asyncio.sleep(0.01)

    async with Fixture() as it:
        with pytest.raises(grpc.aio.AioRpcError):
            async with asyncio.timeout(5):
                await it.stub.Connect(endless(), timeout=30).read()
        assert it.count("Connect", "no_face") == 1


async def numbers(seen: list[int], count: int, delay_s: float = 0.0) -> AsyncIterator[int]:
    for number in range(count):
        await asyncio.sleep(delay_s)
        seen.append(number)
        yield number


async def test_hearing_out_goes_on_where_the_servicer_stopped() -> None:
    seen: list[int] = []
    inputs = numbers(seen, 5)
    assert await anext(inputs) == 0
    await _hear_out(inputs)
    assert seen == [0, 1, 2, 3, 4]


async def test_hearing_out_does_not_last() -> None:
    started = time.monotonic()
    await _hear_out(numbers([], 10_000, 0.01))
    assert time.monotonic() - started < 2.0
