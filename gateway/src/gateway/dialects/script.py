"""What a talking head says, as a request words it: a text, a prompt that a model answers, a site, or a sound file."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from gateway.dialects.text import EchoFields
from gateway.dialects.visit import Visit
from gateway.dialects.voice import SpeechFields, priority_of
from gateway.routing.need import Modality
from gateway.scenes.dictation import Scriptwriter
from gateway.scenes.presenter import MAX_TOKENS, system_prompt
from gateway.scenes.script import blank_controls
from gateway.scenes.scriptwriters import Answering, Presenting
from gateway.scenes.text import ChatOrder
from gateway.scenes.wishes import names_in
from troupe.v1.text_pb2 import ROLE_SYSTEM, ROLE_USER, ChatRequest, EchoSettings
from troupe.wire.errors import InvalidArgument, TextTooLong

SOURCES = ("text", "prompt", "url", "audio")
WRITTEN_BY_A_MODEL = frozenset({"prompt", "url"})
NEEDS: Mapping[str, frozenset[str]] = {
    "system": frozenset({"prompt"}),
    "max_tokens": frozenset({"prompt"}),
    "echo": frozenset({"prompt"}),
    "text_provider": WRITTEN_BY_A_MODEL,
}
"""Fields that only mean something for a script that a model writes, and the sources that they go with."""
MOST_TOKENS = 32_000
ROUTES: Mapping[str, tuple[Modality, ...]] = {
    "text": (Modality.TTS, Modality.VIDEO),
    "audio": (Modality.TTS, Modality.VIDEO),
    "prompt": tuple(Modality),
    "url": tuple(Modality),
}
"""Which chains take part."""


class ScriptFields(SpeechFields):
    """What is said: exactly one of `text`, `prompt`, `url` and (in a form) the file `audio`."""

    text: str = Field(default="", description="What to say")
    prompt: str = Field(default="", description="What a model is asked; its answer is spoken while it is written")
    url: str = Field(
        default="",
        description="A public page of a company: some of the site is read, and the head presents it",
        max_length=4096,
    )
    system: str = Field(
        default="", description="With a prompt: how the model shall write, in place of the gateway's own words"
    )
    max_tokens: int = Field(
        default=MAX_TOKENS, ge=1, le=MOST_TOKENS, description="With a prompt: the most that the model may write"
    )
    text_provider: str = Field(
        default="", description="Only these providers of the text chain, `a,b` in this order", max_length=256
    )
    echo: EchoFields | None = Field(default=None, description="For the test engine `echo` only")


def source_of(fields: ScriptFields, sound: bytes) -> str:
    """Which one of `SOURCES` the request has; "text" where it has none. Raises `InvalidArgument` for several."""
    given = {"text": fields.text.strip(), "prompt": fields.prompt.strip(), "url": fields.url.strip(), "audio": sound}
    sources = [name for name in SOURCES if given[name]] or ["text"]
    if len(sources) > 1:
        raise InvalidArgument(
            f"Send one of {', '.join(f'`{name}`' for name in SOURCES)}; this request has {' and '.join(sources)}.",
            field=sources[-1],
        )
    for name in sorted(fields.model_fields_set & NEEDS.keys()):
        if sources[0] not in NEEDS[name] and getattr(fields, name):
            wanted = " or ".join(f"`{source}`" for source in sorted(NEEDS[name]))
            raise InvalidArgument(f"`{name}` goes with {wanted} only: a model writes the script there.", field=name)
    return sources[0]


def scriptwriter(fields: ScriptFields, visit: Visit, language: str) -> Scriptwriter | None:
    """Who writes the script, where it is not written yet; `language`: to write in, empty = that of the prompt.

    Raises `TextTooLong` or `UnknownProvider`.
    """
    limit = visit.house.settings.max_text_chars
    if fields.prompt.strip():
        return Answering(_order(fields, visit, _request(fields, visit, language)), limit)
    if fields.url.strip():
        base = _order(fields, visit, ChatRequest(principal=visit.principal))
        house = visit.house
        return Presenting(fields.url.strip(), base, house.fetcher, house.reading, language)
    return None


def _order(fields: ScriptFields, visit: Visit, request: ChatRequest) -> ChatOrder:
    return ChatOrder(
        request=request,
        rungs=names_in(fields.text_provider) or visit.rungs(Modality.TEXT, *ROUTES["prompt"]),
        local_only=fields.local_only or visit.wishes.local_only,
        commercial_only=visit.house.settings.commercial_only,
        priority=priority_of(fields, visit),
    )


def _request(fields: ScriptFields, visit: Visit, language: str) -> ChatRequest:
    size, limit = len(fields.system) + len(fields.prompt), visit.house.settings.max_text_chars
    if size > limit:
        raise TextTooLong(
            f"The prompt has {size:,} characters; at most {limit:,} are taken at once. Send less, or raise "
            "TROUPE_MAX_TEXT_CHARS.",
            limit_chars=limit,
        )
    request = ChatRequest(principal=visit.principal, reasoning="off")  # somebody waits to hear the first word
    told = system_prompt(language, fields.system)
    for role, content in ((ROLE_SYSTEM, told), (ROLE_USER, fields.prompt)):
        request.messages.add(role=role).content.add(text=blank_controls(content))
    request.sampling.max_tokens = fields.max_tokens
    if fields.echo is not None:
        request.echo.CopyFrom(EchoSettings(**fields.echo.model_dump()))
    return request
