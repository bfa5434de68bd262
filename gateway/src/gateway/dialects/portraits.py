"""POST, GET and DELETE of /api/portraits."""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import APIRouter, File, Form, Path, Response, UploadFile

from gateway.dialects.errors import DOCUMENTED
from gateway.dialects.replies import DeletedReply, PortraitReply, PortraitsReply, PreparedPortraitReply
from gateway.dialects.visit import PROVIDER, Documented, Here
from gateway.guard.uploads import check_picture
from gateway.voices import GENDER_NAMES
from troupe.v1.video_pb2 import Portrait

router = APIRouter(prefix="/api/portraits", tags=["portraits"], dependencies=Documented, responses=DOCUMENTED)  # type: ignore[arg-type]  # FastAPI's own type is wider


@router.post("", summary="Upload a portrait", status_code=201)
async def upload(
    visit: Here,
    response: Response,
    portrait: Annotated[UploadFile, File(description="A PNG, JPEG or WebP with one clear face")],
    name: Annotated[str, Form(max_length=100)] = "",
    keep: Annotated[bool, Form(description="Keep it beyond the usual 30 days")] = False,
) -> PreparedPortraitReply:
    """Find the face in a photo and keep it for later films; it belongs to the key that brought it."""
    visit.caller.require("video")
    picture = await portrait.read()
    check_picture(picture, visit.house.settings.max_upload_bytes)
    answer = await visit.portraits().prepare(picture, name=name, keep=keep)
    response.headers[PROVIDER] = answer.provider
    prepared = answer.value
    preview = base64.b64encode(prepared.preview_png).decode("ascii")
    reply = _reply(prepared.portrait).model_dump()
    return PreparedPortraitReply(**reply, preview=f"data:image/png;base64,{preview}")


@router.get("", summary="The shipped avatars and your portraits")
async def listing(visit: Here, response: Response) -> PortraitsReply:
    """Everything that may stand in `portrait_id`."""
    answer = await visit.portraits().listing()
    response.headers[PROVIDER] = answer.provider
    return PortraitsReply(portraits=[_reply(portrait) for portrait in answer.value])


@router.delete("/{portrait_id}", summary="Delete a portrait")
async def delete(
    visit: Here, response: Response, portrait_id: Annotated[str, Path(description="One of your own", max_length=128)]
) -> DeletedReply:
    """Delete the picture and everything made of it; a stranger's id answers 404."""
    visit.caller.require("video")
    response.headers[PROVIDER] = (await visit.portraits().delete(portrait_id)).provider
    return DeletedReply(id=portrait_id)


def _reply(portrait: Portrait) -> PortraitReply:
    return PortraitReply(
        portrait_id=portrait.portrait_id,
        name=portrait.name,
        avatar=portrait.avatar,
        gender=GENDER_NAMES.get(portrait.gender, ""),
        created_at=portrait.created_at_unix_s,
        expires_at=portrait.expires_at_unix_s,
        width=portrait.width,
        height=portrait.height,
        notes=list(portrait.notes),
    )
