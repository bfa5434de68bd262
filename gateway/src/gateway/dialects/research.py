"""POST /api/research: a site's address in, what the company is out, whole or step by step while it is found out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import asdict
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from gateway.dialects.errors import DOCUMENTED
from gateway.dialects.event_stream import EVENT_STREAM, HEADERS, event, kept_open
from gateway.dialects.media import MediaResponse
from gateway.dialects.replies import ResearchReply, error_body
from gateway.dialects.visit import PROVIDER, Documented, Here, Visit
from gateway.routing.need import Modality
from gateway.scenes.research.scene import Findings, News, Noted, PageRead, Profiled, Research, ResearchOrder, Said
from gateway.scenes.research.writing import Author
from gateway.scenes.script import blank_controls
from gateway.scenes.text import ChatOrder
from gateway.scenes.wishes import names_in, priority_named
from troupe.v1.text_pb2 import ChatRequest
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import TroupeError

router = APIRouter(prefix="/api", tags=["research"], dependencies=Documented, responses=DOCUMENTED)  # type: ignore[arg-type]  # FastAPI's own type is wider
LANGUAGE = r"^([A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3})?$"


class ResearchRequest(BaseModel):
    """POST /api/research."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"url": "https://example.com"}]})

    url: str = Field(description="A public web page of the company, http or https", max_length=4096)
    language: str = Field(default="", description="BCP 47, in which to write; empty = the pages' own", pattern=LANGUAGE)
    script: bool = Field(default=False, description="Also write what a presenter says in 30 to 60 s")
    model: str = Field(default="", description="Empty = the provider's own", max_length=256)
    stream: bool = Field(default=False, description="As server-sent events; so does `Accept: text/event-stream`")
    provider: str = Field(
        default="", description="Only these providers of the text chain, `a,b` in this order", max_length=256
    )
    local_only: bool = Field(default=False, description="Never send the pages' text out of the house")
    priority: str = Field(
        default="", description='"live" (the default) or "batch": live work goes first', max_length=16
    )


@router.post(
    "/research",
    summary="What a company is, by its own pages",
    response_model=ResearchReply,
    responses={200: {"description": "The profile, or with `stream` events: page, stage, note, profile, script, error, "
                                    "end (with the whole reply)",
                     "content": {EVENT_STREAM: {}}}},
)  # fmt: skip
async def research(
    body: ResearchRequest, visit: Here, accept: Annotated[str, Header(max_length=1000, include_in_schema=False)] = ""
) -> Response:
    """Read a few pages of a site and say what the company is. Until the first page is read an error has its status."""
    visit.caller.require("text")
    house = visit.house
    asked = Research(
        house.chains[Modality.TEXT],
        house.reading,
        house.fetcher,
        _order(body, visit),
        Deadline.after(house.settings.chat_timeout_s),
        visit.request_id,
    )
    if body.stream or EVENT_STREAM in accept.casefold():
        return await _streamed(asked, visit)
    found = await asked.run()
    headers = {PROVIDER: found.author.provider, "Cache-Control": "no-store"}
    return Response(orjson.dumps(_reply(found)), media_type="application/json", headers=headers)


async def _streamed(asked: Research, visit: Visit) -> Response:
    steps = _Steps(asked, visit)
    await steps.begun()
    return MediaResponse(
        kept_open(steps.events()),
        media_type=EVENT_STREAM,
        headers=HEADERS,
        on_broken=lambda _error: None,  # told as an event
        on_close=steps.aclose,
    )


class _Steps:
    """A research while it runs, as events."""

    def __init__(self, asked: Research, visit: Visit) -> None:
        self._news: asyncio.Queue[News | None] = asyncio.Queue()  # bounded by what a research can tell
        self._visit = visit
        asked.tell = self._news.put_nowait
        self._work = asyncio.create_task(asked.run())
        self._work.add_done_callback(lambda _work: self._news.put_nowait(None))
        self._first: News | None = None

    async def begun(self) -> None:
        """Return when there is something to tell. Raises what went wrong before that."""
        try:
            self._first = await self._news.get()
        except BaseException:
            await self.aclose()
            raise
        if self._first is None:
            await self._work

    async def events(self) -> AsyncGenerator[bytes]:
        """All of them; the last one is `end` or `error`."""
        news = self._first
        while news is not None:
            yield _told(news)
            news = await self._news.get()
        try:
            yield event("end", _reply(await self._work))
        except TroupeError as error:
            self._visit.house.metrics.broken.labels("/api/research", error.code).inc()
            yield event("error", error_body(error, self._visit.request_id).model_dump())

    async def aclose(self) -> None:
        """Stop the work if it has not ended."""
        self._work.cancel()
        await asyncio.wait({self._work})


def _told(news: News) -> bytes:
    if isinstance(news, PageRead):
        return event("page", asdict(news))
    if isinstance(news, Noted):
        return event("note", asdict(news))
    if isinstance(news, Said):
        return event("script", asdict(news))
    if isinstance(news, Profiled):
        return event("profile", asdict(news.profile) | _by(news.author, news.language))
    return event("stage", {"stage": news.name, "at_ms": news.at_ms})


def _by(author: Author, language: str) -> dict[str, str]:
    return {"language": language, "engine": author.engine, "provider": author.provider}


def _reply(found: Findings) -> dict[str, Any]:
    reply = ResearchReply(
        **asdict(found.profile),
        **_by(found.author, found.language),
        pages=[asdict(page) for page in found.pages],
        notes=list(found.notes),
        script=found.script,
    )
    return reply.model_dump()


def _order(body: ResearchRequest, visit: Visit) -> ResearchOrder:
    wishes = visit.wishes
    base = ChatOrder(
        request=ChatRequest(principal=visit.principal, model=blank_controls(body.model)),
        rungs=names_in(body.provider) or visit.rungs(Modality.TEXT),
        local_only=body.local_only or wishes.local_only,
        commercial_only=visit.house.settings.commercial_only,
        priority=priority_named(body.priority, "priority") if body.priority else wishes.priority,
    )
    return ResearchOrder(body.url, base, body.language.replace("_", "-"), body.script)
