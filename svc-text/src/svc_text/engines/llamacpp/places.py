"""Room for so many completions at once; who asks first is served first."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from troupe.wire.progress import Progress


class Places:
    """As a semaphore, of which one may take several at once without two waiting for each other's."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.free = total
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def taken(self, count: int, progress: Progress) -> AsyncIterator[None]:
        """`count` places while inside; `progress` is told that waiting for them is no hanging."""
        await self._take(count, progress)
        try:
            yield
        finally:
            self._give(count)

    async def _take(self, count: int, progress: Progress) -> None:
        if not self._waiting and count <= self.free:
            self.free -= count
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((count, turn))
        try:
            with progress.waiting("queue"):
                await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give(count)  # its turn came while it was leaving
            else:
                self._waiting.remove((count, turn))
                self._serve()
            raise

    def _give(self, count: int) -> None:
        self.free += count
        self._serve()

    def _serve(self) -> None:
        while self._waiting and self._waiting[0][0] <= self.free:
            count, turn = self._waiting.popleft()
            self.free -= count
            turn.set_result(None)
