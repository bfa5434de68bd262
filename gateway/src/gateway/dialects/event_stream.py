"""Server-sent events: how one is written, and how a stream of them stays open while nothing happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

import orjson

EVENT_STREAM = "text/event-stream"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
KEEP_ALIVE_S = 15.0
"""So long without a word, and a comment is sent: proxies cut what is silent for long."""
STILL_HERE = b": still here\n\n"


def event(kind: str, data: Mapping[str, Any]) -> bytes:
    """One event."""
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), orjson.dumps(data))


async def kept_open(events: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """The events as they come, and comments in between; the source is closed with it."""
    async with aclosing(events):
        step = asyncio.ensure_future(anext(events, None))
        try:
            while True:
                done, _ = await asyncio.wait({step}, timeout=KEEP_ALIVE_S)
                if not done:
                    yield STILL_HERE
                    continue
                if (frame := step.result()) is None:
                    return
                yield frame
                step = asyncio.ensure_future(anext(events, None))
        finally:
            step.cancel()
            await asyncio.wait({step})
