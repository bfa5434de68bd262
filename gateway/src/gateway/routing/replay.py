"""An input that can be read again from its start until the answer has begun: what makes a fallback possible."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Generic, TypeVar

from troupe.wire.errors import StreamBroken, TroupeError

M = TypeVar("M")

KEPT_BYTES = 32 * 1024 * 1024
"""More than this is not kept for another attempt; 11 minutes of PCM."""


class Replay(Generic[M]):
    """Wraps a source; each `reader` starts anew. One reader at a time; it never ends the source.

    `error` is what broke the source, if anything did: then no other attempt can do better.
    """

    def __init__(self, source: AsyncIterator[M], size: Callable[[M], int], kept_bytes: int = KEPT_BYTES) -> None:
        self._source = source
        self._size = size
        self._room = kept_bytes
        self._kept: list[M] = []
        self._keeping = True
        self._lost = False
        self._pending: asyncio.Future[M] | None = None
        self.error: TroupeError | None = None

    def commit(self) -> None:
        """The answer has begun: nothing is kept from here on, and what was read is let go."""
        self._keeping = False

    async def reader(self) -> AsyncIterator[M]:
        """The source from its start; raises `StreamBroken` when that start is not kept any more."""
        if self.error is not None:
            raise self.error
        if self._lost or not self._keeping:
            raise StreamBroken("The request cannot be sent to another provider: its beginning is not kept any more.")
        index = 0
        while True:
            if index < len(self._kept):
                item = self._kept[index]
            else:
                try:
                    item = await self._pull()
                except StopAsyncIteration:
                    return
            index += 1
            yield item
            if not self._keeping:
                del self._kept[:index]
                index = 0

    async def aclose(self) -> None:
        """Stop waiting for the source. The source itself is closed by whoever made it."""
        if self._pending is not None:
            self._pending.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await self._pending

    async def _pull(self) -> M:
        # Shielded: a reader that is given up must not end the source.
        self._pending = self._pending or asyncio.ensure_future(anext(self._source))
        try:
            item = await asyncio.shield(self._pending)
        except TroupeError as error:
            self.error = error
            raise
        finally:
            if self._pending.done():
                self._pending = None
        self._keep(item)
        return item

    def _keep(self, item: M) -> None:
        self._room -= self._size(item)
        if self._keeping and self._room < 0:
            self._lost = True
            self.commit()
        if self._keeping:
            self._kept.append(item)
