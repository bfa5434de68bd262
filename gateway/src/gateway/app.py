"""The application: the house behind its routes.

`uvicorn gateway.app:app --reload` works: `app` is made when it is first asked for; importing this module does nothing.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI

from gateway.assembly import build
from gateway.banner import banner
from gateway.dialects import (
    avatar,
    avatar_request,
    errors,
    ops,
    portraits,
    research,
    scenes,
    studio,
    subtitles,
    text,
    voice,
    voices,
)
from gateway.dialects.replies import error_reply
from gateway.guard.doorkeeper import Doorkeeper
from gateway.house import House
from gateway.settings import Settings
from troupe.wire.errors import InvalidArgument

INTRODUCTION_S = 4.0  # the banner waits no longer than this for providers that load
LOOK_S = 0.05
DESCRIPTION = "Text, speech, voices and talking heads by open models, behind one door."


def create_app(settings: Settings) -> FastAPI:
    """The application of these settings; it connects to nothing before it is started."""
    return app_of(build(settings))


def app_of(house: House, invitation: str = "") -> FastAPI:
    """The application in front of a house; `invitation` is said below its banner."""
    docs = house.settings.docs if house.settings.docs is not None else not house.keyring.asks
    app = FastAPI(
        title="Troupe",
        description=DESCRIPTION,
        version=version("troupe-gateway"),
        docs_url="/docs" if docs else None,
        redoc_url=None,
        openapi_url="/openapi.json" if docs else None,
        lifespan=_lifespan,
        telemetry={"tracing": False, "metrics": False},
    )
    app.state.house, app.state.invitation = house, invitation
    known = (
        text.TextRequest,
        subtitles.SubtitlesRequest,
        avatar_request.AvatarRequest,
        research.ResearchRequest,
        voices.ConsentBody,
    )
    errors.install(app, {field for request in known for field in request.model_fields})
    for dialect in (studio, ops, text, research, voice, subtitles, voices, avatar, portraits, scenes):
        app.include_router(dialect.router)
    app.add_middleware(Doorkeeper, rules=house, refusal=error_reply)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    house: House = app.state.house
    await house.start()
    introduction = asyncio.create_task(_introduce(house, app.state.invitation))
    try:
        yield
    finally:
        introduction.cancel()
        await asyncio.gather(introduction, return_exceptions=True)
        await house.stop()


async def _introduce(house: House, invitation: str) -> None:
    """The seed's banner, once every provider has said what it is: services load while the gateway is already up."""
    with suppress(TimeoutError):
        async with asyncio.timeout(INTRODUCTION_S):
            while not house.settled():  # noqa: ASYNC110  # rungs are watched from many sides; nothing tells of all
                await asyncio.sleep(LOOK_S)
    sys.stdout.write("\n".join(filter(None, (banner(house), invitation))) + "\n")
    sys.stdout.flush()


def __getattr__(name: str) -> FastAPI:
    """`gateway.app:app`, made of the environment and the `.env` of the current folder."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        made = create_app(Settings.load(os.environ, Path.cwd()))
    except InvalidArgument as error:
        raise SystemExit(f"gateway: {error.message}") from error
    globals()["app"] = made
    return made
