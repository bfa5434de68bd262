"""uvicorn's HTTP protocol with what it lacks: a request's head must come soon, and be of bounded size.

Measured: uvicorn holds 500 sockets that dribble a header for as long as anybody cared to look, and its own
`limit_concurrency` turns such an attack into an outage. And a client that takes nothing of its answer is given up at
last, its connection cut: closing it would wait for ever for what is still to be sent.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S = 3.0
HEAD_BYTES = 64 * 1024
SEND_STALL_S = 60.0
"""A client that takes nothing for so long is given up; a paused player takes nothing for a while."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection: closed when a head takes longer than `HEAD_S` or is larger than `HEAD_BYTES`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_timer()
        self._stop_stall_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client takes less than is sent: wait for it, not for ever."""
        super().pause_writing()
        self._stop_stall_timer()
        self._stall_timer = self.loop.call_later(SEND_STALL_S, self.transport.abort)

    def resume_writing(self) -> None:
        """It takes again."""
        self._stop_stall_timer()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head; bodies are counted by the limits of the application."""
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_timer is None:
                self._await_head()  # the next request on a kept connection
        super().data_received(data)
        # A head that ended within this piece has reset the count.
        if self._in_head and self._head_bytes > HEAD_BYTES:
            self._refuse(431, "Request Header Fields Too Large")

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._stop_timer()
        self._in_head, self._head_bytes = False, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """What comes next is another head."""
        self._in_head = True
        super().on_message_complete()

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_S, self._refuse, 408, "Request Timeout")

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_stall_timer(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _refuse(self, status: int, reason: str) -> None:
        self._stop_timer()
        if not self.transport.is_closing():
            head = f"HTTP/1.1 {status} {reason}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(head.encode("ascii"))
            self.transport.close()
