"""The Files API, its older spellings, and the download links: signed, expiring, fetched without a key."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from .replies import Refused, json_body, native
from .world import VIDEO_URL_S, StoredFile, World

PURPOSES = (
    "voice_clone",
    "prompt_audio",
    "t2a_async_input",
    "t2a_async",
    "t2a",
    "video_generation",
    "video_generation_input",
    "video_understanding",
    "retrieval",
)
LARGEST_FILE = 64 * 1024 * 1024
PIECE = 64 * 1024


async def upload(request: Request) -> Response:
    """POST /v1/files/upload: multipart `purpose` and `file`."""
    world: World = request.app.state.world
    async with request.form(max_files=1) as form:
        purpose, file = form.get("purpose"), form.get("file")
        if purpose not in PURPOSES:
            raise Refused(2013, f"purpose must be one of {list(PURPOSES)}")
        if not isinstance(file, UploadFile):
            raise Refused(2013, "file is missing")
        content = await file.read(LARGEST_FILE + 1)
        name, kind = file.filename or "file", file.content_type or "application/octet-stream"
    if not content or len(content) > LARGEST_FILE:
        raise Refused(2013, f"file must have 1 to {LARGEST_FILE} bytes")
    request.scope["seen"].notes |= {"purpose": purpose, "filename": name, "bytes": len(content)}
    stored = world.keep(name, str(purpose), content, kind, VIDEO_URL_S)
    return native({"file": stored.facts()})


async def list_files(request: Request) -> Response:
    """GET /v1/files/list?purpose=."""
    world: World = request.app.state.world
    purpose = request.query_params.get("purpose")
    rows = [file.facts() for file in world.files.values() if purpose in {None, "", file.purpose}]
    return native({"files": rows})


async def retrieve(request: Request) -> Response:
    """GET /v1/files/retrieve?file_id=: with a download link."""
    stored = file_of(request.app.state.world, request.query_params.get("file_id"))
    return native({"file": stored.facts() | {"download_url": link(request, stored)}})


async def retrieve_content(request: Request) -> Response:
    """GET /v1/files/retrieve_content?file_id=: the bytes."""
    stored = file_of(request.app.state.world, request.query_params.get("file_id"))
    return Response(stored.content, media_type=stored.media_type)


async def delete(request: Request) -> Response:
    """POST /v1/files/delete {file_id, purpose}."""
    return _delete(request, (await json_body(request)).get("file_id"))


async def delete_by_path(request: Request) -> Response:
    """DELETE /v1/files/{file_id} or /v1/files?file_id=, as mmx-cli of May 2026 did."""
    return _delete(request, request.path_params.get("file_id") or request.query_params.get("file_id"))


def _delete(request: Request, file_id: Any) -> Response:
    world: World = request.app.state.world
    stored = file_of(world, file_id)
    del world.files[stored.file_id]
    return native({"file_id": stored.file_id})


def file_of(world: World, file_id: Any) -> StoredFile:
    """The file of that id, given as number or text; 2013 if there is none."""
    try:
        return world.files[int(file_id)]
    except (TypeError, ValueError, KeyError) as error:
        raise Refused(2013, f"unknown file_id '{file_id}'") from error


def link(request: Request, stored: StoredFile) -> str:
    """A download link that needs no key and dies."""
    world: World = request.app.state.world
    lives_s = world.options.url_s if world.options.url_s is not None else stored.url_s
    expires = world.now() + round(lives_s)
    base = world.options.public_url or str(request.base_url)
    path = f"/cdn/{stored.file_id}/{quote(stored.filename)}"
    return f"{base.rstrip('/')}{path}?Expires={expires}&Signature={_signature(world, stored.file_id, expires)}"


async def download(request: Request) -> Response:
    """GET /cdn/{file_id}/{name}: 403 without a good signature or after its time, as object stores say it."""
    world: World = request.app.state.world
    query, file_id = request.query_params, request.path_params["file_id"]
    expires = int(query["Expires"]) if query.get("Expires", "").isdigit() else 0
    good = hmac.compare_digest(_signature(world, file_id, expires), query.get("Signature", ""))
    if not good or world.clock() >= expires:
        return PlainTextResponse("<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
    stored = world.files.get(file_id)
    if stored is None:
        return PlainTextResponse("<Error><Code>NoSuchKey</Code></Error>", 404, media_type="application/xml")
    return Response(stored.content, media_type=stored.media_type)


def _signature(world: World, file_id: int, expires: int) -> str:
    return hmac.new(world.secret, f"{file_id}:{expires}".encode(), sha256).hexdigest()
