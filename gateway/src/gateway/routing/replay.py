"""An input that can be read again, by another attempt: from its start until the answer has begun, and from where a
broken answer goes on after that.

Every item covers a length of the input (code points, bytes of sound), so that a place in it can be found again. What
lies before the place that was let go is forgotten; so is the oldest, when more is kept than there is room for.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import Generic, TypeVar

from troupe.wire.errors import StreamBroken, TroupeError

M = TypeVar("M")

KEPT_BYTES = 32 * 1024 * 1024
"""More than this is not kept for another attempt; 11 minutes of PCM."""


def no_length(_item: object) -> int:
    """For inputs that are only ever read from their start."""
    return 0


class Replay(Generic[M]):
    """Wraps a source; each reader starts anew. One reader at a time; it never ends the source.

    `error` is what broke the source, if anything did: then no other attempt can do better.
    """

    def __init__(
        self,
        source: AsyncIterator[M],
        size: Callable[[M], int],
        length: Callable[[M], int] = no_length,
        *,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        self._source = source
        self._size = size
        self._length = length
        self._room = kept_bytes
        self._kept: deque[tuple[int, M]] = deque()  # each with its place
        self._first = 0  # number of the first item kept
        self._keeping = True
        self._pending: asyncio.Future[M] | None = None
        self.taken = 0  # length of what has come
        self.ended = False  # everything has come
        self.error: TroupeError | None = None

    def commit(self) -> None:
        """The answer has begun and cannot go on elsewhere: nothing is kept from here on."""
        self._keeping = False

    def let_go(self, before: int) -> None:
        """Nothing before this place will be read again."""
        while self._kept and (place := self._kept[0])[0] + self._length(place[1]) <= before and place[0] < before:
            self._forget_first()

    def keeps(self, place: int) -> bool:
        """Whether it can be read again from there."""
        return self._keeping and place >= (self._kept[0][0] if self._kept else self.taken) and self._from_start(place)

    def after(self, place: int) -> Iterator[tuple[int, M]]:
        """The items kept that reach beyond this place, each with its own."""
        for start, item in list(self._kept):
            if start + self._length(item) > place or start >= place:
                yield start, item

    async def reader(self) -> AsyncIterator[M]:
        """The source from its start; raises `StreamBroken` when that start is not kept any more."""
        async for _, item in self.reader_from(0):
            yield item

    async def reader_from(self, place: int) -> AsyncGenerator[tuple[int, M]]:
        """The source from the item that holds this place on, each item with its own. Raises `StreamBroken`."""
        if self.error is not None:
            raise self.error
        if not self.keeps(place):
            raise StreamBroken("The request cannot be sent to another provider: its beginning is not kept any more.")
        number = self._first
        while True:
            if number < self._first + len(self._kept):
                found = self._kept[number - self._first]
            else:
                try:
                    found = await self._pull()
                except StopAsyncIteration:
                    self.ended = True
                    return
            number += 1
            if found[0] + self._length(found[1]) > place or found[0] >= place:
                yield found
            while not self._keeping and self._kept and self._first < number:
                self._forget_first()
            number = max(number, self._first)

    async def aclose(self) -> None:
        """Stop waiting for the source. The source itself is closed by whoever made it."""
        if self._pending is not None:
            self._pending.cancel()
            await asyncio.gather(self._pending, return_exceptions=True)

    async def _pull(self) -> tuple[int, M]:
        # Shielded: a reader that is given up must not end the source, and what comes meanwhile is the next reader's.
        self._pending = self._pending or asyncio.ensure_future(anext(self._source))
        try:
            item = await asyncio.shield(self._pending)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._pending = None
            self.error = error if isinstance(error, TroupeError) else self.error
            raise
        self._pending = None
        return self._keep(item)

    def _keep(self, item: M) -> tuple[int, M]:
        placed = (self.taken, item)
        self.taken += self._length(item)
        self._kept.append(placed)
        self._room -= self._size(item)
        while not self._keeping or self._room < 0:
            if not self._kept:
                break
            self._forget_first()
        return placed

    def _from_start(self, place: int) -> bool:
        """An input without lengths has one place, its start, and that only while its first item is kept."""
        return self._first == 0 or place > 0

    def _forget_first(self) -> None:
        _, item = self._kept.popleft()
        self._room += self._size(item)
        self._first += 1
