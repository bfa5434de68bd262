"""POST /api/avatar: a script, a prompt, a site or a sound file in, a talking head out, sent while it is made."""

from __future__ import annotations

from fastapi import APIRouter, Request

from gateway.dialects.avatar_request import FILE_FIELDS, AvatarRequest, Order, read
from gateway.dialects.errors import DOCUMENTED
from gateway.dialects.media import VIDEO_TYPES, MediaResponse, container
from gateway.dialects.schema import body_schema
from gateway.dialects.script import WRITTEN_BY_A_MODEL, scriptwriter
from gateway.dialects.visit import PROVIDER, Documented, Here, Visit
from gateway.dialects.voice import ascii_only, priority_of, speech_order, voice_headers
from gateway.routing.capability import primary
from gateway.routing.need import Modality
from gateway.scenes.avatar import Avatar, AvatarOrder
from gateway.scenes.registry import HEADER as SCENE
from gateway.scenes.speech import SpeechOrder
from gateway.scenes.wishes import names_in
from troupe.v1.engine_pb2 import ENGINE_STATE_READY, GENDER_UNSPECIFIED, Gender
from troupe.v1.video_pb2 import AnimateSettings, Framing
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import InvalidArgument
from troupe.wire.framing import aspect_name, background_name

router = APIRouter(prefix="/api", tags=["avatar"], dependencies=Documented, responses=DOCUMENTED)  # type: ignore[arg-type]  # FastAPI's own type is wider

DEFAULT_LANGUAGE = "en"
FACE_OF = {
    "happy": "happy", "cheerful": "happy", "excited": "joyful", "sad": "sad", "angry": "angry", "fearful": "fearful",
    "afraid": "fearful", "disgusted": "disgusted", "surprised": "surprised", "calm": "calm", "serious": "serious",
    "friendly": "friendly", "fluent": "fluent", "whisper": "whisper", "whispering": "whisper",
}  # fmt: skip
"""The expression that goes with a voice's emotion (MiniMax's and ours), where none is asked for."""


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
                "application/json": {"schema": body_schema(AvatarRequest)},
                "multipart/form-data": {"schema": body_schema(AvatarRequest, FILE_FIELDS)},
            },
        }
    },
)
async def avatar(request: Request, visit: Here) -> MediaResponse:
    """Say a text (or a sound file) with the face of a portrait. The film is sent fragment by fragment."""
    visit.caller.require("voice", "video")
    order = await read(request, visit)
    if order.source in WRITTEN_BY_A_MODEL:
        visit.caller.require("text")
    film_order = await _film_order(order, visit)
    house = visit.house
    scene = house.scenes.open(visit.caller.key_id, request.headers.get(SCENE, ""))
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
        SCENE: scene_id,
        PROVIDER: film.providers,
        "Cache-Control": "no-store",
    }
    if film.header.notes:
        headers["X-Troupe-Notes"] = ascii_only("; ".join(film.header.notes))
    return headers | (voice_headers(film.speech) if film.speech else {})


async def _film_order(order: Order, visit: Visit) -> AvatarOrder:
    fields = order.fields
    if order.picture and fields.portrait_id:
        raise InvalidArgument("Send either `portrait_id` or a `portrait` file, not both.", field="portrait")
    framing = _framing(order)
    speech = None
    if not order.sound:
        text = None if order.source in WRITTEN_BY_A_MODEL else fields.text
        speech = await speech_order(fields, text, visit, *order.route)
    script = scriptwriter(fields, visit, fields.language or (speech.voice.language if speech else ""))
    return AvatarOrder(
        settings=_animate_settings(order, await _portrait_id(order, speech, visit), framing, visit),
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
    voices = (voice for info in ready for voice in info.voices if primary(voice.language or wanted) == wanted)
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


def _animate_settings(order: Order, portrait_id: str, framing: Framing, visit: Visit) -> AnimateSettings:
    fields = order.fields
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
        sadtalker=order.sadtalker,
    )
