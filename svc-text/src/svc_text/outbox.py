"""What waits to be sent on a `Connect` stream: frames under way, filled in place by the chats that run.

A chat writes its delta straight into the frame that goes out next, so nothing is built twice. All that is put in until
the writer takes it travels together: what all chats made in one engine step, and more where the reader is slow. A full
frame is closed and another begun, as no message may be larger than gRPC's limit.
"""

from __future__ import annotations

import asyncio

from troupe.v1 import text_pb2
from troupe.wire.channels import MESSAGE_BYTES

FRAME_BYTES = 256 * 1024
"""A frame of this size is closed. Larger ones gain nothing, and keep small deltas waiting behind large ones."""
MOST_FRAMES = 4
"""With more than these unsent, the other side does not read: nothing more is begun for it."""
EVENT_BYTES = 64
"""Of an event beside its text, about."""
LARGEST_EVENT_BYTES = MESSAGE_BYTES - 64 * 1024
"""The most that one event may hold; a large one has a frame of its own."""


class Outbox:
    """Events waiting to be sent together, and the bell that wakes the writer."""

    def __init__(self) -> None:
        self.bell = asyncio.Event()
        self._hurry = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closed: list[text_pb2.ServerFrame] = []
        self._begin()

    def _begin(self) -> None:
        self._frame = text_pb2.ServerFrame()
        self._add = self._frame.events.add
        self._bytes = 0

    def event(self, chat_id: int, text_bytes: int = 0) -> text_pb2.ChatEvent:
        """A new event of that chat, to be filled at once; `text_bytes` is about what it will hold."""
        if self._bytes + text_bytes >= FRAME_BYTES and self._bytes:
            self._close()
        if not self._bytes:
            self.bell.set()
        self._bytes += EVENT_BYTES + text_bytes
        event = self._add()
        event.id = chat_id  # half the time of add(id=…)
        return event

    def _close(self) -> None:
        self._closed.append(self._frame)
        self._begin()
        if len(self._closed) >= MOST_FRAMES:
            self._room.clear()

    def farewell(self) -> None:
        """Say that this stream takes no new chat."""
        self._frame.going_away.SetInParent()
        self._bytes += EVENT_BYTES
        self.bell.set()

    def hurry(self) -> None:
        """What was put in last is waited for: it goes out now."""
        self._hurry.set()

    async def pause(self, seconds: float) -> None:
        """Let more gather, unless something there is in a hurry or comes to be."""
        timer = asyncio.get_running_loop().call_later(seconds, self._hurry.set)
        try:
            await self._hurry.wait()
        finally:
            timer.cancel()

    def take(self) -> list[text_pb2.ServerFrame]:
        """All there is to send: one frame, more where much has gathered, none where nothing has."""
        if self._bytes:
            self._close()
        taken, self._closed = self._closed, []
        self._room.set()
        self._hurry.clear()
        return taken

    @property
    def crowded(self) -> bool:
        """Whether the other side is behind with reading."""
        return not self._room.is_set()

    async def room(self) -> None:
        """Wait until the other side reads again."""
        await self._room.wait()
