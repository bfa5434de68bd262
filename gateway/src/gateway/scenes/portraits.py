"""Portraits: prepared, listed and deleted by the video service; each belongs to the key that brought it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, TypeVar

from gateway.routing.chain import Chain
from gateway.routing.need import Modality, Need
from gateway.routing.rung import Call
from troupe.v1.engine_pb2 import Gender, Principal
from troupe.v1.video_pb2 import (
    DeletePortraitRequest,
    ListPortraitsRequest,
    Portrait,
    PreparePortraitInput,
    PreparePortraitResponse,
    PreparePortraitSettings,
)
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import EngineFailed
from troupe.wire.media import pieces

PREPARE_S = 30.0
ASK_S = 10.0

M = TypeVar("M")


async def prepare(
    chain: Chain, picture: bytes, *, key_id: str, name: str, keep: bool, request_id: str
) -> PreparePortraitResponse:
    """Find and keep the face of a picture."""

    async def inputs(rung: Any) -> AsyncGenerator[PreparePortraitInput]:
        principal = Principal(key_id=key_id)
        settings = PreparePortraitSettings(engine=rung.engine, principal=principal, name=name, keep=keep)
        yield PreparePortraitInput(settings=settings)
        for piece in pieces(picture):
            yield PreparePortraitInput(picture=piece)

    answer: PreparePortraitResponse = await _ask(
        chain, Call("PreparePortrait", inputs, _any, Deadline.after(PREPARE_S), request_id)
    )
    return answer


async def list_all(chain: Chain, key_id: str, request_id: str) -> list[Portrait]:
    """The shipped avatars, and the caller's own portraits."""
    request = ListPortraitsRequest(principal=Principal(key_id=key_id))
    answer = await _ask(chain, Call("ListPortraits", _once(request), _any, Deadline.after(ASK_S), request_id))
    return list(answer.portraits)


async def delete(chain: Chain, portrait_id: str, key_id: str, request_id: str) -> None:
    """Forget a portrait. Raises `UnknownPortrait`, also for a stranger's."""
    request = DeletePortraitRequest(principal=Principal(key_id=key_id), portrait_id=portrait_id)
    await _ask(chain, Call("DeletePortrait", _once(request), _any, Deadline.after(ASK_S), request_id))


async def avatar_for(chain: Chain, gender: Gender, key_id: str, request_id: str) -> str:
    """The id of a shipped avatar that suits the voice."""
    avatars = [portrait for portrait in await list_all(chain, key_id, request_id) if portrait.avatar]
    if not avatars:
        raise EngineFailed("The video service has no avatars. Send a `portrait` picture or a `portrait_id`.")
    return next((each for each in avatars if each.gender == gender), avatars[0]).portrait_id


async def _ask(chain: Chain, call: Call[Any]) -> Any:
    served = await chain.run(Need(Modality.VIDEO), call)
    try:
        return await anext(served)
    finally:
        await served.aclose()


def _once(request: M) -> Any:
    async def inputs(_rung: Any) -> AsyncGenerator[M]:
        yield request

    return inputs


def _any(_message: object) -> bool:
    return True
