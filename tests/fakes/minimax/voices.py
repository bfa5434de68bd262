"""Voices: the system's, clones of uploaded samples, and designed ones."""

from __future__ import annotations

import asyncio
import io
import json
import re
import time
from functools import cache
from typing import Any

import soundfile
from starlette.requests import Request
from starlette.responses import Response

from .files import file_of, link
from .models import SPEECH_MODELS, known
from .replies import Refused, choice, json_body, native, number
from .sound import Sounding, encode, speak
from .world import SPEECH_URL_S, SYSTEM_VOICES, World

VOICE_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{6,254}[A-Za-z0-9]")
KINDS = ("system", "voice_cloning", "voice_generation", "all")
SAMPLE_S = (10, 300)
PROMPT_S = 8
LONGEST_DEMO = 1_000
LONGEST_PREVIEW = 500
LONGEST_VALIDATION = 200


@cache
def system_voices() -> tuple[dict[str, Any], ...]:
    """The voices that are there for everyone."""
    return tuple(json.loads(SYSTEM_VOICES.read_text()))


@cache
def _system_ids() -> frozenset[str]:
    return frozenset(voice["voice_id"] for voice in system_voices())


def require_voice(world: World, voice_id: Any) -> None:
    """Raise 20132 unless that voice is there."""
    if not isinstance(voice_id, str) or not (voice_id in _system_ids() or voice_id in world.voices):
        raise Refused(20132, f"voice_id '{voice_id}'")


async def get_voice(request: Request) -> Response:
    """POST /v1/get_voice {voice_type}."""
    world: World = request.app.state.world
    kind = choice(await json_body(request), "voice_type", KINDS, None)
    if kind is None:
        raise Refused(2013, f"voice_type must be one of {list(KINDS)}")
    reply: dict[str, Any] = {}
    if kind in {"system", "all"}:
        reply["system_voice"] = list(system_voices())
    for own in ("voice_cloning", "voice_generation"):
        if kind in {own, "all"}:
            reply[own] = [voice["facts"] for voice in world.voices.values() if voice["kind"] == own]
    return native(reply)


async def delete_voice(request: Request) -> Response:
    """POST /v1/delete_voice {voice_type, voice_id}."""
    world: World = request.app.state.world
    body = await json_body(request)
    kind = choice(body, "voice_type", KINDS[1:3], None)
    voice = world.voices.get(str(body.get("voice_id")))
    if voice is None or voice["kind"] != kind:
        raise Refused(2013, f"no voice '{body.get('voice_id')}' of voice_type '{kind}'")
    del world.voices[body["voice_id"]]
    return native({"voice_id": body["voice_id"], "created_time": voice["facts"]["created_time"]})


async def clone(request: Request) -> Response:
    """POST /v1/voice_clone."""
    world: World = request.app.state.world
    body = await json_body(request)
    voice_id = _new_voice_id(world, body.get("voice_id"))
    sample = file_of(world, body.get("file_id"))
    if sample.purpose != "voice_clone":
        raise Refused(2013, f"file_id {sample.file_id} has purpose {sample.purpose}, not voice_clone")
    sample_s = await asyncio.to_thread(_seconds, sample.content)
    if not SAMPLE_S[0] <= sample_s <= SAMPLE_S[1]:
        raise Refused(2037, f"{sample_s:.1f} s, allowed are {SAMPLE_S[0]} to {SAMPLE_S[1]} s")
    await _check_prompt(world, body.get("clone_prompt"))
    number(body, "accuracy", 0, 1, 0.7)
    if len(body.get("text_validation") or "") > LONGEST_VALIDATION:
        raise Refused(2013, f"text_validation is longer than {LONGEST_VALIDATION} characters")
    demo = await _demo(request, body)
    world.voices[voice_id] = {"kind": "voice_cloning", "facts": _facts(voice_id, "cloned")}
    return native({"input_sensitive": False, "input_sensitive_type": 0, **demo})


async def _check_prompt(world: World, prompt: dict[str, Any] | None) -> None:
    if not prompt:
        return
    if not prompt.get("prompt_audio") or not prompt.get("prompt_text"):
        raise Refused(2013, "clone_prompt needs both prompt_audio and prompt_text")
    audio = file_of(world, prompt["prompt_audio"])
    if await asyncio.to_thread(_seconds, audio.content) >= PROMPT_S:
        raise Refused(2048)


async def _demo(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    world: World = request.app.state.world
    text = body.get("text")
    if not text:
        return {"demo_audio": ""}
    if len(text) > LONGEST_DEMO:
        raise Refused(2013, f"text is longer than {LONGEST_DEMO} characters")
    known(body, SPEECH_MODELS)
    speech = await asyncio.to_thread(speak, text, Sounding())
    content = b"".join(await asyncio.to_thread(encode, speech))
    stored = world.keep("demo.mp3", "voice_clone_demo", content, "audio/mpeg", SPEECH_URL_S)
    facts = {"audio_length": speech.length_ms, "audio_size": len(content), "usage_characters": len(text)}
    return {"demo_audio": link(request, stored), "extra_info": facts}


async def design(request: Request) -> Response:
    """POST /v1/voice_design {prompt, preview_text, voice_id?}."""
    world: World = request.app.state.world
    body = await json_body(request)
    preview = body.get("preview_text")
    if not body.get("prompt") or not preview or len(preview) > LONGEST_PREVIEW:
        raise Refused(2013, f"prompt and preview_text (at most {LONGEST_PREVIEW} characters) are needed")
    voice_id = _new_voice_id(world, body.get("voice_id") or f"ttv-voice-{world.new_id()}")
    content = b"".join(encode(speak(preview, Sounding())))
    world.voices[voice_id] = {"kind": "voice_generation", "facts": _facts(voice_id, str(body["prompt"]))}
    return native({"voice_id": voice_id, "trial_audio": content.hex()})


def _new_voice_id(world: World, voice_id: Any) -> str:
    if not isinstance(voice_id, str) or not VOICE_ID.fullmatch(voice_id):
        raise Refused(2013, "voice_id needs 8 to 256 of A-Z a-z 0-9 - _, a letter first, no - or _ last")
    if voice_id in _system_ids() or voice_id in world.voices:
        raise Refused(2039)
    return voice_id


def _facts(voice_id: str, description: str) -> dict[str, Any]:
    today = time.strftime("%Y-%m-%d", time.gmtime())
    return {"voice_id": voice_id, "voice_name": "", "description": [description], "created_time": today}


def _seconds(content: bytes) -> float:
    """How long an audio file is; 2013 if it is none."""
    try:
        return float(soundfile.info(io.BytesIO(content)).duration)
    except soundfile.LibsndfileError as error:
        raise Refused(20132, "the file is no audio of mp3, m4a or wav") from error
