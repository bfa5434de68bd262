"""`Connect`: all chats of one gateway worker on one stream.

Each chat is a task that puts its deltas into the stream's outbox; the writer takes all that is there and sends it as
one message. So a message holds what all running chats produced in one engine step, and a slow gateway gets fewer,
larger ones. A chat may have `credit` deltas unread in flight; at zero it pauses, and only it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack

from svc_text.conversion import from_delta, to_chat
from svc_text.desk import Desk
from troupe.v1 import text_pb2
from troupe.wire.errors import DeadlineExceeded, InvalidArgument, TroupeError
from troupe.wire.interceptors import defect
from troupe.wire.progress import Progress

DEFAULT_CREDIT = 64  # deltas


class Outbox:
    """Events waiting to be sent together, and the bell that wakes the writer."""

    def __init__(self) -> None:
        self._events: list[text_pb2.ChatEvent] = []
        self.bell = asyncio.Event()

    def put(self, event: text_pb2.ChatEvent) -> None:
        """Queue one event; credits bound how many there can be."""
        self._events.append(event)
        self.bell.set()

    def take(self) -> list[text_pb2.ChatEvent]:
        """All events there are."""
        taken, self._events = self._events, []
        return taken


class Connection:
    """One `Connect` stream."""

    def __init__(self, desk: Desk, progress: Progress, longest_s: float) -> None:
        self._desk = desk
        self._progress = progress
        self._longest_s = longest_s
        self._outbox = Outbox()
        self._chats: dict[int, asyncio.Task[None]] = {}
        self._credits: dict[int, asyncio.Semaphore] = {}
        self._idle = ExitStack()  # holds "waiting" while no chat runs: ticks of a busy stream are the engine's own

    async def frames(self, incoming: AsyncIterator[text_pb2.ClientFrame]) -> AsyncIterator[text_pb2.ServerFrame]:
        """What is sent back, until the client half-closes and its last chat has ended."""
        reader = asyncio.create_task(self._read(incoming))
        bell = self._outbox.bell
        reader.add_done_callback(lambda _: bell.set())
        self._idle.enter_context(self._progress.waiting("open"))
        try:
            while True:
                await bell.wait()
                bell.clear()
                if reader.done():
                    reader.result()
                over = reader.done() and not self._chats
                if events := self._outbox.take():
                    yield text_pb2.ServerFrame(events=events, load=text_pb2.Load(running=self._desk.running))
                if over:
                    return
        finally:
            tasks = [reader, *self._chats.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._idle.close()

    async def _read(self, incoming: AsyncIterator[text_pb2.ClientFrame]) -> None:
        async for frame in incoming:
            kind = frame.WhichOneof("frame")
            if kind == "start":
                self._start(frame.id, frame.start)
            elif kind == "cancel" and frame.id in self._chats:
                self._chats[frame.id].cancel()
            elif kind == "credit" and frame.id in self._credits:
                for _ in range(min(frame.credit.deltas, DEFAULT_CREDIT)):
                    self._credits[frame.id].release()

    def _start(self, chat_id: int, start: text_pb2.StartChat) -> None:
        if chat_id in self._chats:
            raise InvalidArgument(f"The id {chat_id} is already in use on this stream. Take a new one for each chat.")
        self._idle.close()
        self._credits[chat_id] = asyncio.Semaphore(start.initial_credit or DEFAULT_CREDIT)
        task = asyncio.create_task(self._run(chat_id, start))
        self._chats[chat_id] = task
        task.add_done_callback(lambda _: self._forget(chat_id))

    def _forget(self, chat_id: int) -> None:
        del self._chats[chat_id], self._credits[chat_id]
        if not self._chats:
            self._idle.enter_context(self._progress.waiting("open"))
        self._outbox.bell.set()

    async def _run(self, chat_id: int, start: text_pb2.StartChat) -> None:
        """Answer one chat; whatever happens, its last event says how it ended."""
        timeout_s = min(start.timeout_ms / 1000 or self._longest_s, self._longest_s)
        try:
            async with asyncio.timeout(timeout_s):
                await self._answer(chat_id, start.request)
            self._outbox.put(text_pb2.ChatEvent(id=chat_id, done=text_pb2.ChatDone()))
        except TimeoutError:
            self._fail(chat_id, DeadlineExceeded(f"The chat took longer than its {timeout_s:.1f} s."))
        except TroupeError as error:
            self._fail(chat_id, error)
        except Exception as error:  # noqa: BLE001  # one chat's defect must not end the others on this stream
            self._fail(chat_id, defect(error, "Connect"))

    async def _answer(self, chat_id: int, request: text_pb2.ChatRequest) -> None:
        name, engine = self._desk.engine(request.engine)
        chat = to_chat(request, engine.facts)
        model = engine.facts.model
        credit = self._credits[chat_id]
        async for delta in self._desk.chat(name, chat, self._progress):
            if credit.locked():
                with self._progress.waiting("credit"):
                    await credit.acquire()
            else:
                await credit.acquire()
            self._outbox.put(text_pb2.ChatEvent(id=chat_id, delta=from_delta(delta, model)))
            model = ""

    def _fail(self, chat_id: int, error: TroupeError) -> None:
        told = text_pb2.ChatError(code=error.code, message=error.message, details=error.details)
        self._outbox.put(text_pb2.ChatEvent(id=chat_id, error=told))
