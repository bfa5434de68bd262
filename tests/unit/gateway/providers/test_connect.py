"""The gateway's end of `Connect`, against real gRPC whose answers a test writes frame by frame."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import grpc
import pytest
from tests.fakes.text_streams import ScriptedText, Told, delta, done, text_service

from gateway.providers.connect import LARGEST_BYTES, ChatLink
from gateway.providers.connected import CREDIT, GIVE_BACK
from gateway.providers.mesh import MeshRung
from gateway.providers.target import MeshTarget
from gateway.routing.need import Modality
from gateway.routing.rung import Call, Policy
from gateway.routing.verdict import CONNECTION
from troupe.v1 import text_pb2
from troupe.v1.engine_pb2 import Tick
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import (
    CannotConnect,
    DeadlineExceeded,
    Draining,
    EngineFailed,
    Internal,
    InvalidArgument,
    NotSupported,
    StreamBroken,
)


class Stage:
    """A rung of one replica, and its service."""

    def __init__(self, servicer: ScriptedText, rung: MeshRung, address: str) -> None:
        self.servicer, self.rung, self.address = servicer, rung, address

    @property
    def told(self) -> Told:
        return self.servicer.streams[-1]

    @property
    def link(self) -> ChatLink:
        return self.rung.target.replica(self.address)._link

    def ask(self, text: str = "hello", seconds: float = 10.0, request_id: str = ""):
        async def inputs(_rung):
            request = text_pb2.ChatRequest()
            request.messages.add(role=text_pb2.ROLE_USER).content.add(text=text)
            yield request

        call = Call("Chat", inputs, lambda delta: bool(delta.content), Deadline.after(seconds), request_id)
        return self.rung.open(call, self.address, seconds)


@asynccontextmanager
async def a_stage(**how):
    async with text_service(**how) as (servicer, address):
        target = MeshTarget(Modality.TEXT, address, ("echo",), connect=True)
        await target.start()
        await target.first_answer(5)
        try:
            yield Stage(servicer, MeshRung("mine", Modality.TEXT, ("echo",), target, Policy(timeout_s=30.0)), address)
        finally:
            await target.stop()


@pytest.fixture
async def stage():
    async with a_stage() as stage:
        yield stage


async def begun(stage: Stage, until, count: int = 1, **how):
    """So many chats of which each has had its first delta."""
    before = stage.servicer.starts()
    streams = [stage.ask(**how) for _ in range(count)]
    readers = [asyncio.create_task(anext(stream)) for stream in streams]
    await until(lambda: stage.servicer.starts() == before + count)
    stage.told.say(*(delta(frame.id, "first") for frame in stage.told.starts()[-count:]))
    for reader in readers:
        assert (await reader).content == "first"
    return streams


async def test_one_stream_carries_all_chats_and_each_gets_its_own(stage, until) -> None:
    first, second = await begun(stage, until, 2, request_id="req_7")
    assert stage.servicer.connects == 1
    one, two = (frame.id for frame in stage.told.starts())
    stage.told.say(delta(two, "B"), delta(one, "a"), delta(two, "C"), done(two), delta(one, "b"), done(one))
    assert [each.content async for each in first] == ["a", "b"]
    assert [each.content async for each in second] == ["B", "C"]
    start = stage.told.starts()[0].start
    assert start.request_id == "req_7"
    assert 9_000 < start.timeout_ms <= 10_000
    assert start.initial_credit == CREDIT


async def test_the_leaf_that_ended_one_chat_is_its_readers_alone(stage, until) -> None:
    first, second = await begun(stage, until, 2)
    one, two = (frame.id for frame in stage.told.starts())
    error = text_pb2.ChatError(code=EngineFailed.code, message="it broke", details={"engine": "echo"})
    stage.told.say(text_pb2.ChatEvent(id=one, error=error), delta(two, "b"), done(two))
    with pytest.raises(EngineFailed, match="it broke") as caught:
        await anext(first)
    assert caught.value.details == {"engine": "echo"}
    assert [each.content async for each in second] == ["b"]


async def test_credit_is_given_back_as_it_is_read_and_not_before(stage, until) -> None:
    slow, quick = await begun(stage, until, 2)
    slow_id, quick_id = (frame.id for frame in stage.told.starts())
    for _ in range(GIVE_BACK):
        stage.told.say(delta(slow_id, "s"), delta(quick_id, "q"))
    for _ in range(GIVE_BACK):
        await anext(quick)
    await until(lambda: "credit" in stage.told.kinds(quick_id))
    assert stage.told.frames[-1].credit.deltas == GIVE_BACK
    assert "credit" not in stage.told.kinds(slow_id)
    for _ in range(GIVE_BACK):
        assert (await anext(slow)).content == "s"
    await until(lambda: "credit" in stage.told.kinds(slow_id))


async def test_ticks_reach_the_chat_they_are_of(stage, until) -> None:
    (stream,) = await begun(stage, until)
    stage.told.say(text_pb2.ChatEvent(id=1, delta=text_pb2.ChatDelta(tick=Tick(sequence=1, stage="generating"))))
    assert (await anext(stream)).tick.stage == "generating"


async def test_ticks_cost_no_credit(stage, until) -> None:
    (stream,) = await begun(stage, until)
    for number in range(2 * GIVE_BACK):
        stage.told.say(text_pb2.ChatEvent(id=1, delta=text_pb2.ChatDelta(tick=Tick(sequence=number))))
        await anext(stream)
    assert stage.told.kinds(1) == ["start"]


async def test_closing_one_chat_cancels_it_and_no_other(stage, until) -> None:
    first, second = await begun(stage, until, 2)
    one, two = (frame.id for frame in stage.told.starts())
    await first.aclose()
    await until(lambda: stage.told.kinds(one) == ["start", "cancel"])
    stage.told.say(delta(one, "too late"), delta(two, "b"), done(two))
    assert [each.content async for each in second] == ["b"]
    assert stage.told.kinds(two) == ["start"]
    with pytest.raises(StopAsyncIteration):
        await anext(first)


async def test_a_cancelled_reader_cancels_his_chat(stage, until) -> None:
    (stream,) = await begun(stage, until)
    reading = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.01)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await until(lambda: stage.told.kinds(1) == ["start", "cancel"])


async def test_abort_gives_the_reader_its_error(stage, until) -> None:
    (stream,) = await begun(stage, until)
    reading = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.01)
    stream.abort(NotSupported("enough"))
    with pytest.raises(NotSupported, match="enough"):
        await reading
    await until(lambda: stage.told.kinds(1) == ["start", "cancel"])


@pytest.mark.parametrize("status", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, None])
async def test_a_broken_stream_ends_every_chat_as_a_broken_call_does(stage, until, status) -> None:
    answered = await begun(stage, until, 2)
    waiting = stage.ask()
    reading = asyncio.create_task(anext(waiting))
    await until(lambda: len(stage.told.starts()) == 3)
    stage.told.say(delta(1, "what has come is not lost"))
    stage.told.end(status)
    assert (await anext(answered[0])).content == "what has come is not lost"
    for stream in answered:
        with pytest.raises(StreamBroken) as caught:
            await anext(stream)
        assert caught.value.details["lost"] == CONNECTION
    with pytest.raises(CannotConnect):
        await reading


@pytest.mark.parametrize("error", [EngineFailed("all of it"), InvalidArgument("that id again"), NotSupported("no")])
async def test_a_stream_that_its_service_ends_is_a_broken_one_to_each_chat(stage, until, error) -> None:
    """No error of the stream's is one chat's own: nobody is refused for it, and no engine blamed once for each."""
    streams = await begun(stage, until, 2)
    waiting = asyncio.create_task(anext(stage.ask()))
    await until(lambda: len(stage.told.starts()) == 3)
    stage.told.end(error)
    for stream in streams:
        with pytest.raises(StreamBroken) as caught:
            await anext(stream)
        assert caught.value.details["lost"] == CONNECTION
    with pytest.raises(CannotConnect, match=error.message):
        await waiting


async def test_a_defect_of_our_own_ends_the_chats_too(stage, until, monkeypatch, caplog) -> None:
    (stream,) = await begun(stage, until)
    monkeypatch.setattr("gateway.providers.connected.ConnectedChat.take", lambda *_: 1 / 0)
    stage.told.say(delta(1, "x"))
    with pytest.raises(Internal, match="broke on our side"):
        await anext(stream)
    assert "ZeroDivisionError" in caplog.text


async def test_after_a_break_chats_are_calls_until_the_rest_is_over(stage, until) -> None:
    (stream,) = await begun(stage, until)
    stage.told.end(grpc.StatusCode.INTERNAL)
    with pytest.raises(StreamBroken):
        await anext(stream)
    assert (await anext(stage.ask(request_id="req_8"))).content == "alone"
    assert stage.servicer.metadata["x-request-id"] == "req_8"
    await asyncio.sleep(0.11)
    await begun(stage, until)
    assert stage.servicer.connects == 2


async def test_a_service_without_connect_is_asked_by_chat_and_this_is_remembered(until) -> None:
    async with a_stage(knows_connect=False) as stage:
        for _ in range(3):
            assert [each.content async for each in stage.ask(request_id="req_9")] == ["alone"]
            assert stage.servicer.metadata["x-request-id"] == "req_9"
            await asyncio.sleep(0.11)
        assert (stage.servicer.connects, stage.servicer.calls) == (1, 3)
        assert 8 < stage.servicer.left_s < 11
        stage.servicer.knows_connect = True
        stage.link.renew()  # its process is another one
        await begun(stage, until)


async def test_a_process_that_goes_away_gets_no_new_chat_on_that_stream(stage, until) -> None:
    (old,) = await begun(stage, until)
    leaving = stage.told
    leaving.say(delta(1, "still"), going_away=text_pb2.GoingAway())
    assert (await anext(old)).content == "still"
    (new,) = await begun(stage, until)
    assert stage.told is not leaving
    leaving.say(delta(1, "here"), done(1))
    leaving.end()
    assert [each.content async for each in old] == ["here"]
    stage.told.say(done(1))
    assert [each async for each in new] == []
    assert stage.servicer.calls == 0


async def test_a_refusal_because_of_a_drain_is_a_refusal(stage, until) -> None:
    stream = stage.ask()
    reading = asyncio.create_task(anext(stream))
    await until(lambda: stage.servicer.streams and stage.told.starts())
    stage.told.say(text_pb2.ChatEvent(id=1, error=text_pb2.ChatError(code=Draining.code, message="going")))
    with pytest.raises(Draining, match="going"):
        await reading


async def test_the_deadline_ends_a_chat_whose_service_is_silent(stage, until) -> None:
    stream = stage.ask(seconds=0.2)
    with pytest.raises(DeadlineExceeded):
        await anext(stream)
    await until(lambda: stage.told.kinds(1) == ["start", "cancel"])


async def test_a_large_request_goes_by_itself(stage, until) -> None:
    await begun(stage, until)
    assert (await anext(stage.ask("x" * LARGEST_BYTES))).content == "alone"


SPOILT = {
    "too large": lambda: delta(1, "x" * 5_000_000),  # more than a message may hold
    "of nobody": lambda: delta(77, "x"),
    "of no kind": lambda: text_pb2.ChatEvent(id=1),
    "no message": lambda: b"\xff\xff\xff\xff",
}


@pytest.mark.parametrize("how", SPOILT)
async def test_a_spoilt_frame_breaks_the_connection_of_all_its_chats(stage, until, how) -> None:
    streams = await begun(stage, until, 2)
    spoilt = SPOILT[how]()
    stage.told.sending.put_nowait(spoilt if isinstance(spoilt, bytes) else text_pb2.ServerFrame(events=[spoilt]))
    for stream in streams:
        with pytest.raises(StreamBroken) as caught:
            await anext(stream)
        assert caught.value.details["lost"] == CONNECTION


async def test_what_comes_for_a_chat_that_was_cancelled_is_no_fault(stage, until) -> None:
    first, second = await begun(stage, until, 2)
    await first.aclose()
    stage.told.say(delta(1, "late"), done(1), delta(2, "b"), done(2))
    assert [each.content async for each in second] == ["b"]


async def test_a_service_whose_first_frame_cannot_be_read_is_asked_by_chat(stage, until) -> None:
    reading = asyncio.create_task(anext(stage.ask()))
    await until(lambda: stage.servicer.streams and stage.told.starts())
    stage.told.sending.put_nowait(b"\xff\xff\xff\xff")
    assert (await reading).content == "alone"


async def test_a_replica_that_is_let_go_ends_its_chats(stage, until) -> None:
    (stream,) = await begun(stage, until)
    reading = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.01)
    await stage.rung.target.replica(stage.address).stop()
    with pytest.raises(asyncio.CancelledError):
        await reading


async def test_an_open_stream_costs_nothing_while_nothing_runs(stage, until) -> None:
    (stream,) = await begun(stage, until)
    stage.told.say(done(1))
    assert [each async for each in stream] == []
    frames = len(stage.told.frames)
    await asyncio.sleep(0.6)
    assert len(stage.told.frames) == frames
    assert not stage.told.context.cancelled()
    await begun(stage, until)
    assert stage.servicer.connects == 1
