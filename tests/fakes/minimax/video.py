"""Video, first generation: text, first frames and subjects to a clip; created, queried, fetched as a file."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .film import film, size_of
from .models import VIDEO_MODELS, known
from .replies import SUCCESS, Refused, base_resp, choice, json_body, native
from .tasks import new_task, task_of
from .world import VIDEO_URL_S, World

LONGEST_PROMPT = 2_000
RESOLUTIONS = ("512P", "720P", "768P", "1080P")
DURATIONS = (6, 10)
MEDIA = ("http://", "https://", "data:image/")


async def create(request: Request) -> Response:
    """POST /v1/video_generation."""
    world: World = request.app.state.world
    body = await json_body(request)
    model = check(body)
    seconds = float(choice(body, "duration", DURATIONS, 6))
    size = size_of(choice(body, "resolution", RESOLUTIONS, None))

    def finish() -> Any:
        return world.keep("output_aigc.mp4", "video_generation", film(seconds, size), "video/mp4", VIDEO_URL_S)

    task = new_task(request, "video", model, finish)
    task.facts |= {"width": size[0], "height": size[1]}
    return native({"task_id": task.task_id})


def check(body: dict[str, Any]) -> str:
    """The model, if the request fits it; raises `Refused`."""
    model = known(body, VIDEO_MODELS)
    prompt = body.get("prompt", "")
    if not isinstance(prompt, str) or len(prompt) > LONGEST_PROMPT:
        raise Refused(2013, f"prompt must be text of at most {LONGEST_PROMPT} characters")
    for name in ("first_frame_image", "last_frame_image"):
        if name in body:
            _image(name, body[name])
    if model.startswith("T2V") and not prompt:
        raise Refused(2013, "prompt is empty")
    if (model.startswith("I2V") or model.endswith("Fast")) and "first_frame_image" not in body:
        raise Refused(2013, f"{model} needs first_frame_image")
    if model == "S2V-01":
        _subject(body.get("subject_reference"))
    elif "subject_reference" in body:
        raise Refused(2013, "subject_reference needs model S2V-01")
    return model


def _subject(subjects: Any) -> None:
    if not isinstance(subjects, list) or len(subjects) != 1 or not isinstance(subjects[0], dict):
        raise Refused(2013, "subject_reference needs one subject")
    images = subjects[0].get("image")
    if subjects[0].get("type") != "character" or not isinstance(images, list) or len(images) != 1:
        raise Refused(2013, "a subject has type character and one image")
    _image("subject_reference.image", images[0])


def _image(name: str, value: Any) -> None:
    if not isinstance(value, str) or not value.startswith(MEDIA):
        raise Refused(2013, f"{name} must be a URL or a data URL of an image")


async def query(request: Request) -> Response:
    """GET /v1/query/video_generation?task_id=: each query moves the task on."""
    task = task_of(request, request.query_params.get("task_id", ""), "video")
    state = await asyncio.to_thread(task.advance)
    told: dict[str, Any] = {
        "task_id": task.task_id,
        "status": state,
        "file_id": "",
        "video_width": 0,
        "video_height": 0,
    }
    if state == "Success":
        told |= {"file_id": str(task.result.file_id)}
        told |= {"video_width": task.facts["width"], "video_height": task.facts["height"]}
    verdict = base_resp(task.code, task.message) if state == "Fail" else SUCCESS
    return JSONResponse(told | {"base_resp": verdict})
