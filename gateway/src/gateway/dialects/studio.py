"""GET / and /studio/…: the Studio, a page on which a person makes films, and the files it is made of.

Browsers get the page at `/`; programs, which do not ask for HTML, get the index they always got. The files hold nothing
of anybody, so they need no key; the page asks for one where the API does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Request, Response
from fastapi import Path as InPath
from fastapi.responses import JSONResponse

from gateway import avatars
from gateway.dialects.replies import IndexReply

router = APIRouter(tags=["studio"])

DISTRIBUTION = "troupe-gateway"
FOLDER = Path(__file__).parents[1] / "studio"
PAGE = "index.html"
AVATARS = "avatars/"
HTML = "text/html"
TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
"""Files of other kinds are not served."""
POLICY = {
    "default-src": "'self'",
    "img-src": "'self' blob: data:",  # a photo before it is sent; previews of faces
    "media-src": "'self' blob:",  # Media Source Extensions; samples of voices
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
SAFE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "; ".join(f"{what} {whence}" for what, whence in POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",  # kept, and asked again: an answer without a body while nothing changed
}
AcceptHeader = Annotated[str, Header(max_length=1000, include_in_schema=False)]
EtagHeader = Annotated[str, Header(max_length=1000, include_in_schema=False)]


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of the page, as it is sent."""

    body: bytes
    media_type: str
    etag: str

    @classmethod
    def read(cls, path: Path) -> Asset:
        """The file at that path."""
        body = path.read_bytes()
        return cls(body, TYPES[path.suffix], f'"{hashlib.sha256(body).hexdigest()[:20]}"')

    def reply(self, known: str) -> Response:
        """All of it, or 304 where the browser has it already; `known`: its If-None-Match."""
        headers = {**SAFE_HEADERS, "ETag": self.etag}
        if self.etag in known:
            return Response(status_code=304, headers=headers)
        return Response(self.body, media_type=self.media_type, headers=headers)


@cache
def assets() -> Mapping[str, Asset]:
    """Name below /studio/ -> file. Only what stands here is served, so no name leads out of the folder."""
    return {name: Asset.read(path) for name, path in _files()}


def _files() -> Iterator[tuple[str, Path]]:
    for path in sorted(FOLDER.rglob("*")):
        if path.suffix in TYPES:
            yield path.relative_to(FOLDER).as_posix(), path
    yield AVATARS + avatars.CATALOGUE, avatars.FOLDER / avatars.CATALOGUE
    for avatar in avatars.shipped().values():
        yield AVATARS + avatar.path.name, avatar.path


@router.get(
    "/",
    summary="The Studio for browsers, where things are for programs",
    response_model=IndexReply,
    responses={200: {"description": "With `Accept: text/html` the Studio", "content": {HTML: {}}}},
)
def index(request: Request, accept: AcceptHeader = "", if_none_match: EtagHeader = "") -> Response:
    """The page, or the doors of this gateway."""
    reply = assets()[PAGE].reply(if_none_match) if wants_page(accept) else JSONResponse(_doors(request).model_dump())
    reply.headers["Vary"] = "Accept"
    return reply


@router.get("/studio/{name:path}", include_in_schema=False)
def asset(name: Annotated[str, InPath(max_length=256)], if_none_match: EtagHeader = "") -> Response:
    """One file of the page."""
    if name not in assets():
        raise HTTPException(404, "The Studio has no such file; the page itself is at /")
    return assets()[name].reply(if_none_match)


def wants_page(accept: str) -> bool:
    """Whether HTML is asked for by name, and JSON is not wanted more. `*/*`, as curl sends it, is not a browser."""
    wishes = dict(_wish(part) for part in accept.split(","))
    return wishes.get(HTML, 0.0) > 0 and wishes[HTML] >= wishes.get("application/json", 0.0)


def _wish(part: str) -> tuple[str, float]:
    kind, _, parameters = part.partition(";")
    quality = parameters.strip().casefold().removeprefix("q=")
    try:
        return kind.strip().casefold(), float(quality) if quality else 1.0
    except ValueError:  # some other parameter: the kind is wanted as much as any
        return kind.strip().casefold(), 1.0


def _doors(request: Request) -> IndexReply:
    doors = {"health": "/health", "providers": "/providers", "voices": "/api/voices", "metrics": "/metrics"}
    if request.app.docs_url:
        doors["docs"] = request.app.docs_url
    return IndexReply(version=version(DISTRIBUTION), links=doors)
