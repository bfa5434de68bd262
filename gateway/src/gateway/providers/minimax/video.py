"""Generate and Animate at MiniMax: minutes for a clip of seconds, fetched when it is done.

Animate is a talking head by the second generation of the API: reference picture, reference sound, a prompt. The first
generation (S2V-01) hears nothing; its film would have to be muxed with our speech, and the gateway has no codecs.
"""

from __future__ import annotations

import asyncio
import math
from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from gateway.providers.minimax import faults, models
from gateway.providers.minimax.desk import Desk
from gateway.providers.minimax.film import Film, in_order
from gateway.providers.minimax.listening import Listened, listen, wav
from gateway.providers.minimax.spend import Reservation
from gateway.providers.minimax.tasks import Task
from gateway.routing.need import Modality
from troupe.v1.media_pb2 import (
    CONTAINER_MP4,
    CONTAINER_WEBM,
    MEDIA_KIND_FRAGMENT,
    MEDIA_KIND_INIT,
    MediaChunk,
    MediaHeader,
)
from troupe.v1.video_pb2 import AnimateInput, AnimateSettings, GenerateChunk, GenerateProgress, GenerateRequest
from troupe.wire.errors import (
    EmptyText,
    InvalidArgument,
    RequestError,
    TextTooLong,
    TroupeError,
    UnsupportedFormat,
    UnsupportedMedia,
)
from troupe.wire.media import pieces

FILM_BYTES = 64 * 1024 * 1024
MAX_PROMPT_CHARS = 2000
V1_SECONDS = (6, 10)
V2_SECONDS = range(4, 16)
USUAL_S = 6
RESOLUTIONS_V1 = ("512P", "720P", "768P", "1080P")
RESOLUTIONS_V2 = ("480P", "768P", "2K")
RATIOS: Mapping[str, float] = {"21:9": 21 / 9, "16:9": 16 / 9, "4:3": 4 / 3, "1:1": 1, "3:4": 3 / 4, "9:16": 9 / 16}
ASPECTS = {"square": "1:1", "portrait": "9:16", "landscape": "16:9"}
HEAD_PROMPT = (
    "The person in the reference picture looks into the camera and says what is heard in the reference sound, lips in "
    "time with it, with small natural movements of the head. The camera stands still."
)
QUEUED, FETCHED = "queued by MiniMax", "fetched from MiniMax"
NOTE = "made by MiniMax as a whole before it was sent"


async def generate(desk: Desk, inputs: AsyncGenerator[GenerateRequest]) -> AsyncGenerator[GenerateChunk | str]:
    """A clip of a prompt and pictures. Raises `InvalidArgument`, `TextTooLong`, or what MiniMax says."""
    request = await anext(inputs, None)
    if request is None:
        raise InvalidArgument("A video needs a request.")
    body, v2 = await asyncio.to_thread(_order, request, desk.model)
    async with aclosing(_made(desk, Task(desk, v2=v2), body)) as parts:
        async for part in parts:
            if isinstance(part, str):
                yield part
                yield GenerateChunk(progress=GenerateProgress(stage=part))
                continue
            for chunk in _chunks(part):
                yield GenerateChunk(chunk=chunk)


async def animate(desk: Desk, inputs: AsyncGenerator[AnimateInput]) -> AsyncGenerator[MediaChunk | str]:
    """A talking head of one clip; the whole speech is heard before the order is sent."""
    heard = await listen(inputs)
    if heard.settings.container == CONTAINER_WEBM:
        raise UnsupportedFormat("MiniMax makes mp4, no webm.")
    model = desk.model if models.is_v2(desk.model) else models.TALKING_HEAD
    body = await asyncio.to_thread(_head_order, model, heard)
    async with aclosing(_made(desk, Task(desk, v2=True), body, heard.settings.content_id)) as parts:
        async for part in parts:
            if isinstance(part, str):
                yield part
                continue
            for chunk in _chunks(part, _left_out(heard.settings)):
                yield chunk


