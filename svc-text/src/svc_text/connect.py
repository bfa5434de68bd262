"""`Connect`: all chats of one gateway worker on one stream.

- Each chat is a task that writes its deltas into the stream's outbox; the writer sends all that is there as one
  message. So a message holds what all running chats produced in one engine step, and a slow gateway gets fewer, larger
  ones. Somebody waits for the first word of an answer: that one is not held back for others.
- A chat may have `credit` deltas unread in flight; at zero it pauses, and only it.
- Each chat has ticks of its own, as `Chat` has; one timer makes them for all. Where no chat runs there is no timer.
- A process that drains says `going_away`: the chats that run end well, new ones are refused, then the stream ends.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from svc_text.connected import ConnectedChat
from svc_text.desk import Desk
from svc_text.outbox import Outbox
from troupe.v1 import text_pb2
from troupe.wire.errors import Draining, InvalidArgument
from troupe.wire.interceptors import RpcMetrics
from troupe.wire.progress import TICK_INTERVAL_S

PACE_S = 0.001
"""Frames do not follow each other faster: each costs as much as tens of deltas. No model's steps are as short."""

PAUSE_S = 2 * PACE_S
"""What is waited for that: uvloop's clock has whole milliseconds, so this is 1 to 2 ms."""


class Connection:
    """One `Connect` stream."""

    def __init__(self, desk: Desk, longest_s: float, metrics: RpcMetrics, tick_s: float = TICK_INTERVAL_S) -> None:
        self._desk = desk
        self._longest_s = longest_s
        self._metrics = metrics
        self._tick_s = tick_s
        self._outbox = Outbox()
        self._chats: dict[int, ConnectedChat] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()  # of cancelled chats
        self._timer: asyncio.TimerHandle | None = None
        self._leaving = False
        self._sent_at = 0.0

    async def frames(self, incoming: AsyncIterator[text_pb2.ClientFrame]) -> AsyncIterator[text_pb2.ServerFrame]:
        """What is sent back, until the client half-closes or this process drains, and the last chat has ended."""
        reader = asyncio.create_task(self._read(incoming))
        drain = asyncio.create_task(self._desk.board.draining.wait())
        reader.add_done_callback(lambda _: self._outbox.bell.set())
        drain.add_done_callback(lambda _: self._leave())
        try:
            while True:
                await self._outbox.bell.wait()
                if time.monotonic() - self._sent_at < PACE_S:
                    await self._outbox.pause(PAUSE_S)
                self._outbox.bell.clear()
                for frame in self._outbox.take():
                    frame.load.running = self._desk.running
                    yield frame
                    self._sent_at = time.monotonic()
                if reader.done():
                    reader.result()
                if (reader.done() or self._leaving) and not self._tasks and not self._outbox.bell.is_set():
                    return
        finally:
            await self._end(reader, drain)

    async def _end(self, *helpers: asyncio.Task[None] | asyncio.Task[bool]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        tasks = [*helpers, *self._tasks.values(), *self._ending]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _leave(self) -> None:
        if not self._leaving:
            self._leaving = True
            self._outbox.farewell()

    async def _read(self, incoming: AsyncIterator[text_pb2.ClientFrame]) -> None:
        async for frame in incoming:
            kind = frame.WhichOneof("frame")
            if kind == "start":
                if self._outbox.crowded:
                    await self._outbox.room()
                self._start(frame.id, frame.start)
            elif kind == "cancel":
                self._cancel(frame.id)
            elif kind == "credit" and frame.id in self._chats:
                self._chats[frame.id].credit(frame.credit.deltas)

    def _start(self, chat_id: int, start: text_pb2.StartChat) -> None:
        if chat_id in self._chats:
            raise InvalidArgument(f"The id {chat_id} is already in use on this stream. Take a new one for each chat.")
        chat = ConnectedChat(chat_id, start, self._outbox, self._desk)
        if self._leaving:
            chat.fail(Draining("This service is going away and takes no new chat. Ask another replica."))
            return
        task = asyncio.create_task(chat.run(self._longest_s, self._metrics))
        self._chats[chat_id], self._tasks[chat_id] = chat, task
        task.add_done_callback(lambda task: self._forget(chat_id, task))
        if self._timer is None:
            self._next_tick()

    def _cancel(self, chat_id: int) -> None:
        """Free its engine at once; its id is forgotten as soon, and what may be said of it with it."""
        task = self._tasks.pop(chat_id, None)
        if task is not None:
            del self._chats[chat_id]
            self._ending.add(task)
            task.cancel()

    def _forget(self, chat_id: int, task: asyncio.Task[None]) -> None:
        self._ending.discard(task)
        if self._tasks.get(chat_id) is task:
            del self._chats[chat_id], self._tasks[chat_id]
        self._outbox.bell.set()

    def _next_tick(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._tick_s, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if not self._chats:
            return
        if not self._outbox.crowded:
            for chat in self._chats.values():
                chat.tick()
        self._next_tick()
