"""POST /api/subtitles: the subtitles of a text as /api/voice speaks it."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import Field

from gateway.dialects.errors import DOCUMENTED
from gateway.dialects.visit import PROVIDER, Documented, Here
from gateway.dialects.voice import VoiceRequest, mark_up, speech_order, voice_headers
from gateway.routing.need import Modality
from gateway.scenes.speech import as_pcm, speak
from gateway.scenes.subtitles import FILES, as_segments, subtitles
from troupe.v1.media_pb2 import WordTiming
from troupe.v1.speech_pb2 import TIMING_SOURCE_ESTIMATED
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import NotSupported

router = APIRouter(prefix="/api", tags=["voice"], dependencies=Documented, responses=DOCUMENTED)  # type: ignore[arg-type]  # FastAPI's own type is wider

TYPES = {"vtt": "text/vtt", "srt": "application/x-subrip", "json": "application/json"}


class SubtitlesRequest(VoiceRequest):
    """POST /api/subtitles: what /api/voice takes, and the kind of file."""

    subtitles: Literal["vtt", "srt", "json"] = Field(default="vtt", description="WebVTT, SubRip, or MiniMax's JSON")


@router.post(
    "/subtitles",
    summary="Subtitles of a text as it is spoken",
    response_class=Response,
    responses={200: {"description": "The file", "content": {each: {} for each in TYPES.values()}}},
)
async def subtitles_of(body: SubtitlesRequest, visit: Here) -> Response:
    """Speak a text as `/api/voice` would and answer with its subtitles, without the sound."""
    visit.caller.require("voice")
    order = as_pcm(await speech_order(body, body.text, visit))
    mark_up(order, body)
    house = visit.house
    deadline = Deadline.after(house.settings.speech_timeout_s)
    speech = await speak(house.chains[Modality.TTS], order, deadline, visit.request_id)
    words: list[WordTiming] = []
    try:
        async for chunk in speech:
            words += chunk.words
    finally:
        await speech.aclose()
    if not words:
        raise NotSupported(f"{speech.served.rung.name} does not tell when it says which word. Name another provider.")
    cues = subtitles(words, order.text, marked_up=order.marked_up)
    estimated = speech.header.timing == TIMING_SOURCE_ESTIMATED
    headers = {**voice_headers(speech), PROVIDER: speech.served.rung.name}
    if body.subtitles == "json":
        return JSONResponse(as_segments(cues), headers=headers)
    written = FILES[body.subtitles](cues, estimated=estimated)
    return PlainTextResponse(written, media_type=TYPES[body.subtitles], headers=headers)
