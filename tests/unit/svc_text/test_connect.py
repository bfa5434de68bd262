"""The service's end of `Connect`, without gRPC: a queue of frames in, frames out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from prometheus_client import CollectorRegistry

from svc_text.connect import Connection
from svc_text.connected import MOST_CREDIT
from svc_text.desk import Desk
from svc_text.engine import Chat, Delta, EngineFacts, Logprob
from svc_text.outbox import LARGEST_EVENT_BYTES
from troupe.v1 import text_pb2
from troupe.wire.errors import DeadlineExceeded, Draining, EngineFailed, InvalidArgument, UnknownEngine
from troupe.wire.interceptors import RpcMetrics
from troupe.wire.progress import Progress

TICK_S = 0.01
LONG_S = 60.0
SOON_S = 5.0
HANG = "hang"
DEFECT = "defect"
HUGE = "huge"
ENDLESS = "endless"


class Scripted:
    """Says the words of the message; some words it does in its own way."""

    facts = EngineFacts("s", "1", "cpu", "none", commercial_use=True, features=("logprobs",))
    running = 0
    made = 0

    async def start(self, loading: Callable[[float, str], None]) -> None:
        return None

    async def chat(self, chat: Chat, progress: Progress) -> AsyncIterator[Delta]:
        self.running += 1
        try:
            async for delta in self._say(chat.turns[-1].text):
                self.made += 1
                progress.beat("generating")
                yield delta
        finally:
            self.running -= 1

    async def _say(self, text: str) -> AsyncIterator[Delta]:
        words = text.split()
        while words:
            word = words[0] if words[0] == ENDLESS else words.pop(0)
            await asyncio.sleep(LONG_S if word == HANG else 0)
            if word == DEFECT:
                raise ZeroDivisionError
            size = LARGEST_EVENT_BYTES if word == HUGE else 0
            yield Delta(text=word, tokens=1, logprobs=(Logprob("x" * size, -1.0),) if size else ())
        yield Delta(finish="stop", completion_tokens=len(text.split()))

    async def count(self, chat: Chat) -> int:
        return 0

    async def stop(self) -> None:
        return None


class Peer:
    """The gateway's end: what it sends, and what it got."""

    def __init__(self, connection: Connection) -> None:
        self._sending: asyncio.Queue[text_pb2.ClientFrame | None] = asyncio.Queue()
        self.frames: list[text_pb2.ServerFrame] = []
        self.paused = asyncio.Event()
        self.paused.set()
        self.task = asyncio.create_task(self._read(connection))

    async def _read(self, connection: Connection) -> None:
        async for frame in connection.frames(self._incoming()):
            self.frames.append(frame)
            await self.paused.wait()

    async def _incoming(self) -> AsyncIterator[text_pb2.ClientFrame]:
        while (frame := await self._sending.get()) is not None:
            yield frame

    def start(self, chat_id: int, text: str, engine: str = "", **how: int) -> None:
        request = text_pb2.ChatRequest(engine=engine)
        request.messages.add(role=text_pb2.ROLE_USER).content.add(text=text)
        self.send(chat_id, start=text_pb2.StartChat(request=request, **how))

    def send(self, chat_id: int, **frame) -> None:
        self._sending.put_nowait(text_pb2.ClientFrame(id=chat_id, **frame))

    def half_close(self) -> None:
        self._sending.put_nowait(None)

    def events(self, chat_id: int) -> list[text_pb2.ChatEvent]:
        return [event for frame in self.frames for event in frame.events if event.id == chat_id]

    def text(self, chat_id: int) -> str:
        return " ".join(event.delta.content for event in self.events(chat_id) if event.delta.content)

    def ticks(self, chat_id: int) -> int:
        return sum(event.delta.HasField("tick") for event in self.events(chat_id))

    def end(self, chat_id: int) -> str:
        """`done`, the code of its error, or nothing while it runs."""
        last = (self.events(chat_id) or [text_pb2.ChatEvent()])[-1]
        return last.error.code or ("done" if last.HasField("done") else "")


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(SOON_S):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.fixture
async def engine() -> Scripted:
    return Scripted()


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch, engine: Scripted) -> Desk:
    monkeypatch.setattr("svc_text.desk.make", lambda *_: engine)
    desk = Desk(["scripted"])
    await desk.load()
    return desk


