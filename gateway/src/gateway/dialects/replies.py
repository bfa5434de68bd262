"""The JSON of every reply of /api and the operations routes, as docs/HTTP.md writes it down."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from gateway.dialects.rung_states import AdmissionState, PolicyState, ReplicaState, RetryState, SpendState
from troupe.wire.errors import AccessError, TroupeError, row


class ErrorBody(BaseModel):
    """What went wrong, for people (`message`) and for programs (`code`, `details`)."""

    code: str = Field(examples=["unknown_voice"])
    message: str = Field(examples=['No voice "en-US-Arya". Did you mean "en-US-AriaNeural"?'])
    details: dict[str, str] = Field(default_factory=dict)
    request_id: str = Field(examples=["req_3f1c9b2a7d5e4c60"])


class ErrorReply(BaseModel):
    """Every error of /api, whatever its status."""

    error: ErrorBody


class UsageReply(BaseModel):
    """Tokens of one answer."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0


class TextReply(BaseModel):
    """POST /api/text."""

    text: str
    reasoning: str = Field(default="", description="What the model thought before, where it tells")
    finish_reason: str = Field(description='"stop", "length", "tool_calls" or "content_filter"')
    model: str
    usage: UsageReply
    provider: str = Field(description="Who wrote it (its end, where it was handed over)")


class FactReply(BaseModel):
    """A statement of a company's pages."""

    fact: str
    sentence: str = Field(description="The sentence it rests on, letter by letter as it stands on the page")
    page: str = Field(description="The page where that stands; one of `pages`")


class ReadPageReply(BaseModel):
    """A page that was read."""

    url: str
    title: str


class ProfileReply(BaseModel):
    """What a company's own pages say of it; empty = they do not say."""

    name: str
    one_liner: str = Field(description="What the company does, in one sentence")
    summary: str
    products: list[str]
    audience: str = Field(description="Who it is for")
    differentiators: list[str]
    tone: str = Field(description="How the pages speak")
    facts: list[FactReply]
    language: str = Field(description="BCP 47; empty = not known")
    engine: str = Field(description='Who wrote it: "extractive" is no model, it picks sentences of the pages')
    provider: str


class ResearchReply(ProfileReply):
    """POST /api/research."""

    pages: list[ReadPageReply]
    notes: list[str] = Field(description="What to know: a fallback and its reason, pages that are missing")
    script: str | None = Field(default=None, description="What a presenter says in 30 to 60 s; null = not asked for")


class VoiceReply(BaseModel):
    """One voice that may be asked for."""

    voice_id: str = Field(examples=["en-US-AriaNeural"])
    name: str
    language: str = Field(description="BCP 47", examples=["en-US"])
    gender: str = Field(description='"female", "male", "neutral" or ""')
    source: str = Field(
        description='Whose id it is: "edge" (the seed\'s table), "minimax", the engine that has it, or "clone"'
    )
    available: bool = Field(description="It could speak now: of a preset, an engine that is ready reads its language")
    cloned: bool = Field(default=False, description="A voice of your own key; nobody else sees it")
    state: str = Field(
        default="",
        description='Of a cloned voice: "ready", "awaiting_consent", "consent_expired" or "awaiting_engine"',
    )
    why: str = Field(default="", description="Why a cloned voice cannot speak")
    how: str = Field(default="", description="What makes it speak")
    created_at: int = Field(default=0, description="Unix seconds; of a cloned voice")


class VoicesReply(BaseModel):
    """GET /api/voices."""

    voices: list[VoiceReply]
    notes: list[str] = Field(default_factory=list, description="Services that could not list your cloned voices")


class ClonedVoiceReply(BaseModel):
    """POST /api/clone and POST /api/voices/{voice_id}/consent: the seed's fields, and how the voice stands."""

    voice_id: str
    name: str
    language: str
    stored: bool = True
    usable: bool
    state: str = Field(description='"ready", "awaiting_consent", "consent_expired" or "awaiting_engine"')
    why: str = Field(description="Why it cannot speak; empty when it can")
    how: str = Field(description="What makes it speak")
    meanwhile: str = Field(description="A voice of its language that may be asked for instead; empty when it can speak")
    created_at: int = Field(description="Unix seconds")


class PortraitReply(BaseModel):
    """One portrait."""

    portrait_id: str
    name: str
    avatar: bool = Field(description="Shipped with the house: belongs to nobody, cannot be deleted")
    gender: str
    created_at: int = Field(description="Unix seconds")
    expires_at: int = Field(description="Unix seconds; 0 = kept until deleted")
    width: int
    height: int
    notes: list[str]


class PortraitsReply(BaseModel):
    """GET /api/portraits."""

    portraits: list[PortraitReply]


class PreparedPortraitReply(PortraitReply):
    """POST /api/portraits."""

    preview: str = Field(description="A small PNG of the face as it will be framed, as a data URL")


class DeletedReply(BaseModel):
    """What was deleted or cancelled."""

    id: str
    deleted: bool = True


class HealthReply(BaseModel):
    """GET /health: the process is alive; it asks neither engines nor neighbours."""

    status: str = Field(description='"healthy", or "draining" (with status 503)', examples=["healthy"])
    version: str
    uptime_s: float
    ready: dict[str, str | None] = Field(
        description="Per modality the provider that would be asked first now, null where there is none",
        examples=[{"text": None, "tts": "flite", "video": "portrait"}],
    )


class LicenceReply(BaseModel):
    """On which terms the weights may be used."""

    name: str
    commercial_use: bool
    note: str


class ProviderReply(BaseModel):
    """One rung of a chain, as it is now."""

    name: str
    engine: str
    state: str = Field(description='"ready", "loading", "broken", "missing", "unreachable", "not_installed", "unknown"')
    reason: str = Field(description="Why it is not ready; empty when it is")
    remedy: str = Field(description="The command that mends it, where one does")
    cloud: bool = Field(description="Sends data out of the house")
    model: str
    device: str
    languages: list[str]
    voices: int
    formats: list[str]
    features: list[str]
    outstanding: int
    licence: LicenceReply | None
    replicas: list[ReplicaState]
    admission: AdmissionState
    retries: RetryState
    policy: PolicyState
    spend: SpendState | None = Field(description="Of a rung of the MiniMax cloud")


class ChainReply(BaseModel):
    """One chain: the primary, then its fallbacks."""

    primary: str | None
    serving: str | None = Field(description="The provider that would be asked first now")
    chain: list[ProviderReply]


class ProvidersReply(BaseModel):
    """GET /providers."""

    text: ChainReply
    tts: ChainReply
    video: ChainReply
    voices: int = Field(description="How many voice ids resolve")
    commercial_only: bool


class IndexReply(BaseModel):
    """GET /: where things are."""

    name: str = "Troupe"
    version: str
    links: Mapping[str, str]


def error_body(error: TroupeError, request_id: str) -> ErrorReply:
    """What is said of an error."""
    return ErrorReply(
        error=ErrorBody(code=error.code, message=error.message, details=error.details, request_id=request_id)
    )


def error_reply(error: TroupeError, request_id: str) -> JSONResponse:
    """The JSON of an error, with the table's status."""
    body = error_body(error, request_id)
    status = row(error).http
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    if isinstance(error, AccessError) and status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body.model_dump(), status, headers)
