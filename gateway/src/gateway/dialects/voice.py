"""POST /api/voice."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from gateway.dialects.errors import DOCUMENTED
from gateway.dialects.media import AUDIO_TYPES, MediaResponse, audio_codec, sample_rate
from gateway.dialects.visit import PROVIDER, Documented, Here, Visit
from gateway.routing.need import Modality
from gateway.routing.priority import Priority
from gateway.scenes.script import clean_text
from gateway.scenes.speech import Speech, SpeechOrder, speak
from gateway.scenes.wishes import names_in, priority_named
from troupe.v1.media_pb2 import AudioFormat
from troupe.v1.speech_pb2 import TEXT_KIND_PLAIN, TEXT_KIND_SSML, TIMING_SOURCE_ESTIMATED, SpeechSettings
from troupe.wire.deadlines import Deadline

router = APIRouter(prefix="/api", tags=["voice"], dependencies=Documented, responses=DOCUMENTED)  # type: ignore[arg-type]  # FastAPI's own type is wider

MAX_CHANNELS = 2
MAX_BITRATE = 512_000


class SpeechFields(BaseModel):
    """How the text is spoken."""

    model_config = ConfigDict(extra="forbid")

    voice_id: str = Field(default="", description="An id of /api/voices; empty = one of the language", max_length=256)
    language: str = Field(default="", description="BCP 47; empty = the voice's own", examples=["en-US"], max_length=35)
    speed: float = Field(default=1.0, ge=0.5, le=2.0)
    pitch: float = Field(default=0.0, ge=-12.0, le=12.0, description="Semitones")
    volume: float = Field(default=1.0, ge=0.0, le=10.0)
    allow_substitute: bool = Field(
        default=False, description="Another voice may speak for a cloned one that cannot; the answer says so"
    )
    emotion: str = Field(
        default="", description='"neutral", "happy", …; engines that have none ignore it', max_length=32
    )
    pronunciations: list[str] = Field(default_factory=list, description='"word=reading"', max_length=200)
    provider: str = Field(
        default="", description="Only these providers of the chain, `a,b` in this order", max_length=256
    )
    local_only: bool = Field(default=False, description="Never send this text out of the house")
    priority: str = Field(
        default="", description='"live" (the default) or "batch": live work goes first', max_length=16
    )

    def settings(self, visit: Visit) -> SpeechSettings:
        """As the services take them, without engine, voice and format."""
        return SpeechSettings(
            principal=visit.principal,
            language=self.language,
            speed=self.speed,
            pitch=self.pitch,
            volume=self.volume,
            emotion=self.emotion,
            pronunciations=self.pronunciations,
            allow_substitute=self.allow_substitute,
        )


class VoiceRequest(SpeechFields):
    """POST /api/voice."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"text": "Hello world", "voice_id": "en-US-AriaNeural"}]},
    )

    text: str = Field(description="What to say")
    text_type: Literal["text", "ssml"] = Field(default="text", description="How `text` is marked up")
    normalize_text: bool | None = Field(
        default=None,
        description="Write numbers out in words before an engine reads them; null = where it cannot itself",
    )
    format: str = Field(
        default="mp3", description="mp3, wav, flac, opus, aac, pcm, pcmu_raw or pcmu_wav", max_length=16
    )
    sample_rate: int = Field(default=0, ge=0, description="Hz; 0 = 24000, of pcmu 8000")
    bitrate: int = Field(default=0, ge=0, le=MAX_BITRATE, description="bit/s; 0 = the codec's usual one")
    channels: int = Field(default=1, ge=1, le=MAX_CHANNELS)

    def audio_format(self) -> AudioFormat:
        """As the services take it. Raises `UnsupportedFormat` or `InvalidArgument`."""
        return AudioFormat(
            codec=audio_codec(self.format),
            sample_rate=sample_rate(self.sample_rate),
            bitrate=self.bitrate,
            channels=self.channels,
        )


@router.post(
    "/voice",
    summary="Text to speech",
    response_class=MediaResponse,
    responses={200: {"description": "Sound, sent while it is made", "content": {t: {} for t in AUDIO_TYPES.values()}}},
)
async def voice(body: VoiceRequest, visit: Here) -> MediaResponse:
    """Speak a text. The answer's body is the sound itself, sent sentence by sentence while it is made."""
    visit.caller.require("voice")
    order = await speech_order(body, body.text, visit)
    order.settings.format.CopyFrom(body.audio_format())
    mark_up(order, body)
    house = visit.house
    deadline = Deadline.after(house.settings.speech_timeout_s)
    speech = await speak(house.chains[Modality.TTS], order, deadline, visit.request_id)
    return MediaResponse(
        _sound(speech),
        media_type=_content_type(body.format, speech),
        headers={**voice_headers(speech), PROVIDER: speech.served.rung.name},
        on_broken=lambda error: house.metrics.broken.labels("/api/voice", error.code).inc(),
        on_close=speech.aclose,
    )


async def speech_order(fields: SpeechFields, text: str | None, visit: Visit, *route: Modality) -> SpeechOrder:
    """The request in the words of the tts chain; `route`: the chains that take part; no text: it comes later.

    Raises `EmptyText`, `TextTooLong`, `UnknownProvider`, or what the voice asked for lacks.
    """
    house, desk, allowed = visit.house, visit.voices(local_only=fields.local_only), fields.allow_substitute
    said = clean_text(text, house.settings.max_text_chars) if text is not None else ""
    named = names_in(fields.provider) or visit.rungs(Modality.TTS, *route)
    voice = await desk.voice(fields.voice_id, fields.language, allow_substitute=allowed)
    return SpeechOrder(
        voice=voice,
        settings=fields.settings(visit),
        text=said,
        rungs=named or desk.order_of_rungs(voice, allow_substitute=allowed),
        local_only=fields.local_only or visit.wishes.local_only,
        commercial_only=house.settings.commercial_only,
        priority=priority_of(fields, visit),
    )


def mark_up(order: SpeechOrder, body: VoiceRequest) -> None:
    """How the text is to be read."""
    order.settings.text_kind = TEXT_KIND_SSML if body.text_type == "ssml" else TEXT_KIND_PLAIN
    if body.normalize_text is not None:
        order.settings.normalize_text = body.normalize_text


def priority_of(fields: SpeechFields, visit: Visit) -> Priority:
    """How urgent it is: by its field, else by its header."""
    return priority_named(fields.priority, "priority") if fields.priority else visit.wishes.priority


def voice_headers(speech: Speech) -> dict[str, str]:
    """Who speaks; where that is not who was asked for, it is said."""
    header = speech.header
    headers = {"X-Troupe-Voice": ascii_only(header.voice_id)}
    if header.timing == TIMING_SOURCE_ESTIMATED:
        headers["X-Troupe-Timing"] = "estimated"
    if header.voice_substituted:
        headers["X-Troupe-Voice-Substituted"] = ascii_only(header.requested_voice_id)
    return headers


def ascii_only(value: str) -> str:
    """Header values are Latin-1 at most; a voice id or a note may hold more. No line break survives."""
    return " ".join(value.split()).encode("ascii", "backslashreplace").decode("ascii")


def _content_type(name: str, speech: Speech) -> str:
    kind = name.strip().casefold()
    if kind != "pcm":
        return AUDIO_TYPES[kind]
    made = speech.header.format
    return f"audio/L16;rate={made.sample_rate or 24_000};channels={made.channels or 1};endianness=little-endian"


async def _sound(speech: Speech) -> AsyncGenerator[bytes]:
    async for chunk in speech:
        if chunk.audio:
            yield chunk.audio
