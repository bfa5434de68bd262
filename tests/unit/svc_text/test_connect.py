from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from svc_text.connect import Connection
from svc_text.desk import Desk
from svc_text.engine import Chat, Delta, EngineFacts
from troupe.v1 import text_pb2
from troupe.wire.progress import Progress, with_ticks

FAST_S = 0.01
STEPS = 20


class Hanging:
    """An engine that answers its first chat, and hangs in every later one."""

    facts = EngineFacts("h", "1", "cpu", "none", commercial_use=True)
    asked = 0

    async def start(self, loading: Callable[[float, str], None]) -> None:
        return None

    async def chat(self, chat: Chat, progress: Progress) -> AsyncIterator[Delta]:
        self.asked += 1
        if self.asked > 1:
            await asyncio.sleep(60)
        yield Delta(text="one", tokens=1)

    def count(self, chat: Chat) -> int:
        return 0

    async def stop(self) -> None:
        return None


async def ticks_of(desk: Desk, *frames: text_pb2.ClientFrame) -> int:
    """Ticks within `STEPS` intervals on a stream that stays open after these frames."""

    async def incoming() -> AsyncIterator[text_pb2.ClientFrame]:
        for frame in frames:
            yield frame
        await asyncio.sleep(60)

    progress = Progress()
    connection = Connection(desk, progress, 60.0)
    ticks = 0

    async def count() -> None:
        nonlocal ticks
        stream = with_ticks(
            connection.frames(incoming()), progress, lambda tick: text_pb2.ServerFrame(tick=tick), FAST_S
        )
        async for frame in stream:
            ticks += frame.HasField("tick")

    task = asyncio.create_task(count())
    await asyncio.sleep(FAST_S * STEPS)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return ticks


async def test_an_open_stream_ticks_and_one_whose_engine_hangs_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("svc_text.desk.make", lambda name, context: Hanging())
    desk = Desk(["hanging"])
    await desk.load()
    request = text_pb2.ChatRequest()
    request.messages.add(role=text_pb2.ROLE_USER).content.add(text="hello")
    start = text_pb2.ClientFrame(id=1, start=text_pb2.StartChat(request=request))
    assert await ticks_of(desk) >= STEPS / 4
    assert await ticks_of(desk, start) <= 3  # acceptance, the start; then nothing moves
