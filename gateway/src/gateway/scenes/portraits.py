"""Portraits: prepared, listed and deleted by the video service; each belongs to the key that brought it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from gateway.routing.chain import Chain
from gateway.routing.need import Need
from gateway.routing.rung import Call, Rung
from gateway.scenes.asking import Answer, once, only
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


@dataclass(frozen=True, slots=True)
class PortraitDesk:
    """The video chain, as one caller asks it about portraits."""

    chain: Chain
    need: Need
    key_id: str
    request_id: str

    async def prepare(self, picture: bytes, *, name: str, keep: bool) -> Answer[PreparePortraitResponse]:
        """Find and keep the face of a picture."""

        async def inputs(rung: Rung) -> AsyncGenerator[PreparePortraitInput]:
            settings = PreparePortraitSettings(engine=rung.engine, principal=self._principal, name=name, keep=keep)
            yield PreparePortraitInput(settings=settings)
            for piece in pieces(picture):
                yield PreparePortraitInput(picture=piece)

        return await self._ask("PreparePortrait", inputs, PREPARE_S)

    async def listing(self) -> Answer[list[Portrait]]:
        """The shipped avatars, and the caller's own portraits."""
        answer = await self._ask("ListPortraits", once(ListPortraitsRequest(principal=self._principal)), hedged=True)
        return Answer(list(answer.value.portraits), answer.provider)

    async def delete(self, portrait_id: str) -> Answer[None]:
        """Forget a portrait. Raises `UnknownPortrait`, also for a stranger's."""
        request = DeletePortraitRequest(principal=self._principal, portrait_id=portrait_id)
        answer = await self._ask("DeletePortrait", once(request))
        return Answer(None, answer.provider)

    async def avatar_for(self, gender: Gender) -> str:
        """The id of a shipped avatar that suits the voice."""
        avatars = [portrait for portrait in (await self.listing()).value if portrait.avatar]
        if not avatars:
            raise EngineFailed("The video service has no avatars. Send a `portrait` picture or a `portrait_id`.")
        return next((each for each in avatars if each.gender == gender), avatars[0]).portrait_id

    @property
    def _principal(self) -> Principal:
        return Principal(key_id=self.key_id)

    async def _ask(self, method: str, inputs: Any, within_s: float = ASK_S, *, hedged: bool = False) -> Answer[Any]:
        deadline = Deadline.after(within_s)
        call: Call[Any] = Call(method, inputs, lambda _message: True, deadline, self.request_id, hedged=hedged)
        return await only(self.chain, self.need, call)
