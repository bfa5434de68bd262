"""POST /api/text: a prompt or a chat in, text out, whole or while it is written."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Header
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Receive, Scope, Send

from gateway.dialects.errors import DOCUMENTED
from gateway.dialects.event_stream import EVENT_STREAM, HEADERS, KEEP_ALIVE_S, STILL_HERE, event
from gateway.dialects.replies import TextReply, UsageReply, error_body
from gateway.dialects.visit import PROVIDER, Documented, Here, Visit
from gateway.routing.chain import Served
from gateway.routing.need import Modality
from gateway.scenes.script import blank_controls
from gateway.scenes.text import ChatOrder, Written, chat
from gateway.scenes.wishes import names_in, priority_named
from troupe.v1.text_pb2 import (
    ROLE_ASSISTANT,
    ROLE_SYSTEM,
    ROLE_USER,
    ChatDelta,
    ChatRequest,
    EchoSettings,
    Role,
    Usage,
)
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import EmptyText, InvalidArgument, TextTooLong, TroupeError
from troupe.wire.progress import TICK_INTERVAL_S

router = APIRouter(prefix="/api", tags=["text"], dependencies=Documented, responses=DOCUMENTED)  # type: ignore[arg-type]  # FastAPI's own type is wider

MAX_MESSAGES = 1_000
MAX_STOPS = 16
KEEP_ALIVE_TICKS = round(KEEP_ALIVE_S / TICK_INTERVAL_S)
"""The stream counts its ticks: a timer for each token would cost more than the token."""
ROLES: Mapping[str, Role] = {"system": ROLE_SYSTEM, "user": ROLE_USER, "assistant": ROLE_ASSISTANT}


class MessageFields(BaseModel):
    """One turn of a chat."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["system", "user", "assistant"]
    content: str


class EchoFields(BaseModel):
    """For the test engine `echo`: how it shall misbehave."""

    model_config = ConfigDict(extra="forbid")

    delay_ms_per_token: int = Field(default=0, ge=0, le=60_000)
    fail_after_tokens: int = Field(default=0, ge=0, le=1_000_000, description="0 = never")
    count_to: int = Field(default=0, ge=0, le=1_000_000, description='Answer "1 2 3 … N"; 0 = the words it was told')


