"""One chat of a `Connect` stream: it runs its engine, and pauses when its reader has enough."""

from __future__ import annotations

import asyncio

from svc_text.conversion import PLAIN, from_delta, to_chat
from svc_text.desk import Desk
from svc_text.engine import Delta
from svc_text.outbox import LARGEST_EVENT_BYTES, Outbox
from troupe.v1 import text_pb2
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import EngineFailed, TroupeError
from troupe.wire.interceptors import RpcMetrics, defect
from troupe.wire.logs import about
from troupe.wire.progress import Progress, Ticker
from troupe.wire.traces import current

DEFAULT_CREDIT = 64  # deltas
MOST_CREDIT = 1024  # deltas: what one chat may hold here at most, whatever its reader allows
SMALL_CHARS = 4096
"""A piece of text that is no longer needs no measuring: it fits into any frame."""
METHOD = "Chat"
"""A chat is counted as what it is, however it came."""


class ConnectedChat:
    """A running chat; `credit` is how many deltas may still be sent before its reader asks for more."""

    def __init__(self, chat_id: int, start: text_pb2.StartChat, outbox: Outbox, desk: Desk) -> None:
        self._id = chat_id
        self._start = start
        self._outbox = outbox
        self._desk = desk
        self._credit = min(start.initial_credit or DEFAULT_CREDIT, MOST_CREDIT)
        self._more: asyncio.Future[None] | None = None
        self._progress = Progress()
        self._ticker = Ticker(self._progress)

    def credit(self, deltas: int) -> None:
        """Its reader can take so many more."""
        self._credit = min(self._credit + deltas, MOST_CREDIT)
        if self._more is not None and not self._more.done():
            self._more.set_result(None)

    def tick(self) -> None:
        """Say that it advances, if it does."""
        tick = self._ticker.next()
        if tick is not None:
            self._outbox.event(self._id).delta.tick.CopyFrom(tick)

    async def run(self, longest_s: float, metrics: RpcMetrics) -> None:
        """Answer it; whatever happens, its last event says how it ended - but where it is cancelled: nobody asks."""
        about(self._start.request_id)
        timeout_s = min(self._start.timeout_ms / 1000 or longest_s, longest_s)
        try:
            with metrics.call(METHOD, self._start.traceparent):
                async with Deadline.after(timeout_s).scope("generating text"):
                    await self._answer(self._start.request)
        except TroupeError as error:
            self.fail(error)
        except Exception as error:  # noqa: BLE001  # one chat's defect must not end the others on this stream
            self.fail(defect(error, f"a chat on Connect {self._start.request_id}".rstrip()))
        else:
            self._outbox.event(self._id).done.SetInParent()

    async def _answer(self, request: text_pb2.ChatRequest) -> None:
        name, engine = self._desk.engine(request.engine)
        chat = to_chat(request, engine.facts)
        async with self._desk.place(name, chat, self._progress) as deltas:
            model, first = engine.facts.model, True  # it is said with the first delta
            async for delta in deltas:
                if self._credit <= 0:
                    await self._wait()
                self._send(delta, model)
                if first:
                    self._outbox.hurry()
                    if (span := current()) is not None:
                        span.event()
                    model, first = "", False

    def _send(self, delta: Delta, model: str) -> None:
        """Once for each token of each chat: most are no more than a piece of text."""
        self._credit -= 1
        text = delta.text
        if model or delta[2:] != PLAIN or len(text) > SMALL_CHARS:
            self._send_whole(from_delta(delta, model))
        else:
            message = self._outbox.event(self._id, len(text)).delta
            message.content, message.tokens = text, delta.tokens

    def _send_whole(self, message: text_pb2.ChatDelta) -> None:
        """A delta that is more than a piece of text. One that no message of gRPC can hold ends its chat alone."""
        size = message.ByteSize()
        if size > LARGEST_EVENT_BYTES:
            told = f"The engine made {size} bytes in one step; {LARGEST_EVENT_BYTES} can be sent at once."
            raise EngineFailed(f"{told} Ask for fewer logprobs, or for a shorter answer.")
        self._outbox.event(self._id, size).delta.CopyFrom(message)

    async def _wait(self) -> None:
        with self._progress.waiting("credit"):
            while self._credit <= 0:
                self._more = asyncio.get_running_loop().create_future()
                await self._more

    def fail(self, error: TroupeError) -> None:
        """Say that it ended so."""
        told = text_pb2.ChatError(code=error.code, message=error.message, details=error.details)
        self._outbox.event(self._id).error.CopyFrom(told)
