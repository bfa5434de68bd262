"""Work that a scene's cancellation ends before there is anything of it that could be aborted."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from gateway.scenes.registry import Scene
from troupe.wire.errors import TroupeError

T = TypeVar("T")


async def interruptible(work: Coroutine[Any, Any, T], scene: Scene) -> T:
    """What the work gives. Raises the error that the scene is cancelled with meanwhile, at once."""
    task = asyncio.ensure_future(work)
    cancelled: list[TroupeError] = []

    def cancel(error: TroupeError) -> None:
        cancelled.append(error)
        task.cancel()

    scene.on_cancel(cancel)
    try:
        return await task
    except asyncio.CancelledError:
        if cancelled and not _leaving():
            raise cancelled[0] from None
        raise


def _leaving() -> bool:
    """Whether whoever waits is being cancelled itself."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
