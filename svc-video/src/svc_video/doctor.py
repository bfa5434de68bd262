"""Is each engine ready on this machine, and what mends it if not."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from svc_video.desk import Desk
from svc_video.engine import ENGINES, USUAL_CONTEXT, EngineContext
from svc_video.portraits.gallery import Gallery
from svc_video.portraits.store import PortraitStore
from troupe.v1.engine_pb2 import ENGINE_STATE_READY


def examine(context: EngineContext = USUAL_CONTEXT) -> list[dict[str, object]]:
    """One row per engine there is: it is really started, and draws a first frame."""
    return asyncio.run(_examine(context))


async def _examine(context: EngineContext) -> list[dict[str, object]]:
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(tuple(ENGINES), Gallery(PortraitStore(Path(folder))), max_streams=1, context=context)
        try:
            await desk.load()
            return [_row(desk, name) for name in desk.engines]
        finally:
            await desk.stop()


def _row(desk: Desk, name: str) -> dict[str, object]:
    status = desk.board.status(name)
    ready = status.state == ENGINE_STATE_READY
    return {"engine": name, "ready": ready, "reason": status.reason, "remedy": status.remedy}
