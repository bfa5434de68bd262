"""Voices over the HTTP of the first release: list, clone, record consent, delete.

There are no keys on this port: whoever reaches it is the house itself, and owns what is cloned here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from svc_tts.audio.decode import MAX_FILE_BYTES
from svc_tts.booth import Booth
from svc_tts.engine import EngineVoice
from svc_tts.voices.cloned import ClonedVoice
from svc_tts.voices.consent import REMEDY, WHY, Consent, State
from svc_tts.voices.sample import Refinement
from svc_tts.voices.seed import SEED_VOICES
from troupe.wire.errors import InvalidArgument

LOCAL_OWNER = "local"
_MAX_FIELDS = 16  # of a form
_CONSENT_PREFIX = "consent_"
_Fields = TypeVar("_Fields", bound=BaseModel)
_CONSENT_EXAMPLE = '{"speaker": "Ada Lovelace", "statement": "I agree that …", "expires": "2030-12-31"}'


class ConsentBody(BaseModel):
    """What a speaker agreed to. Times are Unix seconds or ISO 8601; a time without zone is UTC."""

    speaker: str = ""
    statement: str = ""
    scope: str = ""
    given: datetime | None = None
    expires: datetime | None = None

    def consent(self) -> Consent:
        """The record."""
        return Consent(self.speaker, self.statement, _unix_s(self.given), self.scope, _unix_s(self.expires))


class CloneFields(BaseModel):
    """What a form says besides its file."""

    name: str
    voice_id: str = ""
    language: str = ""
    denoise: bool = False
    normalize: bool = False


def routes(booth: Booth) -> list[Route]:
    """Those of voices."""

    async def voices(_: Request) -> Response:
        own = [voice for engine in booth.engines.values() for voice in engine.voices()]
        cloned = await booth.cloning.voices_of(LOCAL_OWNER)
        by_id = {voice.voice_id: voice for voice in (*SEED_VOICES, *own) if not voice.retired}
        told = [*(_told(voice) for voice in by_id.values()), *(_told_clone(booth, voice) for voice in cloned)]
        return JSONResponse({"voices": told})

    async def clone(request: Request) -> Response:
        form = await _form(request)
        try:
            return await _clone(booth, form)
        finally:
            await form.close()

    async def consent(request: Request) -> Response:
        body = _parsed(await request.body())
        voice_id = request.path_params["voice_id"]
        voice = await booth.cloning.give_consent(LOCAL_OWNER, voice_id, body.consent())
        return JSONResponse(_stored(booth, voice))

    async def delete(request: Request) -> Response:
        voice_id = request.path_params["voice_id"]
        await booth.cloning.delete(LOCAL_OWNER, voice_id)
        return JSONResponse({"voice_id": voice_id, "deleted": True})

    return [
        Route("/voices", voices),
        Route("/voices/{voice_id}", delete, methods=["DELETE"]),
        Route("/voices/{voice_id}/consent", consent, methods=["POST"]),
        Route("/clone", clone, methods=["POST"]),
    ]


async def _clone(booth: Booth, form: FormData) -> Response:
    audio = form.get("audio")
    if not isinstance(audio, UploadFile) or not isinstance(form.get("name"), str):
        raise _no_form()
    texts = {name: value for name, value in form.items() if isinstance(value, str) and value}
    fields = _validated(CloneFields, {"name": "", **texts})
    wanted = ClonedVoice(fields.voice_id, fields.name, fields.language, _consent_in(texts))
    refinement = Refinement(denoise=fields.denoise, normalize_loudness=fields.normalize)
    voice = await booth.cloning.clone(LOCAL_OWNER, wanted, await audio.read(), refinement)
    return JSONResponse(_stored(booth, voice))


async def _form(request: Request) -> FormData:
    """The form, its file in memory: a pod may have no disk to write to. Raises `InvalidArgument`."""
    parser = MultiPartParser(request.headers, request.stream(), max_files=1, max_fields=_MAX_FIELDS)
    parser.spool_max_size = MAX_FILE_BYTES
    try:
        return await parser.parse()
    except (MultiPartException, KeyError) as error:  # KeyError: no boundary, so it is no such form
        raise _no_form() from error


def _no_form() -> InvalidArgument:
    return InvalidArgument("Send a multipart form with the file `audio` and the field `name`.", field="audio")


def _consent_in(texts: Mapping[str, str]) -> Consent | None:
    """The consent that the fields of a form tell; None where none does."""
    told = {
        name.removeprefix(_CONSENT_PREFIX): text for name, text in texts.items() if name.startswith(_CONSENT_PREFIX)
    }
    if not told:
        return None
    return _validated(ConsentBody, told, _CONSENT_PREFIX).consent().checked(time.time())


def _stored(booth: Booth, voice: ClonedVoice) -> dict[str, Any]:
    """What is said of a voice that is kept: the first release's fields, and what it lacks."""
    state = booth.cloning.state(voice)
    told = {"voice_id": voice.voice_id, "name": voice.name, "stored": True, "usable": state is State.READY}
    if state is State.READY:
        return told | {"state": state.value}
    lacking = {"state": state.value, "why": WHY[state], "how": REMEDY[state]}
    return told | lacking | {"meanwhile": booth.cloning.meanwhile(voice)}


def _told(voice: EngineVoice) -> dict[str, Any]:
    gender = voice.gender.value
    return {"voice_id": voice.voice_id, "name": voice.name, "language": voice.language, "gender": gender}


def _told_clone(booth: Booth, voice: ClonedVoice) -> dict[str, Any]:
    stored = _stored(booth, voice)
    about = {"language": voice.language, "gender": "", "cloned": True, "created_at": voice.created_unix_s}
    return {"voice_id": voice.voice_id, "name": voice.name} | about | stored


def _parsed(body: bytes) -> ConsentBody:
    try:
        return ConsentBody.model_validate_json(body)
    except ValidationError as error:
        raise _refusal(error, "", f" Send JSON like {_CONSENT_EXAMPLE}.") from error


def _validated(kind: type[_Fields], told: Mapping[str, str], prefix: str = "") -> _Fields:
    try:
        return kind.model_validate(told)
    except ValidationError as error:
        raise _refusal(error, prefix, "") from error


def _refusal(error: ValidationError, prefix: str, hint: str) -> InvalidArgument:
    first = error.errors(include_input=False, include_url=False)[0]
    where = prefix + (".".join(map(str, first["loc"])) or "body")
    return InvalidArgument(f"{where}: {first['msg']}.{hint}", field=where)


def _unix_s(moment: datetime | None) -> int:
    if moment is None:
        return 0
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