@pytest.fixture
def metrics() -> RpcMetrics:
    return RpcMetrics(CollectorRegistry())


@pytest.fixture
async def peer(desk: Desk, metrics: RpcMetrics) -> AsyncIterator[Peer]:
    peer = Peer(Connection(desk, LONG_S, metrics, TICK_S))
    yield peer
    peer.task.cancel()
    await asyncio.gather(peer.task, return_exceptions=True)


async def test_chats_are_interleaved_and_each_is_whole(peer: Peer) -> None:
    for chat_id in range(1, 9):
        peer.start(chat_id, " ".join([f"w{chat_id}"] * 50))
    await until(lambda: all(peer.end(chat_id) for chat_id in range(1, 9)))
    for chat_id in range(1, 9):
        assert peer.text(chat_id) == " ".join([f"w{chat_id}"] * 50)
        assert peer.end(chat_id) == "done"
    assert max(len(frame.events) for frame in peer.frames) >= 8  # one message per step, not per chat
    assert peer.events(1)[0].delta.model == "s"
    assert not peer.events(1)[1].delta.model


async def test_a_chat_without_credit_pauses_and_goes_on_with_it(peer: Peer, engine: Scripted) -> None:
    peer.start(1, ENDLESS, initial_credit=5)
    peer.start(2, "one two three")
    await until(lambda: peer.end(2))
    await until(lambda: len(peer.events(1)) - peer.ticks(1) == 5)
    assert engine.running == 1
    peer.send(1, credit=text_pb2.Credit(deltas=3))
    await until(lambda: len(peer.events(1)) - peer.ticks(1) == 8)
    await asyncio.sleep(0.01)
    assert len(peer.events(1)) - peer.ticks(1) == 8


async def test_no_credit_is_too_much_to_bound(peer: Peer, engine: Scripted) -> None:
    peer.paused.clear()
    peer.start(1, ENDLESS, initial_credit=2**31)
    peer.send(1, credit=text_pb2.Credit(deltas=2**31))
    assert await settled(engine) <= MOST_CREDIT + 2


async def test_a_paused_chat_ticks_and_one_whose_engine_hangs_does_not(peer: Peer) -> None:
    peer.start(1, ENDLESS, initial_credit=1)
    peer.start(2, f"one {HANG}")
    await until(lambda: peer.ticks(1) >= 10)
    assert peer.ticks(2) <= 2


async def test_a_stream_without_chats_is_silent(peer: Peer) -> None:
    peer.start(1, "one")
    await until(lambda: peer.end(1))
    frames = len(peer.frames)
    await asyncio.sleep(10 * TICK_S)
    assert len(peer.frames) == frames


async def test_cancel_frees_the_engine_and_nothing_else(peer: Peer, engine: Scripted, metrics: RpcMetrics) -> None:
    peer.start(1, f"one {HANG}")
    peer.start(2, f"one {HANG} ")
    await until(lambda: engine.running == 2)
    peer.send(1, cancel=text_pb2.CancelChat())
    await until(lambda: engine.running == 1)
    peer.send(99, cancel=text_pb2.CancelChat())  # has ended, or never was
    peer.send(99, credit=text_pb2.Credit(deltas=1))
    peer.start(3, "still here")
    await until(lambda: peer.end(3) == "done")
    assert not peer.end(1)
    assert metrics.handled.labels("Chat", "cancelled")._value.get() == 1
    assert metrics.handled.labels("Chat", "ok")._value.get() == 1


async def test_an_id_may_be_used_again_once_its_chat_was_cancelled(peer: Peer, engine: Scripted) -> None:
    peer.start(1, HANG)
    await until(lambda: engine.running == 1)
    peer.send(1, cancel=text_pb2.CancelChat())
    peer.start(1, "again")
    await until(lambda: peer.end(1) == "done")
    assert peer.text(1) == "again"


