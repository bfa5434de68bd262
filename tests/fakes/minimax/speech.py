"""T2A: `/v1/t2a_v2`, whole or as a stream, and `/v1/t2a_async_v2` for long texts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from .files import file_of, link
from .models import SPEECH_MODELS, known
from .replies import SUCCESS, Refused, choice, event, json_body, native, number, trace_of
from .sound import OPUS_RATES, Sounding, Speech, encode, speak
from .subtitles import subtitles
from .tasks import new_task, task_of
from .voices import require_voice
from .world import ASYNC_SPEECH_URL_S, SPEECH_URL_S, World

LONGEST_TEXT = 10_000
LONGEST_ASYNC_TEXT = 50_000
RATES = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100)
BITRATES = (32_000, 64_000, 128_000, 256_000)
CODECS = ("mp3", "pcm", "flac", "wav", "opus", "pcmu_raw", "pcmu_wav")
MU_LAW_RATE = 8_000
EMOTIONS = ("happy", "sad", "angry", "fearful", "disgusted", "surprised", "calm", "fluent", "whisper", "neutral")
EFFECTS = ("spacious_echo", "auditorium_echo", "lofi_telephone", "robotic")
# fmt: off
LANGUAGES = (
    "Chinese", "Chinese,Yue", "English", "Arabic", "Russian", "Spanish", "French", "Portuguese", "German",
    "Turkish", "Dutch", "Ukrainian", "Vietnamese", "Indonesian", "Japanese", "Italian", "Korean", "Thai", "Polish",
    "Romanian", "Greek", "Czech", "Finnish", "Hindi", "Bulgarian", "Danish", "Hebrew", "Malay", "Persian", "Slovak",
    "Swedish", "Croatian", "Filipino", "Hungarian", "Norwegian", "Slovenian", "Catalan", "Nynorsk", "Tamil",
    "Afrikaans", "auto",
)
# fmt: on
SUBTITLES = ("sentence", "word", "word_streaming")
LARGEST_BLEND = 4
MEDIA_TYPES = {"mp3": "audio/mpeg", "flac": "audio/flac", "wav": "audio/wav", "opus": "audio/ogg"}


@dataclass(frozen=True, slots=True)
class Order:
    """A checked T2A request."""

    text: str
    sounding: Sounding
    stream: bool
    as_url: bool
    subtitle: str  # "" = none
    aggregated: bool


async def t2a(request: Request) -> Response:
    """POST /v1/t2a_v2."""
    world: World = request.app.state.world
    order = read_order(await json_body(request), world)
    speech = await asyncio.to_thread(speak, order.text, order.sounding)
    pieces = await asyncio.to_thread(encode, speech)
    if order.stream:
        return StreamingResponse(_events(request, order, speech, pieces), media_type="text/event-stream")
    content = b"".join(pieces)
    data: dict[str, Any] = {"audio": content.hex(), "status": 2, "ced": ""}
    if order.as_url:
        codec = order.sounding.codec
        media_type = MEDIA_TYPES.get(codec, "application/octet-stream")
        stored = world.keep(f"speech.{codec}", "t2a", content, media_type, SPEECH_URL_S)
        data["audio"] = link(request, stored)
    data |= _subtitle_file(request, order, speech)
    trace = {"trace_id": trace_of(request)}
    return native({"data": data, "extra_info": extra_info(order, speech, len(content)), **trace})


async def _events(request: Request, order: Order, speech: Speech, pieces: list[bytes]) -> AsyncIterator[bytes]:
    """New audio at status 1; the last event has the whole once more, and alone has `extra_info`."""
    tail = {"trace_id": trace_of(request), "base_resp": SUCCESS}
    for piece in pieces:
        yield event({"data": {"audio": piece.hex(), "status": 1, "ced": ""}, **tail})
        await asyncio.sleep(0)
    content = b"".join(pieces)
    data = {"audio": content.hex() if order.aggregated else "", "status": 2, "ced": ""}
    data |= _subtitle_file(request, order, speech)
    yield event({"data": data, "extra_info": extra_info(order, speech, len(content)), **tail})


def read_order(body: dict[str, Any], world: World) -> Order:
    """Check a T2A request as the cloud does; raises `Refused`."""
    known(body, SPEECH_MODELS)
    text = _text(body, LONGEST_TEXT)
    stream = bool(body.get("stream"))
    sounding = _sounding(body.get("audio_setting") or {}, body.get("voice_setting") or {})
    if stream and sounding.codec == "wav":
        raise Refused(2013, "audio_setting.format wav is not supported when streaming")
    _check_voice(body, world)
    wanted = choice(body, "output_format", ("hex", "url"), "hex")
    kind = choice(body, "subtitle_type", SUBTITLES, "sentence") if body.get("subtitle_enable") else ""
    options = body.get("stream_options") or {}
    aggregated = not options.get("exclude_aggregated_audio", False)
    return Order(text, sounding, stream, wanted == "url" and not stream, kind, aggregated)


def _text(body: dict[str, Any], longest: int) -> str:
    text = body.get("text")
    if not isinstance(text, str) or not text.strip():
        raise Refused(2013, "text is empty")
    if len(text) >= longest:
        raise Refused(2013, f"text is longer than {longest} characters")
    return text


def _sounding(audio: dict[str, Any], voice: dict[str, Any]) -> Sounding:
    codec = choice(audio, "format", CODECS, "mp3")
    rate = choice(audio, "sample_rate", RATES, 32_000)
    if codec.startswith("pcmu"):
        rate = MU_LAW_RATE
    if codec == "opus" and rate not in OPUS_RATES:
        rate = OPUS_RATES[-1]
    choice(voice, "emotion", EMOTIONS, None)
    return Sounding(
        codec=codec,
        sample_rate=rate,
        channels=choice(audio, "channel", (1, 2), 1),
        bitrate=choice(audio, "bitrate", BITRATES, 128_000),
        speed=number(voice, "speed", 0.5, 2, 1.0),
        volume=number(voice, "vol", 0.01, 10, 1.0),
        pitch=number(voice, "pitch", -12, 12, 0),
    )


def _check_voice(body: dict[str, Any], world: World) -> None:
    blend = body.get("timbre_weights") or body.get("timber_weights") or []
    if len(blend) > LARGEST_BLEND:
        raise Refused(2013, f"timbre_weights has more than {LARGEST_BLEND} voices")
    for part in blend:
        number(part, "weight", 1, 100, 1)
        require_voice(world, part.get("voice_id"))
    if not blend:
        require_voice(world, (body.get("voice_setting") or {}).get("voice_id"))
    change = body.get("voice_modify") or {}
    for name in ("pitch", "intensity", "timbre"):
        number(change, name, -100, 100, 0)
    choice(change, "sound_effects", EFFECTS, None)
    choice(body, "language_boost", LANGUAGES, None)
    for pair in (body.get("pronunciation_dict") or {}).get("tone") or []:
        if not isinstance(pair, str) or "/" not in pair:
            raise Refused(2013, "pronunciation_dict.tone has an entry without /")


def extra_info(order: Order, speech: Speech, size: int) -> dict[str, Any]:
    """What the cloud tells about the audio."""
    return {
        "audio_length": speech.length_ms,
        "audio_sample_rate": order.sounding.sample_rate,
        "audio_size": size,
        "bitrate": order.sounding.bitrate,
        "word_count": len(speech.words),
        "invisible_character_ratio": 0,
        "usage_characters": len(order.text),
        "audio_format": order.sounding.codec,
        "audio_channel": order.sounding.channels,
    }


def _subtitle_file(request: Request, order: Order, speech: Speech) -> dict[str, str]:
    if not order.subtitle:
        return {}
    rows = json.dumps(subtitles(order.text, speech, order.subtitle), ensure_ascii=False).encode()
    world: World = request.app.state.world
    return {"subtitle_file": link(request, world.keep("speech.title", "t2a", rows, "application/json", SPEECH_URL_S))}


async def create_async(request: Request) -> Response:
    """POST /v1/t2a_async_v2."""
    world: World = request.app.state.world
    body = await json_body(request)
    known(body, SPEECH_MODELS)
    if body.get("text_file_id"):
        body["text"] = file_of(world, body["text_file_id"]).content.decode("utf-8", "replace")
    text = _text(body, LONGEST_ASYNC_TEXT)
    audio = dict(body.get("audio_setting") or {})
    audio |= {"sample_rate": audio.get("audio_sample_rate"), "channel": audio.get("channel", 2)}
    sounding = _sounding(audio, body.get("voice_setting") or {})
    _check_voice(body, world)
    file_id = world.new_id()

    def finish() -> Any:
        content = b"".join(encode(speak(text, sounding)))
        media_type = MEDIA_TYPES.get(sounding.codec, "application/octet-stream")
        stored = world.keep(f"speech.{sounding.codec}", "t2a_async", content, media_type, ASYNC_SPEECH_URL_S)
        del world.files[stored.file_id]
        stored.file_id = file_id  # told at once, there when it is made
        world.files[file_id] = stored
        return stored

    task = new_task(request, "speech", str(body["model"]), finish)
    task.facts["file_id"] = file_id
    told = {"task_id": task.task_id, "task_token": f"fake-{task.task_id}", "file_id": file_id}
    return native({**told, "usage_characters": len(text)})


async def query_async(request: Request) -> Response:
    """GET /v1/query/t2a_async_query_v2."""
    task = task_of(request, request.query_params.get("task_id", ""), "speech")
    state = await asyncio.to_thread(task.advance)
    shown = {"Success": "Success", "Fail": "Failed"}.get(state, "Processing")
    return native({"task_id": int(task.task_id), "status": shown, "file_id": task.facts["file_id"]})
