"""svc-text as a real process on a real socket: Chat and Connect give the same, leave nothing behind, and drain."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import AsyncIterator

import grpc
import grpc.aio
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from troupe.v1 import engine_pb2, text_pb2, text_pb2_grpc
from troupe.wire.channels import open_channel
from troupe.wire.errors import Draining, EngineFailed, UnknownEngine
from troupe.wire.statuses import from_rpc_error

COUNT = " ".join(str(number) for number in range(1, 51))


@pytest.fixture(scope="module")
def service(start_service_once):
    return start_service_once("svc_text", TROUPE_TEXT_ENGINES="echo")


@pytest.fixture
async def stub(service) -> AsyncIterator[text_pb2_grpc.TextStub]:
    async with open_channel(service.grpc) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest(service="troupe.v1.Text/echo"), timeout=10)
        async for state in watch:
            if state.status == health_pb2.HealthCheckResponse.SERVING:
                break
        watch.cancel()
        yield text_pb2_grpc.TextStub(channel)


def asking(text: str = "hello", **echo: int) -> text_pb2.ChatRequest:
    request = text_pb2.ChatRequest(engine="echo", echo=text_pb2.EchoSettings(**echo))
    request.messages.add(role=text_pb2.ROLE_USER).content.add(text=text)
    return request


def frames(*requests: text_pb2.ChatRequest) -> list[text_pb2.ClientFrame]:
    return [
        text_pb2.ClientFrame(id=number, start=text_pb2.StartChat(request=request))
        for number, request in enumerate(requests, 1)
    ]


async def sent(*these: text_pb2.ClientFrame) -> AsyncIterator[text_pb2.ClientFrame]:
    for frame in these:
        yield frame


async def outstanding(stub: text_pb2_grpc.TextStub) -> int:
    reply = await stub.Describe(engine_pb2.DescribeRequest(), timeout=5)
    return reply.engines[0].outstanding


async def until_idle(stub: text_pb2_grpc.TextStub, seconds: float = 1.0) -> None:
    """5x the promise of 200 ms."""
    async with asyncio.timeout(seconds):
        while await outstanding(stub):
            await asyncio.sleep(0.01)


async def test_chat_streams_the_answer_with_model_usage_and_finish(stub) -> None:
    deltas = [delta async for delta in stub.Chat(asking("one two three"), timeout=5)]
    assert "".join(delta.content for delta in deltas) == "one two three"
    told = [delta for delta in deltas if not delta.HasField("tick")]
    assert told[0].model == "echo"
    assert told[-1].finish_reason == text_pb2.FINISH_REASON_STOP
    assert told[-1].usage.completion_tokens == 3


async def test_a_slow_engine_ticks(stub) -> None:
    deltas = [delta async for delta in stub.Chat(asking(count_to=12, delay_ms_per_token=100), timeout=10)]
    ticks = [delta.tick for delta in deltas if delta.HasField("tick")]
    assert 3 <= len(ticks) <= 8
    assert ticks[-1].stage == "generating"


async def test_connect_gives_what_chat_gives_for_many_at_once(stub) -> None:
    asked = [asking(count_to=50, delay_ms_per_token=1) for _ in range(20)]
    texts: dict[int, str] = {}
    done: set[int] = set()
    largest = 0
    async for frame in stub.Connect(sent(*frames(*asked)), timeout=20):
        largest = max(largest, len(frame.events))
        for event in frame.events:
            texts[event.id] = texts.get(event.id, "") + event.delta.content
            if event.HasField("done"):
                done.add(event.id)
    assert done == set(range(1, 21))
    assert set(texts.values()) == {COUNT}
    assert largest > 1  # one message per step, not per chat


async def test_a_chat_without_credit_pauses_and_only_it(stub) -> None:
    first, second = frames(asking(count_to=30, delay_ms_per_token=1), asking(count_to=30, delay_ms_per_token=1))
    first.start.initial_credit = 5
    queue: asyncio.Queue[text_pb2.ClientFrame | None] = asyncio.Queue()
    for frame in (first, second):
        queue.put_nowait(frame)

    async def feed() -> AsyncIterator[text_pb2.ClientFrame]:
        while (frame := await queue.get()) is not None:
            yield frame

    seen = {1: 0, 2: 0}
    done: set[int] = set()
    async for frame in stub.Connect(feed(), timeout=20):
        for event in frame.events:
            seen[event.id] += event.HasField("delta")
            if event.HasField("done"):
                done.add(event.id)
        if done == {2} and not queue.qsize() and seen[1] == 5:
            queue.put_nowait(text_pb2.ClientFrame(id=1, credit=text_pb2.Credit(deltas=60)))
        if done == {1, 2}:
            queue.put_nowait(None)
    assert seen[1] == seen[2] == 31


async def test_one_broken_chat_leaves_the_others_alone(stub) -> None:
    asked = frames(asking(count_to=20, fail_after_tokens=3), asking(count_to=50))
    ends: dict[int, str] = {}
    async for frame in stub.Connect(sent(*asked), timeout=10):
        for event in frame.events:
            if event.WhichOneof("event") != "delta":
                ends[event.id] = event.error.code or "done"
    assert ends == {1: EngineFailed.code, 2: "done"}


async def test_cancelling_one_chat_frees_the_engine(stub) -> None:
    start = frames(asking(count_to=5000, delay_ms_per_token=5))[0]
    stream = stub.Connect(timeout=20)
    await stream.write(start)
    await stream.read()
    await stream.write(text_pb2.ClientFrame(id=1, cancel=text_pb2.CancelChat()))
    await until_idle(stub)
    await stream.done_writing()
    while await stream.read() is not grpc.aio.EOF:
        pass


async def test_a_client_that_leaves_frees_the_engine(stub) -> None:
    call = stub.Chat(asking(count_to=5000, delay_ms_per_token=5), timeout=30)
    await call.read()
    assert await outstanding(stub) == 1
    call.cancel()
    await until_idle(stub)


async def test_an_unknown_engine_is_a_typed_error(stub) -> None:
    request = asking()
    request.engine = "ecko"
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.Chat(request, timeout=5).read()
    error = from_rpc_error(caught.value)
    assert isinstance(error, UnknownEngine)
    assert 'Did you mean "echo"' in error.message


async def test_a_service_killed_mid_stream_ends_every_stream_at_once(start_service) -> None:
    process = start_service("svc_text", TROUPE_TEXT_ENGINES="echo")
    async with open_channel(process.grpc) as channel:
        stub = text_pb2_grpc.TextStub(channel)
        await until_ready(stub)
        calls = [stub.Chat(asking(count_to=5000, delay_ms_per_token=5), timeout=30) for _ in range(10)]
        for call in calls:
            await call.read()
        process.signal(signal.SIGKILL)
        for call in calls:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await read_to_the_end(call)
            assert caught.value.code() == grpc.StatusCode.UNAVAILABLE


async def read_to_the_end(call) -> None:
    async with asyncio.timeout(5):
        while await call.read() is not grpc.aio.EOF:
            pass


async def until_ready(stub: text_pb2_grpc.TextStub) -> None:
    async with asyncio.timeout(10):
        while True:
            reply = await stub.Describe(engine_pb2.DescribeRequest(), timeout=5, wait_for_ready=True)
            if reply.engines[0].state == engine_pb2.ENGINE_STATE_READY:
                return
            await asyncio.sleep(0.02)


async def test_sigterm_drains_running_chats_and_then_exits_cleanly(start_service) -> None:
    process = start_service("svc_text", TROUPE_TEXT_ENGINES="echo")
    async with open_channel(process.grpc) as channel:
        stub = text_pb2_grpc.TextStub(channel)
        await until_ready(stub)
        call = stub.Chat(asking(count_to=100, delay_ms_per_token=10), timeout=30)
        deltas = [await anext(aiter(call))]
        process.signal(signal.SIGTERM)
        deltas += [delta async for delta in call]
    said = "".join(delta.content for delta in deltas)
    assert said == " ".join(str(number) for number in range(1, 101))
    assert process.popen.wait(10) == 0
    assert "Traceback" not in process.log


async def test_sigterm_drains_connect_too_and_says_so(start_service) -> None:
    process = start_service("svc_text", TROUPE_TEXT_ENGINES="echo")
    async with open_channel(process.grpc) as channel:
        stub = text_pb2_grpc.TextStub(channel)
        await until_ready(stub)
        stream = stub.Connect(timeout=30)
        running, late = frames(asking(count_to=100, delay_ms_per_token=10), asking("late"))
        running.start.initial_credit = 200
        await stream.write(running)
        got = [await stream.read()]
        process.signal(signal.SIGTERM)
        while not got[-1].HasField("going_away"):
            got.append(await stream.read())
        await stream.write(late)
        while (frame := await stream.read()) is not grpc.aio.EOF:
            got.append(frame)
    events = [event for frame in got for event in frame.events]
    said = "".join(event.delta.content for event in events if event.id == 1)
    assert said == " ".join(str(number) for number in range(1, 101))
    assert [event.error.code for event in events if event.id == 2] == [Draining.code]
    assert process.popen.wait(10) == 0
    assert "Traceback" not in process.log


async def test_an_idle_connect_does_not_hold_up_a_drain(start_service) -> None:
    process = start_service("svc_text", TROUPE_TEXT_ENGINES="echo")
    async with open_channel(process.grpc) as channel:
        stub = text_pb2_grpc.TextStub(channel)
        await until_ready(stub)
        stream = stub.Connect(timeout=30)
        await stream.write(frames(asking("hello"))[0])
        await stream.read()
        process.signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.popen.wait, 10) == 0
        await read_to_the_end(stream)


async def test_each_chat_of_connect_is_counted_and_ticks(stub, service) -> None:
    before = counted(service, "Chat", "ok")
    ticks, deltas = 0, 0
    async for frame in stub.Connect(sent(*frames(asking(count_to=8, delay_ms_per_token=100))), timeout=10):
        for event in frame.events:
            ticks += event.delta.HasField("tick")
            deltas += event.HasField("delta") and not event.delta.HasField("tick")
    assert deltas == 9
    assert 1 <= ticks <= 6
    assert counted(service, "Chat", "ok") == before + 1


def counted(service, method: str, code: str) -> float:
    """How many such RPCs its metrics tell of."""
    page = httpx.get(f"http://{service.addresses['metrics']}/metrics").text
    told = re.search(rf'^troupe_rpc_total\{{code="{code}",method="{method}"\}} (\S+)$', page, re.MULTILINE)
    return float(told.group(1)) if told else 0.0


async def test_a_taken_port_says_which_and_by_whom(start_service, tmp_path) -> None:
    first = start_service("svc_text", TROUPE_TEXT_ENGINES="echo")
    port = first.grpc.rpartition(":")[2]
    with pytest.raises(pytest.fail.Exception) as caught:
        start_service("svc_text", TROUPE_TEXT_ENGINES="echo", TROUPE_TEXT_GRPC_PORT=port)
    assert f"Port {port}" in str(caught.value)
    assert f"process {first.popen.pid}" in str(caught.value)
    assert "TROUPE_TEXT_GRPC_PORT" in str(caught.value)
    assert "Traceback" not in str(caught.value)