async def test_an_id_in_use_ends_the_stream(peer: Peer, engine: Scripted) -> None:
    peer.start(1, HANG)
    peer.start(1, "twice")
    await until(peer.task.done)
    with pytest.raises(InvalidArgument, match="already in use"):
        peer.task.result()
    assert engine.running == 0


@pytest.mark.parametrize(
    ("text", "how", "code"),
    [
        (f"one {DEFECT}", {}, "internal"),
        (f"one {HUGE}", {}, EngineFailed.code),
        (f"one {HANG}", {"timeout_ms": 50}, DeadlineExceeded.code),
        ("one", {"engine": "other"}, UnknownEngine.code),
    ],
)
async def test_one_chat_that_fails_leaves_the_others_alone(peer: Peer, text: str, how, code: str) -> None:
    peer.start(1, f"two {HANG}")
    peer.start(2, text, **how)
    await until(lambda: peer.end(2))
    assert peer.end(2) == code
    peer.start(3, "three")
    await until(lambda: peer.end(3) == "done")


async def test_a_half_closed_stream_ends_with_its_last_chat(peer: Peer) -> None:
    peer.start(1, ENDLESS, initial_credit=2)
    peer.start(2, "one two three")
    peer.half_close()
    await until(lambda: peer.end(2) == "done")
    await asyncio.sleep(0.01)
    assert not peer.task.done()


async def test_a_half_closed_stream_without_chats_ends(peer: Peer) -> None:
    peer.half_close()
    await until(peer.task.done)
    assert peer.task.result() is None


async def test_a_draining_service_says_so_and_ends_with_its_last_chat(peer: Peer, desk: Desk) -> None:
    peer.start(1, " ".join(["word"] * 80), initial_credit=10)
    await until(lambda: len(peer.events(1)) >= 10)
    await desk.board.drain()
    await until(lambda: any(frame.HasField("going_away") for frame in peer.frames))
    peer.start(2, "late")
    await until(lambda: peer.end(2) == Draining.code)
    assert not peer.task.done()
    peer.send(1, credit=text_pb2.Credit(deltas=100))
    await until(peer.task.done)
    assert peer.end(1) == "done"
    assert peer.text(1) == " ".join(["word"] * 80)


async def test_a_stream_without_chats_ends_with_the_drain(peer: Peer, desk: Desk) -> None:
    await asyncio.sleep(0)
    await desk.board.drain()
    await until(peer.task.done)
    assert peer.frames[-1].HasField("going_away")


async def settled(engine: Scripted) -> int:
    """How many deltas it has made once it makes no more."""
    made = -1
    while made != engine.made:
        made = engine.made
        await asyncio.sleep(0.05)
    return made


async def test_nothing_more_is_begun_for_a_peer_that_does_not_read(peer: Peer, engine: Scripted) -> None:
    peer.paused.clear()
    for chat_id in range(1, 101):
        peer.start(chat_id, " ".join(["x" * 4000] * 20), initial_credit=20)
    made = await settled(engine)
    peer.start(101, "late")
    assert await settled(engine) == made
    peer.paused.set()
    await until(lambda: peer.end(101) == "done" and peer.end(100) == "" and engine.running == 100)


async def test_a_peer_that_leaves_frees_every_engine(peer: Peer, engine: Scripted) -> None:
    for chat_id in range(1, 6):
        peer.start(chat_id, f"one {HANG}")
    await until(lambda: engine.running == 5)
    peer.task.cancel()
    await until(lambda: engine.running == 0)


async def test_the_first_delta_of_a_chat_is_not_held_back_for_others(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames an hour apart: what follows waits, but for the first word of another chat, which takes it along."""
    monkeypatch.setattr("svc_text.connect.PACE_S", LONG_S)
    monkeypatch.setattr("svc_text.connect.PAUSE_S", LONG_S)
    peer.start(1, "a1 " + HANG)
    await until(lambda: peer.text(1))
    peer.start(2, "b1 b2 " + HANG)
    await until(lambda: peer.text(2))
    peer.start(3, "c1 c2 " + HANG)
    await until(lambda: peer.text(3) and peer.text(2) == "b1 b2")
    assert peer.text(3) == "c1"
