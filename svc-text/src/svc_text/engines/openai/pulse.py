"""Beats for chats while their server lives.

A server says nothing while it reads a long prompt, and a stream that is silent for a second counts as frozen. Only the
server knows whether it computes; that it answers at all is asked of it a few times a second, and only while a chat of
ours waits. A server that is stopped answers nothing, and the chats stop ticking.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

from troupe.wire.errors import TroupeError
from troupe.wire.progress import TICK_INTERVAL_S, Progress

PULSE_S = TICK_INTERVAL_S * 0.8


class Pulse:
    """`alive` asks the server; it raises a leaf where nobody answers."""

    def __init__(self, alive: Callable[[], Awaitable[object]], every_s: float = PULSE_S) -> None:
        self._alive = alive
        self._every_s = every_s
        self._waiting: set[Progress] = set()
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def beating(self, progress: Progress) -> Iterator[None]:
        """Beat for this chat while inside."""
        self._waiting.add(progress)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            self._waiting.discard(progress)

    async def stop(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            if not self._waiting:
                return
            with suppress(TroupeError):  # the chat itself will tell
                await self._alive()
                for progress in tuple(self._waiting):
                    progress.beat()
