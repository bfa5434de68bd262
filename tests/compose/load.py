"""Three kinds of requests by the clock, and what came of each. Nothing is asked twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

GATEWAY = "http://127.0.0.1:8000"
KINDS = {"text": 5.0, "speech": 1.0, "film": 0.34}
"""Requests per second of each kind: two cores of a test machine, six containers on them."""
ANSWER_S = 60.0


@dataclass(slots=True)
class Load:
    """The outcomes: (kind, began, why), an empty why is good."""

    outcomes: list[tuple[str, float, str]] = field(default_factory=list)
    _asked: set[asyncio.Task[None]] = field(default_factory=set)

    def bad(self) -> list[str]:
        return [f"{kind}: {why}" for kind, _, why in self.outcomes if why]

    def good(self, kind: str, since: float = 0.0) -> int:
        return sum(1 for found, began, why in self.outcomes if found == kind and began >= since and not why)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Load]:
        """Load while the block runs; what was asked ends before the block is left."""
        async with httpx.AsyncClient(base_url=GATEWAY, timeout=ANSWER_S) as client:
            clocks = [asyncio.create_task(self._by_the_clock(client, kind, rate)) for kind, rate in KINDS.items()]
            try:
                yield self
            finally:
                for clock in clocks:
                    clock.cancel()
                await asyncio.gather(*self._asked)

    async def _by_the_clock(self, client: httpx.AsyncClient, kind: str, rate: float) -> None:
        while True:
            task = asyncio.create_task(self._ask(client, kind))
            self._asked.add(task)
            task.add_done_callback(self._asked.discard)
            await asyncio.sleep(1 / rate)

    async def _ask(self, client: httpx.AsyncClient, kind: str) -> None:
        began = time.monotonic()
        try:
            why = await getattr(self, f"_{kind}")(client)
        except httpx.HTTPError as error:
            why = repr(error)
        self.outcomes.append((kind, began, why))

    async def _text(self, client: httpx.AsyncClient) -> str:
        reply = await client.post("/api/text", json={"prompt": "count", "echo": {"count_to": 5}})
        return "" if reply.status_code == 200 and "5" in reply.text else f"{reply.status_code} {reply.text[:200]}"

    async def _speech(self, client: httpx.AsyncClient) -> str:
        reply = await client.post("/api/voice", json={"text": "One container less.", "language": "en-US"})
        return (
            "" if reply.status_code == 200 and len(reply.content) > 1000 else f"{reply.status_code} {reply.text[:200]}"
        )

    async def _film(self, client: httpx.AsyncClient) -> str:
        fields = {"text": (None, "And the film goes on."), "language": (None, "en-US")}
        reply = await client.post("/api/avatar", files=fields)
        whole = reply.status_code == 200 and b"ftyp" in reply.content[:64] and b"mdat" in reply.content
        return "" if whole else f"{reply.status_code} {reply.content[:200]!r}"
