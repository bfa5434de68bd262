"""The gateway's own certificate, which it shows its services: kept as new as its files are."""

from __future__ import annotations

import asyncio

from troupe.wire.tls import Identity


class Keeper:
    """As a neighbour of the house: begun and ended with it."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look at the files."""
        self._task = asyncio.create_task(self.identity.keep())

    async def first_answer(self, within_s: float) -> None:
        """They have been read already."""

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
