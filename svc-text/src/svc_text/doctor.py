"""Is each engine ready on this machine, and what mends it if not."""

from __future__ import annotations

import asyncio

from svc_text.desk import Desk
from svc_text.engine import ENGINES
from troupe.v1.engine_pb2 import ENGINE_STATE_READY


def examine() -> list[dict[str, object]]:
    """One row per engine there is: it is really started, and makes a first token."""
    return asyncio.run(_examine())


async def _examine() -> list[dict[str, object]]:
    desk = Desk(tuple(ENGINES))
    try:
        await desk.load()
        return [_row(desk, name) for name in desk.engines]
    finally:
        await desk.stop()


def _row(desk: Desk, name: str) -> dict[str, object]:
    status = desk.board.status(name)
    ready = status.state == ENGINE_STATE_READY
    return {"engine": name, "ready": ready, "reason": status.reason, "remedy": status.remedy}
