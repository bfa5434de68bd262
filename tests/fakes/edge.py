"""Microsoft's read-aloud endpoint on this machine: tokens, websocket protocol, list of voices, and its moods.

It takes the same requests as the real one (as edge-tts sends them) and refuses what that refuses: a token of another
time, another version, a browser that is not Edge. Each word is a tone of 300 ms at the usual rate.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from xml.sax.saxutils import unescape

import numpy as np
from aiohttp import WSMsgType, web
from edge_tts.constants import TRUSTED_CLIENT_TOKEN
from edge_tts.drm import generate_sec_ms_gec_v2

from svc_tts.audio.encode import Mp3Encoder
from svc_tts.audio.format import AudioFormat, Codec
from svc_tts.engines.edge.voices import bundled

RATE = 24_000  # Hz
WORD_S = 0.3
LEAD_S = 0.1  # of silence before the first word
MESSAGE_BYTES = 720  # five frames
_FORMAT = AudioFormat(Codec.MP3, RATE, 1, 48_000)
_TICKS_PER_S = 10_000_000
_TOKEN_S = 300.0
_SSML = re.compile(r"<voice name='.* \(([^,]+), (\w+)\)'>.*rate='([+-]\d+)%'.*?>(.*)</prosody>", re.DOTALL)


@dataclass
class Mood:
    """How it misbehaves; all of it may be changed while it runs."""

    refusals: int = 0  # that many connections are refused with 403
    status: int = 0  # every connection is answered with that
    says_the_time: bool = True  # a Date header
    clock_s: float = 0.0  # ahead of this machine
    silent_voices: set[str] = field(default_factory=set)  # retired: they give no audio
    hangs_before_sound: bool = False
    hangs_after: int = 0  # messages of sound; 0 = never
    cuts_after: int = 0  # messages of sound; 0 = never
    noise: bool = False  # bytes that are no MP3
    says_goodbye: bool = True  # answers a socket that is closed politely
    wait_s: float = 0.0  # before the first sound
    gap_s: float = 0.0  # between two messages of sound
    reads: dict[str, str] = field(default_factory=dict)  # a word of the text -> what its boundary says


@dataclass
class Turn:
    """One utterance that was asked for."""

    voice_id: str
    rate: int  # percent, against the usual one
    text: str
    audio: bytes = b""
    closed_at: float = 0.0  # by the monotonic clock: when the client's socket was gone


class FakeEdge:
    """The endpoint; `url` is what `EdgePlace.endpoint` takes."""

    def __init__(self) -> None:
        self.mood = Mood()
        self.turns: list[Turn] = []
        self.knocks = 0  # handshakes, refused ones included
        self.listings = 0  # times the list of voices was asked for
        self.open = self.most_open = 0
        self.voices = [listed(voice.voice_id, voice.language, voice.gender) for voice in bundled()]
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FakeEdge]:
        """Listen on a free port."""
        app = web.Application()
        app.router.add_get("/readaloud/edge/v1", self._talk)
        app.router.add_get("/readaloud/voices/list", self._list)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/readaloud"
            yield self
        finally:
            await runner.cleanup()

    def _refusal(self, request: web.Request) -> web.Response | None:
        """What the handshake is answered with where it is not taken."""
        self.knocks += 1
        now = time.time() + self.mood.clock_s
        status = self.mood.status or (0 if _is_edge(request, now) else 403)
        if self.mood.refusals:
            self.mood.refusals -= 1
            status = 403
        if not status:
            return None
        reply = web.Response(status=status)
        # aiohttp writes a Date of its own unless there is one.
        reply.headers["Date"] = formatdate(now, usegmt=True) if self.mood.says_the_time else ""
        return reply

    async def _list(self, request: web.Request) -> web.Response:
        self.listings += 1
        return self._refusal(request) or web.json_response(self.voices)

    async def _talk(self, request: web.Request) -> web.StreamResponse:
        if refusal := self._refusal(request):
            return refusal
        socket = web.WebSocketResponse(autoclose=self.mood.says_goodbye)
        await socket.prepare(request)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await self._serve(socket)
        finally:
            self.open -= 1
        return socket

    async def _serve(self, socket: web.WebSocketResponse) -> None:
        config = await _received(socket)
        assert "audio-24khz-48kbitrate-mono-mp3" in config
        assert '"wordBoundaryEnabled":"true"' in config
        turn = _turn(await _received(socket))
        self.turns.append(turn)
        answering = asyncio.create_task(self._answer(socket, turn))
        try:
            async for _ in socket:
                pass
            if not self.mood.says_goodbye:
                await asyncio.sleep(3600)
        finally:
            turn.closed_at = time.monotonic()
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)

    async def _answer(self, socket: web.WebSocketResponse, turn: Turn) -> None:
        mood = self.mood
        await _say(socket, "turn.start", {})
        await _say(socket, "response", {})
        await asyncio.sleep(3600 if mood.hangs_before_sound else mood.wait_s)
        if turn.voice_id not in mood.silent_voices and turn.text:
            await self._speak(socket, turn)
        await _say(socket, "turn.end", {})

    async def _speak(self, socket: web.WebSocketResponse, turn: Turn) -> None:
        audio, boundaries = sound_of(turn.text, turn.rate, self.mood.reads)
        messages = [audio[at : at + MESSAGE_BYTES] for at in range(0, len(audio), MESSAGE_BYTES)]
        for number, message in enumerate(messages):
            if self.mood.hangs_after and number == self.mood.hangs_after:
                await asyncio.sleep(3600)
            if self.mood.cuts_after and number == self.mood.cuts_after:
                transport = socket._req.transport
                transport.close()
                await asyncio.sleep(3600)
            while boundaries and (
                boundaries[0]["Data"]["Offset"] / _TICKS_PER_S < number * 0.12 or message is messages[-1]
            ):
                await _say(socket, "audio.metadata", {"Metadata": [boundaries.pop(0)]})
            turn.audio += message
            await socket.send_bytes(_binary(b"\x55" * len(message) if self.mood.noise else message))
            await asyncio.sleep(self.mood.gap_s)
        await socket.send_bytes(_binary(b""))


def listed(voice_id: str, language: str, gender: str, status: str = "GA") -> dict[str, Any]:
    """An entry of the list of voices."""
    return {
        "Name": f"Microsoft Server Speech Text to Speech Voice ({language}, {voice_id.rpartition('-')[2]})",
        "ShortName": voice_id,
        "Gender": gender.capitalize(),
        "Locale": language,
        "SuggestedCodec": "audio-24khz-48kbitrate-mono-mp3",
        "FriendlyName": voice_id,
        "Status": status,
        "VoiceTag": {"ContentCategories": ["General"], "VoicePersonalities": ["Friendly", "Positive"]},
    }


def sound_of(text: str, rate: int = 0, reads: dict[str, str] | None = None) -> tuple[bytes, list[dict[str, Any]]]:
    """The MP3 of a text, and its word boundaries."""
    words = re.findall(r"[^\W_](?:[\w'.,]*\w)?", text)
    each_s = WORD_S / (1 + rate / 100)
    encoder = Mp3Encoder(_FORMAT)
    silence = np.zeros(round(LEAD_S * RATE), "<i2")
    tones = [_tone(len(word), each_s) for word in words]
    audio = encoder.feed(np.concatenate([silence, *tones, silence]).tobytes()) + encoder.flush()
    starts = (LEAD_S + number * each_s for number in range(len(words)))
    return audio, [_boundary((reads or {}).get(word, word), at, each_s) for word, at in zip(words, starts, strict=True)]


def _tone(letters: int, seconds: float) -> np.ndarray:
    at = np.arange(round(seconds * RATE)) / RATE
    loud = np.minimum(1.0, np.minimum(at, seconds - at) / 0.01)
    return (8_000 * loud * np.sin(2 * np.pi * (200 + 20 * letters) * at)).astype("<i2")


def _boundary(word: str, start_s: float, seconds: float) -> dict[str, Any]:
    text = {"Text": word, "Length": len(word), "BoundaryType": "WordBoundary"}
    ticks = {"Offset": round(start_s * _TICKS_PER_S), "Duration": round(seconds * 0.8 * _TICKS_PER_S)}
    return {"Type": "WordBoundary", "Data": ticks | {"text": text}}


def _is_edge(request: web.Request, now: float) -> bool:
    """Whether the real endpoint would take it: the token of about this time, the version, the browser."""
    query, headers = request.query, request.headers
    tokens = {generate_sec_ms_gec_v2(now + offset) for offset in (-_TOKEN_S, 0.0, _TOKEN_S)}
    return (
        TRUSTED_CLIENT_TOKEN in {query.get("TrustedClientToken"), query.get("trustedclienttoken")}
        and query.get("Sec-MS-GEC") in tokens
        and query.get("Sec-MS-GEC-Version", "").startswith("2-")
        and "Edg/" in headers.get("User-Agent", "")
        and "muid=" in headers.get("Cookie", "")
    )


async def _received(socket: web.WebSocketResponse) -> str:
    message = await socket.receive(timeout=10)
    assert message.type is WSMsgType.TEXT, message
    return str(message.data)


def _turn(message: str) -> Turn:
    found = _SSML.search(message)
    assert "Path:ssml" in message, message
    assert found is not None, message
    locale, name, rate, text = found.groups()
    return Turn(f"{locale}-{name}", int(rate), unescape(text))


async def _say(socket: web.WebSocketResponse, path: str, data: dict[str, Any]) -> None:
    head = f"X-RequestId:0123\r\nContent-Type:application/json; charset=utf-8\r\nPath:{path}\r\n\r\n"
    await socket.send_str(head + json.dumps(data))


def _binary(audio: bytes) -> bytes:
    kind = "Content-Type:audio/mpeg\r\n" if audio else ""
    head = f"X-RequestId:0123\r\n{kind}X-StreamId:4567\r\nPath:audio\r\n".encode()
    return len(head).to_bytes(2, "big") + head + audio


@contextmanager
def edge_in_a_thread() -> Iterator[FakeEdge]:
    """The endpoint for services in processes of their own."""
    fake, loop = FakeEdge(), asyncio.new_event_loop()
    ready, leave = threading.Event(), asyncio.Event()

    async def run() -> None:
        async with fake.running():
            ready.set()
            await leave.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield fake
    finally:
        loop.call_soon_threadsafe(leave.set)
        thread.join(10)
        loop.close()
