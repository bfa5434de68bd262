"""What stands before several gateways: it asks each whether it is ready, and sends new requests to those that are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from tests.chaos.http1 import Client, Cut, Place

LOOK_S = 0.1
LOOK_TIMEOUT_S = 0.5


@dataclass(slots=True)
class Balancer:
    """Round robin among the gateways that said "ready" when they were last asked."""

    gateways: Sequence[Place]
    path: str = "/ready"
    ready: dict[int, bool] = field(default_factory=dict)
    _turns: count[int] = field(default_factory=count)

    def pick(self) -> str:
        """The address of the next one."""
        able = [each for number, each in enumerate(self.gateways) if self.ready.get(number)] or list(self.gateways)
        return able[next(self._turns) % len(able)].http

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[Balancer]:
        """Ask them as long as the block runs."""
        jobs = [asyncio.create_task(self._watch(number)) for number in range(len(self.gateways))]
        while len(self.ready) < len(self.gateways):  # each watcher writes its own mark
            await asyncio.sleep(LOOK_S)
        try:
            yield self
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)

    async def _watch(self, number: int) -> None:
        client = Client()
        try:
            while True:
                self.ready[number] = await self._says_ready(client, self.gateways[number].http)
                await asyncio.sleep(LOOK_S)
        finally:
            client.close()

    async def _says_ready(self, client: Client, address: str) -> bool:
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S), client.ask(address, "GET", self.path) as reply:
                await reply.body()
                return reply.status == 200
        except (Cut, OSError, TimeoutError):
            return False
