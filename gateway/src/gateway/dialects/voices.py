"""GET /api/voices, and the caller's own cloned ones: POST /api/clone (and /clone, the seed's path), consent, delete."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Path, Query, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from gateway.dialects.errors import DOCUMENTED
from gateway.dialects.replies import ClonedVoiceReply, DeletedReply, VoiceReply, VoicesReply
from gateway.dialects.visit import PROVIDER, Documented, Here, Visit
from gateway.guard.uploads import check_sound
from gateway.routing.capability import primary, speaks
from gateway.routing.need import Modality
from gateway.scenes.voice_desk import Own
from gateway.scenes.wishes import names_in
from gateway.voices import GENDER_NAMES, Voice
from troupe.v1.engine_pb2 import (
    ENGINE_STATE_READY,
    VOICE_STATE_AWAITING_CONSENT,
    VOICE_STATE_AWAITING_ENGINE,
    VOICE_STATE_CONSENT_EXPIRED,
    VOICE_STATE_READY,
)
from troupe.v1.speech_pb2 import CloneVoiceSettings, Consent

router = APIRouter(tags=["voices"], dependencies=Documented, responses=DOCUMENTED)  # type: ignore[arg-type]  # FastAPI's own type is wider

MAX_SAMPLE_BYTES = 20 * 1024 * 1024
STATES = {
    VOICE_STATE_READY: "ready",
    VOICE_STATE_AWAITING_CONSENT: "awaiting_consent",
    VOICE_STATE_CONSENT_EXPIRED: "consent_expired",
    VOICE_STATE_AWAITING_ENGINE: "awaiting_engine",
}
DEFAULT_LANGUAGE = "en"
MAX_SPEAKER, MAX_STATEMENT, MAX_SCOPE = 200, 2_000, 500  # characters
OneId = Annotated[str, Path(description="One of your own", max_length=256)]


class ConsentBody(BaseModel):
    """What a speaker agreed to. Times are ISO 8601 or Unix seconds; one without a zone is UTC."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "speaker": "Ada Lovelace",
                    "statement": "I agree that my voice is cloned for our audiobooks.",
                    "scope": "audiobooks",
                    "expires": "2030-12-31",
                }
            ]
        },
    )

    speaker: str = Field(default="", description="Whose voice it is", max_length=MAX_SPEAKER)
    statement: str = Field(default="", description="What they agreed to, in their words", max_length=MAX_STATEMENT)
    scope: str = Field(default="", description="What it may be used for; empty = as stated", max_length=MAX_SCOPE)
    given: datetime | None = Field(default=None, description="When; empty = now")
    expires: datetime | None = Field(default=None, description="When it ends; empty = it does not")

    def consent(self) -> Consent:
        """As the services take it."""
        return Consent(
            speaker=self.speaker,
            statement=self.statement,
            given_at_unix_s=_unix_s(self.given),
            scope=self.scope,
            expires_at_unix_s=_unix_s(self.expires),
        )


async def _consent_of_form(
    consent_speaker: Annotated[str, Form(description="Whose voice it is", max_length=MAX_SPEAKER)] = "",
    consent_statement: Annotated[str, Form(description="What they agreed to", max_length=MAX_STATEMENT)] = "",
    consent_scope: Annotated[str, Form(max_length=MAX_SCOPE)] = "",
    consent_given: Annotated[datetime | None, Form(description="When; empty = now")] = None,
    consent_expires: Annotated[datetime | None, Form(description="When it ends; empty = it does not")] = None,
) -> ConsentBody:
    return ConsentBody(
        speaker=consent_speaker,
        statement=consent_statement,
        scope=consent_scope,
        given=consent_given,
        expires=consent_expires,
    )


@router.get("/api/voices", summary="Voices that may be asked for")
async def listing(
    visit: Here, language: Annotated[str, Query(description="BCP 47; only voices of it", max_length=35)] = ""
) -> VoicesReply:
    """The table (the seed's ids, MiniMax's system voices), the engines' own voices, then your cloned ones."""
    infos = visit.house.infos(Modality.TTS)
    spoken = [list(info.languages) for info in infos if info.state == ENGINE_STATE_READY]
    presets = [_preset(each, spoken) for each in visit.house.voices.all(infos)]
    own, notes = await visit.voices().own()
    listed = [*presets, *map(_clone, own)]
    wanted = [each for each in listed if not language or primary(each.language) == primary(language)]
    return VoicesReply(voices=wanted, notes=notes)