async def _made(desk: Desk, task: Task, body: Mapping[str, Any], content_id: str = "") -> AsyncGenerator[Film | str]:
    """The stages of the work, then the film."""
    money = await desk.purse.reserve(desk.prices.clip(str(body["model"]), float(body["duration"])))
    done = False
    try:
        await _create(task, body, money)
        yield QUEUED
        async with aclosing(_stages(task, money)) as stages:
            async for stage in stages:
                yield stage
        yield FETCHED
        data = await desk.downloads.whole(task.url, FILM_BYTES)
        done = True
        yield await asyncio.to_thread(in_order, data, content_id)
    finally:
        if not done:
            desk.leave(task.leave())


async def _create(task: Task, body: Mapping[str, Any], money: Reservation) -> None:
    try:
        await task.create(body)
    except TroupeError as error:
        # An answer that never came may hide an order that was taken: only a refusal gives the money back.
        if faults.was_refused(error):
            money.settle(0.0)
        raise


async def _stages(task: Task, money: Reservation) -> AsyncGenerator[str]:
    try:
        async with aclosing(task.stages()) as stages:
            async for stage in stages:
                yield stage
    except RequestError:
        money.settle(0.0)  # a film that is refused is not billed
        raise


def _left_out(settings: AnimateSettings) -> list[str]:
    """What was asked of the framing that MiniMax does not do."""
    framing = settings.framing
    behind = framing.background not in {"", "keep"} or framing.background_image or framing.background_id
    notes = ["captions are not drawn by MiniMax"] if framing.captions else []
    return notes + (["MiniMax keeps the background as it is"] if behind else [])


def _chunks(film: Film, notes: Sequence[str] = ()) -> list[MediaChunk]:
    """The film as it travels: one init segment, one fragment."""
    header = MediaHeader(
        engine="minimax", container=CONTAINER_MP4, mime_type="video/mp4", width=film.width, height=film.height,
        notes=[NOTE, *notes],
    )  # fmt: skip
    chunks = [MediaChunk(header=header)]
    chunks += [MediaChunk(kind=MEDIA_KIND_INIT, data=piece) for piece in pieces(film.init)]
    chunks += [
        MediaChunk(kind=MEDIA_KIND_FRAGMENT, data=piece, sequence=1, end_ms=film.duration_ms)
        for piece in pieces(film.media)
    ]
    chunks[-1].last_piece = True
    return [*chunks, MediaChunk(end_of_stream=True)]


def _order(request: GenerateRequest, default_model: str) -> tuple[dict[str, Any], bool]:
    """The order of a clip, and whether it is of the second generation."""
    if request.container == CONTAINER_WEBM:
        raise UnsupportedFormat("MiniMax makes mp4, no webm.")
    if len(request.prompt) > MAX_PROMPT_CHARS:
        raise TextTooLong(f"The prompt has {len(request.prompt)} characters; MiniMax takes {MAX_PROMPT_CHARS}.")
    model = _clip_model(request, default_model)
    if models.is_v2(model):
        return _order_v2(request, model), True
    if request.reference_audio:
        raise InvalidArgument(f"{model} hears no sound; {models.TALKING_HEAD} does.", field="model")
    return _order_v1(request, model), False


def _clip_model(request: GenerateRequest, default: str) -> str:
    """The model that was asked for, else the one whose inputs these are."""
    if request.model and models.is_of(Modality.VIDEO, request.model):
        return request.model
    if request.reference_audio:
        return default if models.is_v2(default) else models.TALKING_HEAD
    if request.subject:
        return models.SUBJECT_TO_VIDEO
    if request.last_frame:
        return models.FRAMES_TO_VIDEO
    return models.IMAGE_TO_VIDEO if request.first_frame else models.TEXT_TO_VIDEO


