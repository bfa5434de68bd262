"""GET /api/scenes/ID/events and DELETE /api/scenes/ID."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Header, Path

from gateway.dialects.errors import DOCUMENTED
from gateway.dialects.event_stream import EVENT_STREAM, HEADERS, event, kept_open
from gateway.dialects.media import MediaResponse
from gateway.dialects.replies import DeletedReply
from gateway.dialects.visit import Documented, Here
from gateway.scenes.registry import Event, Scene
from troupe.wire.errors import TroupeError

router = APIRouter(prefix="/api/scenes", tags=["scenes"], dependencies=Documented, responses=DOCUMENTED)  # type: ignore[arg-type]  # FastAPI's own type is wider

SceneId = Annotated[str, Path(description="From the X-Troupe-Scene header", max_length=128)]


@router.get(
    "/{scene_id}/events",
    summary="What happens in a scene, as server-sent events",
    response_class=MediaResponse,
    responses={
        200: {
            "description": "Events: scene, provider, voice, resumed, note, page, stage, text, words, error, end",
            "content": {EVENT_STREAM: {}},
        }
    },
)
async def events(
    scene_id: SceneId, visit: Here, last_event_id: Annotated[str, Header(max_length=20)] = ""
) -> MediaResponse:
    """All events from the scene's start (or after `Last-Event-ID`), then the new ones as they happen, until its end."""
    scene = visit.house.scenes.get(scene_id, visit.caller.key_id)
    after = int(last_event_id) if last_event_id.isdecimal() else 0
    return MediaResponse(
        kept_open(_frames(scene, after)),
        media_type=EVENT_STREAM,
        headers=HEADERS,
        on_broken=_cannot_break,
        on_close=_nothing,
    )


@router.delete("/{scene_id}", summary="Cancel a scene")
async def cancel(scene_id: SceneId, visit: Here) -> DeletedReply:
    """Stop the work on a scene; its film ends there, and its events with the error `cancelled`."""
    visit.house.scenes.get(scene_id, visit.caller.key_id).cancel()
    return DeletedReply(id=scene_id)


async def _frames(scene: Scene, after: int) -> AsyncGenerator[bytes]:
    async with aclosing(scene.follow(after)) as following:
        async for told in following:
            yield _frame(told)


def _frame(told: Event) -> bytes:
    return b"id: %d\n%s" % (told.number, event(told.kind, told.data))


def _cannot_break(_error: TroupeError) -> None:
    """Events are in memory: nothing breaks them."""


async def _nothing() -> None:
    """The stream closes itself."""
