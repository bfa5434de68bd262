"""The chats of this gateway with one text service: all on one `Connect` stream, opened by the first of them.

One stream in place of one call a chat costs a twentieth per token (docs/BENCHMARKS.md). To whoever reads, a chat on it
is what a call of `Chat` is: `begin` takes what the stub's method takes and gives what it gives.

- A stream that broke is opened anew by the next chat, after a rest that doubles; until then chats are calls of `Chat`.
- A service that knows no `Connect` is asked by `Chat` for as long as its process lives.
- A request that is large goes by itself: it would hold up all others, and one that is too large would end them.
- A service that says `going_away` takes no new chat on that stream; those that run there end there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio

from gateway.providers.connect_stream import ConnectStream
from gateway.providers.connected import ConnectedChat
from troupe.v1.text_pb2 import ChatRequest

LARGEST_BYTES = 256 * 1024
"""A request larger than this is sent by itself."""
REST_S = 0.1
MOST_REST_S = 5.0

Metadata = tuple[tuple[str, str], ...]
log = logging.getLogger(__name__)


class ChatLink:
    """The way to one replica; `heard` is told of every message that comes."""

    def __init__(
        self, stub: Any, peer: str, heard: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stub = stub
        self._peer = peer
        self._heard = heard
        self._clock = clock
        self._stream: ConnectStream | None = None  # that takes new chats
        self._streams: set[ConnectStream] = set()  # those that run, the ones that are leaving too
        self._refused = False
        self._rest_s = 0.0
        self._rest_until = 0.0

    def begin(self, request: ChatRequest, *, timeout: float, metadata: Metadata = ()) -> Any:
        """As the stub's `Chat`; seconds."""
        if self._refused or self._clock() < self._rest_until or request.ByteSize() > LARGEST_BYTES:
            return self._stub.Chat(request, timeout=timeout, metadata=metadata)
        return ConnectedChat(self._open(), self._stub.Chat, request, timeout, metadata)

    def renew(self) -> None:
        """Another process is there now: what was learnt of the one before is forgotten."""
        self._refused = False
        self._rest_s = self._rest_until = 0.0

    async def close(self) -> None:
        """End every stream; chats that still run are cancelled."""
        for stream in list(self._streams):
            await stream.close()

    def _open(self) -> ConnectStream:
        if self._stream is None or not self._stream.takes_more:
            self._stream = ConnectStream(self._stub.Connect, self._heard, self._ended)
            self._streams.add(self._stream)
        return self._stream

    def _ended(self, stream: ConnectStream, error: BaseException | None) -> None:
        """It is over: well, or by this error."""
        self._streams.discard(stream)
        if self._stream is stream:
            self._stream = None
        if stream.answered:
            self._rest_s = 0.0
        if error is None:
            return
        self._rest_s = min(max(REST_S, self._rest_s * 2), MOST_REST_S)
        self._rest_until = self._clock() + self._rest_s
        log.debug("the stream of chats with %s ended: %s", self._peer, error)
        code = error.code() if isinstance(error, grpc.aio.AioRpcError) else None
        if code is grpc.StatusCode.UNIMPLEMENTED and not stream.answered:
            self._refused = True
            log.info("the text service at %s knows no Connect; its chats are calls of Chat", self._peer)
