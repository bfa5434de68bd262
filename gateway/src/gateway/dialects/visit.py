"""What a route knows of the request it answers: the house, the caller, the request's id."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from gateway.guard.keys import Caller
from gateway.house import House
from gateway.routing.capability import OFFLINE_RENDER
from gateway.routing.need import Modality, Need
from gateway.scenes.portraits import PortraitDesk
from gateway.scenes.voice_desk import VoiceDesk
from gateway.scenes.wishes import Names, Wishes
from troupe.v1.engine_pb2 import Principal

# The guard has judged the key before the body was read; these put the two ways of sending one into /docs.
_bearer = HTTPBearer(auto_error=False, description="An API key made by `troupe key`")
_header = APIKeyHeader(name="x-api-key", auto_error=False, description="The same key, as a header of its own")
Documented = [Security(_bearer), Security(_header)]

PROVIDER = "X-Troupe-Provider"
"""Who made an answer; in a request: who shall."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request."""

    house: House
    caller: Caller
    request_id: str
    wishes: Wishes = field(default_factory=Wishes)

    @property
    def principal(self) -> Principal:
        """Whose key it is, as the services are told."""
        return Principal(key_id=self.caller.key_id)

    def rungs(self, modality: Modality, *route: Modality) -> Names:
        """The providers that the headers wish for; `route`: the chains that take part, where there are several."""
        return self.wishes.rungs(self.house.chains, *(route or (modality,)))[modality]

    def portraits(self, rungs: Names | None = None, *, may_wait: bool = False) -> PortraitDesk:
        """The video chain, to ask about portraits: only these providers of it, else those that the headers wish for.

        `may_wait`: also those whose films take minutes.
        """
        named = self.rungs(Modality.VIDEO) if rungs is None else rungs
        without = frozenset() if may_wait else frozenset({OFFLINE_RENDER})
        need = Need(Modality.VIDEO, rungs=named, without=without, local_only=self.wishes.local_only)
        return PortraitDesk(self.house.chains[Modality.VIDEO], need, self.caller.key_id, self.request_id)

    def voices(self, *, local_only: bool = False) -> VoiceDesk:
        """The tts chain, to ask about voices; `local_only`: a field of the request says so too."""
        house = self.house
        return VoiceDesk(
            house.chains[Modality.TTS],
            house.voices,
            house.clones,
            self.caller.key_id,
            self.request_id,
            local_only=local_only or self.wishes.local_only,
        )


def house_of(request: Request) -> House:
    """The house that answers."""
    house: House = request.app.state.house
    return house


def _visit(request: Request) -> Visit:
    state = request.scope["state"]
    return Visit(house_of(request), state["caller"], state["request_id"], Wishes.read(request.headers))


Here = Annotated[Visit, Depends(_visit)]
