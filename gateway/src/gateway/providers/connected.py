"""A chat on a `Connect` stream, read as a call of `Chat` is: what comes in between waits here, within its credit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from gateway.providers.connect_stream import EOF, ConnectStream
from troupe.v1.text_pb2 import ChatDelta, ChatRequest, StartChat
from troupe.wire.errors import DeadlineExceeded
from troupe.wire.logs import REQUEST_ID
from troupe.wire.traces import TRACEPARENT

CREDIT = 256
"""Deltas that may wait for a reader: he holds up his own chat then, and no other."""
GIVE_BACK = CREDIT // 2
"""Credit is given back for so many at once: each time is a message of its own."""
HELD_FRAMES = 16
"""A delta keeps the whole frame it came in, with what is others'. For a slow reader it is copied out of it."""


class ConnectedChat:
    """What `MeshStream` takes for a call: `read`, `cancel`, `done`."""

    def __init__(
        self,
        stream: ConnectStream,
        alone: Callable[..., Any],
        request: ChatRequest,
        timeout_s: float,
        metadata: tuple[tuple[str, str], ...],
    ) -> None:
        self._stream = stream
        self._alone = alone
        self._request = request
        self._metadata = metadata
        self._call: Any = None  # of `Chat`, where there is no stream for it
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.call_later(timeout_s, self._late)
        self._ready: deque[ChatDelta] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._taken = 0  # since credit was last given back
        self._ended = False
        self._error: BaseException | None = None
        start = StartChat(request=request, timeout_ms=max(1, round(timeout_s * 1000)), initial_credit=CREDIT)
        told = dict(metadata)
        start.request_id, start.traceparent = told.get(REQUEST_ID, ""), told.get(TRACEPARENT, "")
        self._number = stream.start(self, start)

    async def read(self) -> Any:
        """The next delta, or EOF; raises what ended it: a leaf of the service's, or the error of the connection."""
        while not self._ready:
            if self._call is not None:
                return await self._call.read()
            if self._ended:
                if self._error is not None:
                    raise self._error
                return EOF
            self._waiter = self._loop.create_future()
            await self._waiter
        delta = self._ready.popleft()
        if not delta.HasField("tick"):
            self._taken += 1
            if self._taken >= GIVE_BACK:
                self._stream.credit(self._number, self._taken)
                self._taken = 0
        return delta

    def cancel(self) -> bool:
        """End it, and free the engine; whoever reads is cancelled, as with gRPC's own calls."""
        if self.done():
            return False
        self._stream.cancel(self._number)
        self._ready.clear()
        self.end(asyncio.CancelledError())
        return True if self._call is None else bool(self._call.cancel())

    def done(self) -> bool:
        """Whether it has ended."""
        return self._ended if self._call is None else bool(self._call.done())

    def take(self, delta: ChatDelta) -> None:
        """The next delta has come."""
        if len(self._ready) >= HELD_FRAMES:
            own = ChatDelta()
            own.CopyFrom(delta)
            delta = own
        self._ready.append(delta)
        self._wake()

    def end(self, error: BaseException | None) -> None:
        """Nothing more comes."""
        if not self._ended:
            self._ended, self._error = True, error
            self._due.cancel()
            self._wake()

    def go_alone(self) -> None:
        """There is no stream for it: ask by `Chat`."""
        if not self._ended:
            left_s = max(0.0, self._due.when() - self._loop.time())
            self._due.cancel()
            self._call = self._alone(self._request, timeout=left_s, metadata=self._metadata)
            self._wake()

    def _late(self) -> None:
        self._stream.cancel(self._number)
        self.end(DeadlineExceeded("The time for this request was used up."))

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