def _order_v1(request: GenerateRequest, model: str) -> dict[str, Any]:
    if not (request.prompt.strip() or request.first_frame or request.subject):
        raise EmptyText("A video needs a prompt or a picture.")
    seconds = math.ceil(request.duration_ms / 1000) or USUAL_S
    if seconds > V1_SECONDS[-1]:
        raise InvalidArgument(f"{model} makes clips of {V1_SECONDS[0]} or {V1_SECONDS[1]} s, not of {seconds}.")
    body: dict[str, Any] = {"model": model, "duration": next(each for each in V1_SECONDS if each >= seconds)}
    if request.prompt:
        body["prompt"] = request.prompt
    if request.first_frame:
        body["first_frame_image"] = picture_url(request.first_frame)
    if request.last_frame:
        body["last_frame_image"] = picture_url(request.last_frame)
    if request.subject:
        body["subject_reference"] = [{"type": "character", "image": [picture_url(request.subject)]}]
    return body | _resolution(request.resolution, RESOLUTIONS_V1)


def _order_v2(request: GenerateRequest, model: str) -> dict[str, Any]:
    seconds = math.ceil(request.duration_ms / 1000) or USUAL_S
    if seconds > V2_SECONDS[-1]:
        raise InvalidArgument(f"{model} makes clips of {V2_SECONDS[0]} to {V2_SECONDS[-1]} s, not of {seconds}.")
    referenced = bool(request.subject or request.reference_audio)
    first = "reference_image" if referenced else "first_frame"
    content = [{"type": "text", "text": request.prompt.strip() or HEAD_PROMPT}]
    for picture, role in ((request.subject, "reference_image"), (request.first_frame, first)):
        content += _picture(picture, role)
    content += _picture(request.last_frame, "reference_image" if referenced else "last_frame")
    if request.reference_audio:
        content.append(_sound(request.reference_audio, _sound_type(request.reference_audio)))
    body: dict[str, Any] = {"model": model, "content": content, "duration": max(V2_SECONDS[0], seconds)}
    if len(content) == 1:
        body["ratio"] = "16:9"  # nothing else says what shape it should be
    return body | _resolution(request.resolution, RESOLUTIONS_V2)


def _head_order(model: str, heard: Listened) -> dict[str, Any]:
    settings = heard.settings
    content = [
        {"type": "text", "text": HEAD_PROMPT},
        *_picture(heard.picture, "reference_image"),
        _sound(wav(heard.pcm), "audio/wav"),
    ]
    return {
        "model": model,
        "content": content,
        "duration": min(V2_SECONDS[-1], max(V2_SECONDS[0], math.ceil(heard.seconds))),
        "resolution": "480P" if max(settings.width, settings.height, 512) <= 854 else "768P",
        "ratio": _ratio(settings),
    }


def _ratio(settings: AnimateSettings) -> str:
    if not (settings.width and settings.height) and settings.framing.aspect in ASPECTS:
        return ASPECTS[settings.framing.aspect]
    wanted = (settings.width or 512) / (settings.height or 512)
    return min(RATIOS, key=lambda name: abs(math.log(RATIOS[name] / wanted)))


def _resolution(wanted: str, allowed: tuple[str, ...]) -> dict[str, str]:
    if not wanted:
        return {}
    name = wanted.upper()
    if name not in allowed:
        raise InvalidArgument(f"resolution is {wanted[:20]}; allowed: {', '.join(allowed)}.", field="resolution")
    return {"resolution": name}


def _picture(data: bytes, role: str) -> list[dict[str, Any]]:
    return [{"type": "image_url", "role": role, "image_url": {"url": picture_url(data)}}] if data else []


def _sound(data: bytes, media_type: str) -> dict[str, Any]:
    url = f"data:{media_type};base64,{b64encode(data).decode()}"
    return {"type": "audio_url", "role": "reference_audio", "audio_url": {"url": url}}


def _sound_type(data: bytes) -> str:
    return "audio/wav" if data[:4] == b"RIFF" else "audio/mpeg"


def picture_url(data: bytes) -> str:
    """A picture as a data URL. Raises `UnsupportedMedia` for what MiniMax does not take."""
    kinds = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg"}
    kind = next((name for magic, name in kinds.items() if data.startswith(magic)), "")
    if not kind and data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = "webp"
    if not kind:
        raise UnsupportedMedia("MiniMax takes JPEG, PNG and WebP pictures; this is none of them.")
    return f"data:image/{kind};base64,{b64encode(data).decode()}"
