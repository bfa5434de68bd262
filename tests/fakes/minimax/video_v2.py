"""Video, second generation (H3): content with roles, so also a portrait with the speech that drives it."""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
from typing import Any

import av
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .files import file_of, link
from .film import film, size_of
from .models import VIDEO_V2_MODELS, known
from .replies import MESSAGES, Refused, choice, json_body
from .sound import Sounding, encode, speak
from .tasks import new_task, task_of
from .world import VIDEO_URL_S, Task, World

RESOLUTIONS = ("480P", "768P", "2K")
RATIOS = ("adaptive", "21:9", "16:9", "4:3", "1:1", "3:4", "9:16")
SECONDS = range(4, 16)
USUAL_S = 5
LONGEST_TEXT = 7_000
MOST = {"first_frame": 1, "last_frame": 1, "reference_image": 9, "reference_video": 3, "reference_audio": 3}
ROLES = {
    "image_url": ("first_frame", "last_frame", "reference_image"),
    "video_url": ("reference_video",),
    "audio_url": ("reference_audio",),
}
STATES = {
    "Preparing": "queued",
    "Queueing": "queued",
    "Processing": "running",
    "Success": "succeeded",
    "Fail": "failed",
}
LARGEST_AUDIO = 15 * 1024 * 1024


async def create(request: Request) -> Response:
    """POST /v2/video_generation."""
    world: World = request.app.state.world
    body = await json_body(request)
    model = known(body, VIDEO_V2_MODELS)
    roles = _roles(body.get("content"))
    seconds = body.get("duration", USUAL_S)
    if seconds not in SECONDS:
        raise Refused(2013, f"duration must be a whole number from {SECONDS[0]} to {SECONDS[-1]}")
    resolution = choice(body, "resolution", RESOLUTIONS, "768P")
    ratio = choice(body, "ratio", RATIOS, "adaptive" if len(roles) > 1 else "16:9")
    if len(roles) == 1 and ratio == "adaptive":
        raise Refused(2013, "text-to-video needs a concrete ratio")
    audio = [_bytes(world, item) for item in roles.get("reference_audio", [])]
    heard = await asyncio.to_thread(_sound, audio, roles["text"][0])

    def finish() -> Any:
        content = film(seconds, size_of(resolution), heard)
        return world.keep("output_aigc.mp4", "video_generation", content, "video/mp4", VIDEO_URL_S)

    task = new_task(request, "video_v2", model, finish)
    images = sum(len(items) for role, items in roles.items() if role in ROLES["image_url"])
    task.facts |= {"resolution": resolution, "duration": seconds, "ratio": ratio, "images": images}
    return JSONResponse({"task_id": task.task_id})


def _roles(content: Any) -> dict[str, list[str]]:
    """role -> texts or URLs; raises `Refused`."""
    if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
        raise Refused(2013, "content must be a list")
    roles: dict[str, list[str]] = {"text": []}
    for item in content:
        role, value = _read(item)
        roles.setdefault(role, []).append(value)
    if not any(text.strip() for text in roles["text"]) or max(map(len, roles["text"])) > LONGEST_TEXT:
        raise Refused(2013, f"content needs a text of 1 to {LONGEST_TEXT} characters")
    for role, most in MOST.items():
        if len(roles.get(role, [])) > most:
            raise Refused(2013, f"at most {most} of role {role}")
    references = {role for role in roles if role.startswith("reference_")}
    if references and references != set(roles) - {"text"}:
        raise Refused(2013, "frames and references cannot be used together")
    if references == {"reference_audio"}:
        raise Refused(2013, "reference_audio needs a reference_image or reference_video")
    return roles


def _read(item: dict[str, Any]) -> tuple[str, str]:
    kind = item.get("type")
    if kind == "text":
        return "text", str(item.get("text", ""))
    if kind not in ROLES:
        raise Refused(2013, f"unknown content type '{kind}'")
    role = item.get("role") or ROLES[kind][0]
    url = (item.get(kind) or {}).get("url")
    if role not in ROLES[kind]:
        raise Refused(2013, f"{kind} has role {list(ROLES[kind])}")
    if not isinstance(url, str) or not url.startswith(("http://", "https://", "data:", "mm_file://")):
        raise Refused(2013, f"{kind}.url must be http, data or mm_file")
    return role, url


def _bytes(world: World, url: str) -> bytes | None:
    """What a data or mm_file URL holds; the fake fetches nothing from elsewhere."""
    if url.startswith("mm_file://"):
        return file_of(world, url.removeprefix("mm_file://")).content
    if not url.startswith("data:"):
        return None
    try:
        content = base64.b64decode(url.partition(",")[2], validate=True)
    except binascii.Error as error:
        raise Refused(2013, "a data URL is not base64") from error
    if len(content) > LARGEST_AUDIO:
        raise Refused(2013, f"reference_audio is larger than {LARGEST_AUDIO} bytes")
    return content


def _sound(audio: list[bytes | None], text: str) -> bytes:
    """What is heard in the film: the reference, or else tones."""
    for content in audio:
        if content is not None:
            try:
                with av.open(io.BytesIO(content), "r") as container:
                    next(container.decode(audio=0))
            except (av.FFmpegError, IndexError, StopIteration) as error:
                raise Refused(2013, "reference_audio cannot be decoded") from error
            return content
    return b"".join(encode(speak(text, Sounding(codec="wav"))))


async def query(request: Request) -> Response:
    """GET /v2/query/video_generation/{id}: each query moves the task on."""
    task = task_of(request, request.path_params["task_id"], "video_v2")
    state = await asyncio.to_thread(task.advance)
    return JSONResponse({"task": _facts(request, task, STATES.get(state, state))})


async def list_tasks(request: Request) -> Response:
    """GET /v2/query/video_generation: the tasks of seven days, as they are."""
    world: World = request.app.state.world
    tasks = [task for task in world.tasks.values() if task.kind == "video_v2"]
    rows = [_facts(request, task, _now(task)) for task in tasks]
    return JSONResponse({"tasks": rows, "total": len(rows)})


async def delete(request: Request) -> Response:
    """DELETE /v2/video_generation/{id}: cancel what waits, forget what is done."""
    task = task_of(request, request.path_params["task_id"], "video_v2")
    if _now(task) == "running":
        raise Refused(2013, "a running task cannot be cancelled")
    del request.app.state.world.tasks[task.task_id]
    return JSONResponse({"task_id": task.task_id})


def _now(task: Task) -> str:
    return STATES.get(task.states[0], "running") if task.states else STATES.get(task.end, task.end)


def _facts(request: Request, task: Task, state: str) -> dict[str, Any]:
    world: World = request.app.state.world
    facts = task.facts
    told: dict[str, Any] = {
        "id": task.task_id,
        "model": task.model,
        "status": state,
        "created_at": task.created_at,
        "updated_at": world.now(),
        "resolution": facts["resolution"],
        "duration": facts["duration"],
        "ratio": facts["ratio"],
    }
    if state == "succeeded" and task.result is not None:
        told["content"] = {"url": link(request, task.result)}
        seconds = facts["duration"]
        told["usage"] = {"total_seconds": seconds, "output_seconds": seconds, "input_seconds": 0}
        told["usage"]["input_image_count"] = facts["images"]
    if state == "failed":
        told["error"] = {"code": str(task.code), "message": MESSAGES.get(task.code, task.message)}
    return told