@router.post("/api/clone", summary="Clone a voice")
@router.post("/clone", include_in_schema=False)
async def clone(  # noqa: PLR0917  # the fields of a form
    visit: Here,
    response: Response,
    audio: Annotated[UploadFile, File(description="10 s to 5 min of one person speaking; at most 20 MiB")],
    name: Annotated[str, Form(description="What you call the voice", max_length=100)],
    consent: Annotated[ConsentBody, Depends(_consent_of_form)],
    voice_id: Annotated[str, Form(description="Empty = one is made up", max_length=256)] = "",
    language: Annotated[str, Form(description="BCP 47", max_length=35)] = "",
    denoise: Annotated[bool, Form(description="Take steady noise out of the sample")] = False,
    normalize: Annotated[bool, Form(description="Bring the sample to the usual loudness")] = False,
    provider: Annotated[str, Form(description="Only these providers, `a,b` in this order", max_length=256)] = "",
) -> ClonedVoiceReply:
    """Keep a sample of a voice. It belongs to the key that brought it, and speaks once its speaker's consent is there.

    Services of the house are asked first. The MiniMax cloud clones only where none of those is there, or where
    `provider` names it, and only with consent.
    """
    visit.caller.require("clone")
    sample = await audio.read()
    check_sound(sample, min(visit.house.settings.max_upload_bytes, MAX_SAMPLE_BYTES))
    settings = CloneVoiceSettings(
        name=name, voice_id=voice_id, language=language, denoise=denoise, normalize_loudness=normalize
    )
    if consent != ConsentBody():
        settings.consent.CopyFrom(consent.consent())
    named = names_in(provider) or visit.rungs(Modality.TTS)
    answer = await visit.voices().clone(settings, sample, named)
    response.headers[PROVIDER] = answer.provider
    return _kept(answer.value, visit)


@router.post("/api/voices/{voice_id}/consent", summary="Record a speaker's consent")
async def consent(visit: Here, response: Response, voice_id: OneId, body: ConsentBody) -> ClonedVoiceReply:
    """What the speaker of a stored sample agreed to. Given anew it replaces what was recorded."""
    visit.caller.require("clone")
    answer = await visit.voices().consent(voice_id, body.consent())
    response.headers[PROVIDER] = answer.provider
    return _kept(answer.value, visit)


@router.delete("/api/voices/{voice_id}", summary="Delete a cloned voice")
async def delete(visit: Here, response: Response, voice_id: OneId) -> DeletedReply:
    """Delete the sample and everything computed of it; a stranger's id answers 404."""
    visit.caller.require("clone")
    answer = await visit.voices().delete(voice_id)
    response.headers[PROVIDER] = answer.provider
    return DeletedReply(id=answer.value)


def _preset(each: Voice, spoken: list[list[str]]) -> VoiceReply:
    available = any(speaks(languages, each.language) for languages in spoken)
    return _voice(each, available=available)


def _clone(own: Own) -> VoiceReply:
    reply = _voice(own.voice, available=not own.lack.why)
    state, lack = _state(own), own.lack
    return reply.model_copy(
        update={
            "cloned": True,
            "state": state,
            "why": lack.why,
            "how": lack.how,
            "created_at": own.voice.created_at,
        }
    )


def _voice(each: Voice, *, available: bool) -> VoiceReply:
    return VoiceReply(
        voice_id=each.voice_id,
        name=each.name,
        language=each.language,
        gender=GENDER_NAMES.get(each.gender, ""),
        source=each.source,
        available=available,
    )


def _kept(own: Own, visit: Visit) -> ClonedVoiceReply:
    voice, lack = own.voice, own.lack
    return ClonedVoiceReply(
        voice_id=voice.voice_id,
        name=voice.name,
        language=voice.language,
        usable=not lack.why,
        state=_state(own),
        why=lack.why,
        how=lack.how,
        meanwhile=_meanwhile(voice.language, visit) if lack.why else "",
        created_at=voice.created_at,
    )


def _state(own: Own) -> str:
    """By what the voice lacks now: an engine may have come or gone since its service told of it."""
    if own.lack.consent:
        return STATES[own.voice.state]
    return STATES[VOICE_STATE_AWAITING_ENGINE if own.lack.why else VOICE_STATE_READY]


def _meanwhile(language: str, visit: Visit) -> str:
    wanted = primary(language or DEFAULT_LANGUAGE)
    table = list(visit.house.voices)
    return next((each for each in table if primary(each.language) == wanted), table[0]).voice_id


def _unix_s(moment: datetime | None) -> int:
    if moment is None:
        return 0
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
