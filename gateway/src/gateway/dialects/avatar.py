"""POST /api/avatar: a script, a prompt or a sound file in, a talking head out, sent while it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import ConfigDict, Field, ValidationError
from starlette.datastructures import FormData, UploadFile

from gateway.dialects.errors import DOCUMENTED, invalid
from gateway.dialects.media import VIDEO_TYPES, MediaResponse, container
from gateway.dialects.script import ROUTES, WRITTEN_BY_A_MODEL, ScriptFields, script_order, source_of
from gateway.dialects.visit import PROVIDER, Documented, Here, Visit
from gateway.dialects.voice import ascii_only, priority_of, speech_order, voice_headers
from gateway.guard.uploads import check_picture, check_sound
from gateway.routing.capability import primary
from gateway.routing.need import Modality
from gateway.scenes.avatar import Avatar, AvatarOrder
from gateway.scenes.speech import SpeechOrder
from gateway.scenes.wishes import names_in
from troupe.v1.engine_pb2 import ENGINE_STATE_READY, GENDER_UNSPECIFIED, Gender
from troupe.v1.video_pb2 import AnimateSettings, Framing
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import InvalidArgument, UnsupportedMedia, nearest
from troupe.wire.framing import aspect_name, background_name, check_background_size

router = APIRouter(prefix="/api", tags=["avatar"], dependencies=Documented, responses=DOCUMENTED)  # type: ignore[arg-type]  # FastAPI's own type is wider

MAX_SIDE = 4096
MAX_FILES = 3
MAX_FIELDS = 40
FILE_FIELDS = ("portrait", "audio", "background")
DEFAULT_LANGUAGE = "en"
FACE_OF = {
    "happy": "happy", "cheerful": "happy", "excited": "joyful", "sad": "sad", "angry": "angry", "fearful": "fearful",
    "afraid": "fearful", "disgusted": "disgusted", "surprised": "surprised", "calm": "calm", "serious": "serious",
    "friendly": "friendly", "fluent": "fluent", "whisper": "whisper", "whispering": "whisper",
}  # fmt: skip
"""The expression that goes with a voice's emotion (MiniMax's and ours), where none is asked for."""


class AvatarRequest(ScriptFields):
    """POST /api/avatar; in a form, `portrait`, `audio` and `background` may be files."""

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
        default=False, description="Burn the words into the picture as they are spoken; they need a `text` or `prompt`"
    )  # fmt: skip
    video_provider: str = Field(
        default="", description="Only these providers of the video chain, `a,b` in this order", max_length=256
    )
    cloud_video: Literal["", "wait"] = Field(
        default="", description='"wait": a cloud provider that takes minutes may make the film, where no other can'
    )


@dataclass(frozen=True, slots=True)
class Order:
    """A request as it came: its fields, and the files beside them."""

    fields: AvatarRequest
    picture: bytes = b""
    sound: bytes = b""
    background: bytes = b""

    @property
    def source(self) -> str:
        """What is spoken: one of `SOURCES`. Raises `InvalidArgument` for several."""
        return source_of(self.fields, self.sound)

    @property
    def route(self) -> tuple[Modality, ...]:
        """The chains that take part."""
        return ROUTES[self.source]


_FORM: dict[str, Any] = {
    "allOf": [{"$ref": "#/components/schemas/AvatarRequest"}],
    "properties": {name: {"type": "string", "format": "binary"} for name in FILE_FIELDS},
}


@router.post(
    "/avatar",
    summary="A talking head",
    response_class=MediaResponse,
    responses={
        200: {
            "description": "A fragmented film that plays while it is made; X-Troupe-Scene names its events",
            "content": {kind: {} for kind in VIDEO_TYPES.values()},
        }
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": AvatarRequest.model_json_schema()},
                "multipart/form-data": {
                    "schema": {
                        **AvatarRequest.model_json_schema(),
                        "properties": {
                            **AvatarRequest.model_json_schema()["properties"],
                            **_FORM["properties"],
                        },
                    }
                },
            },
        }
    },
)
async def avatar(request: Request, visit: Here) -> MediaResponse:
    """Say a text (or a sound file) with the face of a portrait. The film is sent fragment by fragment."""
    visit.caller.require("voice", "video")
    order = await _read(request, visit)
    if order.source in WRITTEN_BY_A_MODEL:
        visit.caller.require("text")
    film_order = await _film_order(order, visit)
    house = visit.house
    scene = house.scenes.open(visit.caller.key_id)
    scene.tell("scene", scene_id=scene.scene_id, request_id=visit.request_id)
    deadline = Deadline.after(house.settings.video_timeout_s)
    film = Avatar(house.chains, film_order, scene, deadline, visit.request_id)
    try:
        await film.begin()
    except BaseException:
        await film.aclose()
        raise
    return MediaResponse(
        film.media(),
        media_type=film.header.mime_type or VIDEO_TYPES[order.fields.container.strip().casefold() or "mp4"],
        headers=_headers(film, scene.scene_id),
        on_broken=lambda error: house.metrics.broken.labels("/api/avatar", error.code).inc(),
        on_close=film.aclose,
    )


def _headers(film: Avatar, scene_id: str) -> dict[str, str]:
    headers = {
        "X-Troupe-Scene": scene_id,
        PROVIDER: film.providers,
        "Cache-Control": "no-store",
    }
    if film.header.notes:
        headers["X-Troupe-Notes"] = ascii_only("; ".join(film.header.notes))
    return headers | (voice_headers(film.speech) if film.speech else {})


async def _read(request: Request, visit: Visit) -> Order:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind == "multipart/form-data":
        async with request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS) as form:
            return await _read_form(form, visit)
    if kind and kind != "application/json":
        raise UnsupportedMedia(f"The body is {kind}; send application/json or multipart/form-data.")
    return Order(_fields(await request.body()))


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
    if "background" in files:
        check_background_size(files["background"])
        check_picture(files["background"], limit)
    return Order(_fields(texts), *(files.get(name, b"") for name in FILE_FIELDS))


def _fields(body: bytes | dict[str, Any]) -> AvatarRequest:
    try:
        if isinstance(body, bytes):
            return AvatarRequest.model_validate_json(body or b"{}")
        return AvatarRequest.model_validate(body)
    except ValidationError as error:
        raise invalid([dict(problem) for problem in error.errors()], AvatarRequest.model_fields.keys()) from error


async def _film_order(order: Order, visit: Visit) -> AvatarOrder:
    fields, source = order.fields, order.source
    if order.picture and fields.portrait_id:
        raise InvalidArgument("Send either `portrait_id` or a `portrait` file, not both.", field="portrait")
    framing = _framing(order)
    script = script_order(fields, visit) if source in WRITTEN_BY_A_MODEL else None
    text = None if script else fields.text
    speech = None if order.sound else speech_order(fields, text, visit, *order.route)
    return AvatarOrder(
        settings=_animate_settings(fields, await _portrait_id(order, speech, visit), framing, visit),
        speech=speech,
        script=script,
        sound=order.sound,
        picture=order.picture,
        rungs=_video_rungs(order, visit),
        wait=fields.cloud_video == "wait",
        local_only=fields.local_only or visit.wishes.local_only,
        commercial_only=visit.house.settings.commercial_only,
        priority=priority_of(fields, visit),
    )


def _video_rungs(order: Order, visit: Visit) -> tuple[str, ...]:
    return names_in(order.fields.video_provider) or visit.rungs(Modality.VIDEO, *order.route)


async def _portrait_id(order: Order, speech: SpeechOrder | None, visit: Visit) -> str:
    if order.fields.portrait_id or order.picture:
        return order.fields.portrait_id
    gender = _gender(speech, visit) if speech else GENDER_UNSPECIFIED
    desk = visit.portraits(_video_rungs(order, visit), may_wait=order.fields.cloud_video == "wait")
    return await desk.avatar_for(gender)


def _gender(speech: SpeechOrder, visit: Visit) -> Gender:
    """The gender of the voice that was asked for, else of the one that will speak: a face should suit it."""
    if speech.voice.gender:
        return speech.voice.gender
    wanted = primary(speech.voice.language or DEFAULT_LANGUAGE)
    ready = (info for info in visit.house.infos(Modality.TTS) if info.state == ENGINE_STATE_READY)
    voices = (voice for info in ready for voice in info.voices if primary(voice.language) == wanted)
    first = next(voices, None)
    return first.gender if first else GENDER_UNSPECIFIED


def _framing(order: Order) -> Framing:
    """What is refused here costs no speech."""
    fields = order.fields
    if order.background and fields.background_id:
        raise InvalidArgument("Send either `background_id` or a `background` file, not both.", field="background")
    pictured = bool(order.background or fields.background_id)
    return Framing(
        aspect=aspect_name(fields.aspect),
        background=background_name(fields.background, pictured=pictured),
        captions=fields.captions,
        background_image=order.background,
        background_id=fields.background_id,
    )


def _animate_settings(fields: AvatarRequest, portrait_id: str, framing: Framing, visit: Visit) -> AnimateSettings:
    return AnimateSettings(
        principal=visit.principal,
        portrait_id=portrait_id,
        container=container(fields.container),
        width=fields.width,
        height=fields.height,
        fps=fields.fps,
        seed=fields.seed,
        expression=fields.expression or FACE_OF.get(fields.emotion.strip().casefold(), ""),
        framing=framing,
    )
