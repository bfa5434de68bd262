"""What POST /api/avatar takes: fields as JSON or as a form, and in a form files beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from fastapi import Request
from pydantic import ConfigDict, Field, ValidationError
from starlette.datastructures import FormData, UploadFile

from gateway.dialects.errors import invalid
from gateway.dialects.sadtalker import PREFIX, SadtalkerFields, settings_of, unfolded
from gateway.dialects.script import ROUTES, ScriptFields, source_of
from gateway.dialects.visit import Visit
from gateway.guard.uploads import check_picture, check_sound
from gateway.routing.need import Modality
from troupe.v1.video_pb2 import SadtalkerSettings
from troupe.wire.errors import InvalidArgument, UnsupportedMedia, nearest
from troupe.wire.framing import check_background_size

MAX_SIDE = 4096
MAX_FILES = 4
MAX_FIELDS = 60
FILE_FIELDS = ("portrait", "audio", "background", "reference")


class AvatarRequest(ScriptFields):
    """POST /api/avatar; in a form, `portrait`, `audio`, `background` and `reference` may be files."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"text": "Hello, I am new here.", "voice_id": "en-US-GuyNeural"}]},
    )

    portrait_id: str = Field(
        default="", description="One of /api/portraits; without it and without a `portrait` file an avatar is chosen",
        max_length=128,
    )  # fmt: skip
    container: str = Field(
        default="", description="mp4 (H.264 and AAC) or webm (VP9 and Opus); empty = mp4 unless H.264 is avoided here",
        max_length=16,
    )  # fmt: skip
    width: int = Field(
        default=0, ge=0, le=MAX_SIDE,
        description="Even pixels, 64 to 1920; 0 = it follows from height and aspect; both 0 = 512 on the shorter side",
    )  # fmt: skip
    height: int = Field(
        default=0, ge=0, le=MAX_SIDE, description="As width; the frame has at most 1920 x 1080 pixels, either way up"
    )  # fmt: skip
    fps: float = Field(default=0.0, ge=0.0, le=60.0, description="0 = 25")
    expression: str = Field(
        default="",
        description='"neutral", "happy", "sad", "serious", …; empty = the one that goes with the emotion',
        max_length=32,
    )
    seed: int = Field(default=0, ge=0, lt=2**63)
    aspect: str = Field(
        default="", max_length=16,
        description='"square", "portrait" (9:16), "landscape" (16:9) or "original" (the picture\'s own shape, all of '
        "it); empty = that of width and height where both are given, else square",
    )  # fmt: skip
    background: str = Field(
        default="", max_length=16,
        description='What is behind the person: "keep", "blur", "green" (#00b140, to key out), a colour "#rrggbb", '
        "or a picture, sent as the file `background` in a form",
    )  # fmt: skip
    background_id: str = Field(
        default="", description="A stored portrait that is to be the background", max_length=128
    )  # fmt: skip
    captions: bool = Field(
        default=False, description="Burn the words into the picture as they are spoken; not of an `audio` file"
    )  # fmt: skip
    video_provider: str = Field(
        default="", description="Only these providers of the video chain, `a,b` in this order", max_length=256
    )
    cloud_video: Literal["", "wait"] = Field(
        default="", description='"wait": a cloud provider that takes minutes may make the film, where no other can'
    )
    sadtalker: SadtalkerFields | None = Field(
        default=None,
        description="Settings of SadTalker's own; with a film of a face as the file `reference` in a form, it is "
        "followed",
    )


KNOWN_FIELDS = (*AvatarRequest.model_fields, *(PREFIX + name for name in SadtalkerFields.model_fields))


@dataclass(frozen=True, slots=True)
class Order:
    """A request as it came: its fields, and the files beside them."""

    fields: AvatarRequest
    picture: bytes = b""
    sound: bytes = b""
    background: bytes = b""
    sadtalker: SadtalkerSettings | None = None

    @property
    def source(self) -> str:
        """What is spoken: one of `SOURCES`. Raises `InvalidArgument` for several."""
        return source_of(self.fields, self.sound)

    @property
    def route(self) -> tuple[Modality, ...]:
        """The chains that take part."""
        return ROUTES[self.source]


async def read(request: Request, visit: Visit) -> Order:
    """A request's body. Raises `UnsupportedMedia`, `InvalidArgument`, or what is wrong with a file."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind == "multipart/form-data":
        async with request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS) as form:
            return await _read_form(form, visit)
    if kind and kind != "application/json":
        raise UnsupportedMedia(f"The body is {kind}; send application/json or multipart/form-data.")
    fields = _fields(await request.body())
    return Order(fields, sadtalker=settings_of(fields.sadtalker, b""))


async def _read_form(form: FormData, visit: Visit) -> Order:
    files = {name: await value.read() for name, value in form.multi_items() if isinstance(value, UploadFile)}
    texts = {name: value for name, value in form.multi_items() if isinstance(value, str) and value}
    for name in files:
        if name not in FILE_FIELDS:
            raise InvalidArgument(f'No file "{name}" is taken.{nearest(name, FILE_FIELDS)}', field=name)
    limit = visit.house.settings.max_upload_bytes
    if "portrait" in files:
        check_picture(files["portrait"], limit)
    if "audio" in files:
        check_sound(files["audio"], limit)
    background = files.get("background", b"")
    if "background" in files:
        check_background_size(background)
        check_picture(background, limit)
    fields = _fields(unfolded(texts))
    sadtalker = settings_of(fields.sadtalker, files.get("reference", b""), len(background))
    return Order(fields, files.get("portrait", b""), files.get("audio", b""), background, sadtalker)


def _fields(body: bytes | dict[str, Any]) -> AvatarRequest:
    try:
        if isinstance(body, bytes):
            return AvatarRequest.model_validate_json(body or b"{}")
        return AvatarRequest.model_validate(body)
    except ValidationError as error:
        raise invalid([dict(problem) for problem in error.errors()], KNOWN_FIELDS) from error