class TextRequest(BaseModel):
    """POST /api/text."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"prompt": "Write a haiku about rain."}]})

    prompt: str = Field(default="", description="What is asked; or send `messages`")
    messages: list[MessageFields] = Field(default_factory=list, max_length=MAX_MESSAGES)
    system: str = Field(default="", description="What the model is told before everything else")
    model: str = Field(default="", description="Empty = the provider's own", max_length=256)
    max_tokens: int | None = Field(default=None, ge=1, le=1_000_000)
    temperature: float | None = Field(default=None, ge=0.0, le=2.0)
    top_p: float | None = Field(default=None, gt=0.0, le=1.0)
    stop: list[str] = Field(default_factory=list, max_length=MAX_STOPS)
    seed: int | None = Field(default=None, ge=0, lt=2**63)
    stream: bool = Field(default=False, description="As server-sent events; so does `Accept: text/event-stream`")
    provider: str = Field(
        default="", description="Only these providers of the chain, `a,b` in this order", max_length=256
    )
    local_only: bool = Field(default=False, description="Never send this text out of the house")
    priority: str = Field(
        default="", description='"live" (the default) or "batch": live work goes first', max_length=16
    )
    echo: EchoFields | None = Field(default=None, description="For the test engine `echo` only")


@router.post(
    "/text",
    summary="Text",
    response_model=TextReply,
    responses={200: {"description": "The text, or with `stream` its events: delta, reasoning, error, end",
                     "content": {EVENT_STREAM: {}}}},
)  # fmt: skip
async def text(
    body: TextRequest, visit: Here, accept: Annotated[str, Header(max_length=1000, include_in_schema=False)] = ""
) -> Response:
    """Answer a prompt or a chat. Nothing is sent before the answer has begun: until then an error has its status."""
    visit.caller.require("text")
    order = _order(body, visit)
    house = visit.house
    deadline = Deadline.after(house.settings.chat_timeout_s)
    served = await chat(house.chains[Modality.TEXT], order, deadline, visit.request_id)
    if body.stream or EVENT_STREAM in accept.casefold():
        return TextEvents(served, visit.request_id, _on_broken(visit))
    return await _whole(served)


async def _whole(served: Served[ChatDelta]) -> Response:
    written = Written()
    try:
        async for delta in served:
            written.add(delta)
    finally:
        await served.aclose()
    reply = TextReply(
        text="".join(written.text),
        reasoning="".join(written.reasoning),
        finish_reason=written.finish_reason,
        model=written.model,
        usage=UsageReply(**_usage(written.usage)),
        provider=served.rung.name,
    )
    return Response(
        orjson.dumps(reply.model_dump()),
        media_type="application/json",
        headers={PROVIDER: served.rung.name, "Cache-Control": "no-store"},
    )


class TextEvents(Response):
    """The answer while it is written, as server-sent events; one that breaks says so in an event of its own."""

    media_type = EVENT_STREAM

    def __init__(self, served: Served[ChatDelta], request_id: str, on_broken: Callable[[TroupeError], None]) -> None:
        super().__init__(None, headers=HEADERS | {PROVIDER: served.rung.name})
        del self.headers["content-length"]
        self._served = served
        self._request_id = request_id
        self._on_broken = on_broken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        """Send every event; the work stops whatever happens."""
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async with aclosing(self._events()) as events:
                async for each in events:
                    await send({"type": "http.response.body", "body": each, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await self._served.aclose()

    async def _events(self) -> AsyncGenerator[bytes]:
        written, silent = Written(), 0
        try:
            async for delta in self._served:
                if delta.content:
                    yield event("delta", {"text": delta.content})
                if delta.reasoning:
                    yield event("reasoning", {"text": delta.reasoning})
                written.note(delta)
                silent = 0 if delta.content or delta.reasoning else silent + 1
                if silent % KEEP_ALIVE_TICKS == KEEP_ALIVE_TICKS - 1:
                    yield STILL_HERE
            yield event("end", _end(written, self._served.rung.name))
        except TroupeError as error:
            self._on_broken(error)
            yield event("error", error_body(error, self._request_id).model_dump())


def _end(written: Written, provider: str) -> dict[str, Any]:
    return {
        "finish_reason": written.finish_reason,
        "usage": _usage(written.usage),
        "model": written.model,
        "provider": provider,
    }


def _usage(usage: Usage) -> dict[str, int]:
    return {name: getattr(usage, name) for name in UsageReply.model_fields}


def _on_broken(visit: Visit) -> Callable[[TroupeError], None]:
    return lambda error: visit.house.metrics.broken.labels("/api/text", error.code).inc()


def _order(body: TextRequest, visit: Visit) -> ChatOrder:
    wishes = visit.wishes
    return ChatOrder(
        request=_request(body, visit),
        rungs=names_in(body.provider) or visit.rungs(Modality.TEXT),
        local_only=body.local_only or wishes.local_only,
        commercial_only=visit.house.settings.commercial_only,
        priority=priority_named(body.priority, "priority") if body.priority else wishes.priority,
    )


def _request(body: TextRequest, visit: Visit) -> ChatRequest:
    request = ChatRequest(principal=visit.principal, model=blank_controls(body.model))
    for role, content in _turns(body, visit.house.settings.max_text_chars):
        request.messages.add(role=role).content.add(text=content)
    sampling = request.sampling
    for name in ("max_tokens", "temperature", "top_p", "seed"):
        if (value := getattr(body, name)) is not None:
            setattr(sampling, name, value)
    sampling.stop.extend(blank_controls(stop) for stop in body.stop)
    if body.echo is not None:
        request.echo.CopyFrom(EchoSettings(**body.echo.model_dump()))
    return request


def _turns(body: TextRequest, max_chars: int) -> list[tuple[Role, str]]:
    if body.prompt and body.messages:
        raise InvalidArgument("Send either `prompt` or `messages`, not both.", field="prompt")
    asked = [(ROLES[message.role], message.content) for message in body.messages] or [(ROLE_USER, body.prompt)]
    size = len(body.system) + sum(len(content) for _, content in asked)
    if size > max_chars:
        raise TextTooLong(
            f"The chat has {size:,} characters; at most {max_chars:,} are taken at once. Send less, or raise "
            "TROUPE_MAX_TEXT_CHARS.",
            limit_chars=max_chars,
        )
    if not asked[-1][1].strip():
        raise EmptyText("Nothing is asked: send some words in `prompt` or in the last of `messages`.")
    told = [(ROLE_SYSTEM, body.system)] if body.system else []
    return [(role, blank_controls(content)) for role, content in told + asked]
