"""A TTS container of the first release: plain HTTP, JSON in, MP3 out (`POST /synthesize`, `GET /voices`, `/health`).

It can little: no other format, no timings, no speed. What it cannot do it says, and the chain asks the next rung. Its
answer is read whole before any of it is passed on, so that a broken one was never begun.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from gateway.providers.discovery import ASK_S, GRPC_PORT_HEADER, unreachable
from gateway.routing.budget import RetryBudget
from gateway.routing.capability import obstacle, primary
from gateway.routing.gate import Gate
from gateway.routing.need import Modality, Need
from gateway.routing.pool import Pool
from gateway.routing.rung import Call, Policy
from troupe.v1.engine_pb2 import (
    ENGINE_STATE_LOADING,
    ENGINE_STATE_READY,
    GENDER_FEMALE,
    GENDER_MALE,
    TASK_SPEECH,
    EngineInfo,
    Gender,
    Voice,
)
from troupe.v1.media_pb2 import AUDIO_CODEC_MP3, AudioFormat
from troupe.v1.speech_pb2 import SentenceEnd, SpeechChunk, SpeechHeader, SpeechSettings
from troupe.wire.errors import CannotConnect, EngineFailed, NotSupported, TroupeError, UnsupportedFormat
from troupe.wire.media import SAMPLE_RATE, pieces

LOOK_S = 1.0
EDGE_BACKEND = "edge-tts"
MOST_BYTES = 64 * 1024 * 1024  # of one answer
MOST_VOICES = 2000
GENDERS: Mapping[str, Gender] = {"female": GENDER_FEMALE, "male": GENDER_MALE}
_PAUSE = re.compile(r"<#[\d.]+#>")
_FAILURES = (httpx.HTTPError, httpx.InvalidURL)

log = logging.getLogger(__name__)


class OldContainer:
    """One URL, watched: whether a container of the first release answers there, and what it is."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.address = urlsplit(url).netloc
        self.pool = Pool(time.monotonic)
        self.pool.set_addresses([self.address])
        self.is_old = False
        self.info: EngineInfo | None = None
        self._looked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        # No proxy of the environment: this is a neighbour in the house.
        self._http = httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=ASK_S)

    async def start(self) -> None:
        """Begin to watch it."""
        self._task = asyncio.create_task(self._keep_looking())

    async def first_answer(self, within_s: float) -> None:
        """Wait for the first look."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._looked.wait()

    async def stop(self) -> None:
        """Let it go; calls that still run are broken."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._http.aclose()

    async def look(self) -> None:
        """Ask for its health; of one that answers like the first release, for its voices too."""
        try:
            reply = await self._http.get("/health")
            if GRPC_PORT_HEADER in reply.headers:
                self.is_old = False
            elif (health := _object(reply)) is not None and "backend" in health:
                await self._know(health)
        except _FAILURES as error:
            if self.is_old:
                self.pool.unreachable(self.address, unreachable(self.url, error))
        self._looked.set()

    async def synthesize(self, body: Mapping[str, str], timeout_s: float) -> bytes:
        """Its whole MP3. Raises what went wrong."""
        try:
            async with self._http.stream("POST", "/synthesize", json=dict(body), timeout=timeout_s) as reply:
                sound = await _bounded(reply)
        except _FAILURES as error:
            raise CannotConnect(unreachable(self.url, error)) from error
        if reply.status_code != httpx.codes.OK or not sound:
            raise EngineFailed(f"The TTS container at {self.url} answered {reply.status_code} with {len(sound)} bytes.")
        return sound

    async def _know(self, health: Mapping[str, Any]) -> None:
        if self.info is None or not self.info.voices:
            voices = _voices(await self._http.get("/voices"))
        else:
            voices = list(self.info.voices)
        if not self.is_old:
            log.info("TTS service at %s: a container of the first release, asked over HTTP", self.url)
        self.is_old = True
        self.info = _info(str(health["backend"]), ready=health.get("model_loaded") is True, voices=voices)
        why = None if self.info.state == ENGINE_STATE_READY else "it is still loading"
        self.pool.engine_state(self.address, self.info.name, why)
        self.pool.reachable(self.address)

    async def _keep_looking(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)


@dataclass(slots=True)
class SynthesizeRung:
    """The container as a rung of the tts chain."""

    name: str
    container: OldContainer
    policy: Policy
    local: bool  # it was said to be in the house, whatever it runs
    gate: Gate
    budget: RetryBudget
    modality: Modality = field(default=Modality.TTS, init=False)

    @property
    def pool(self) -> Pool:
        """The one address."""
        return self.container.pool

    @property
    def engine(self) -> str:
        """What it runs."""
        return self.container.info.name if self.container.info is not None else self.name

    @property
    def cloud(self) -> bool:
        """Microsoft's voices are spoken by Microsoft."""
        return self.container.info is not None and self.container.info.cloud and not self.local

    def describe(self) -> EngineInfo | None:
        """What it can do, in the words of our services."""
        if self.container.info is None:
            return None
        info = EngineInfo()
        info.CopyFrom(self.container.info)
        info.cloud = self.cloud
        return info

    def unusable(self) -> str | None:
        """It might always."""
        return None

    def trouble(self) -> str | None:
        """Unreachable, loading, or ejected."""
        return self.pool.trouble(self.engine)

    def can_serve(self, need: Need) -> str | None:
        """It makes MP3 of text and nothing else."""
        info = self.describe()
        return obstacle(info, need) if info is not None else None

    def open(self, call: Call[Any], _address: str, timeout_s: float) -> SynthesizeStream:
        """One attempt."""
        return SynthesizeStream(self.container, call.method, call.inputs(self), timeout_s)


class SynthesizeStream:
    """One `POST /synthesize` as routing reads it: header, sound in pieces, end."""

    def __init__(self, container: OldContainer, method: str, inputs: AsyncGenerator[Any], timeout_s: float) -> None:
        self._container, self._method, self._inputs, self._timeout_s = container, method, inputs, timeout_s
        self._work: asyncio.Task[list[SpeechChunk]] | None = None
        self._chunks: list[SpeechChunk] | None = None
        self._error: TroupeError | None = None

    def __aiter__(self) -> SynthesizeStream:
        """Itself."""
        return self

    async def __anext__(self) -> SpeechChunk:
        """The next chunk; the first one is there when all are."""
        if self._error is not None:
            raise self._error
        if self._chunks is None:
            self._chunks = await self._made()
        if not self._chunks:
            raise StopAsyncIteration
        return self._chunks.pop(0)

    def abort(self, error: TroupeError) -> None:
        """Stop the work at once; whoever reads gets this error."""
        self._error = self._error or error
        if self._work is not None:
            self._work.cancel()

    async def aclose(self) -> None:
        """Stop the work, and close its input."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        await self._inputs.aclose()

    async def _made(self) -> list[SpeechChunk]:
        self._work = asyncio.create_task(self._spoken())
        try:
            return await self._work
        except asyncio.CancelledError:
            if self._error is not None:
                raise self._error from None
            await self.aclose()
            raise

    async def _spoken(self) -> list[SpeechChunk]:
        if self._method != "Synthesize":
            raise NotSupported(f"A TTS container of the first release has no {self._method}.")
        settings, text = SpeechSettings(), ""
        async for message in self._inputs:
            if message.HasField("settings"):
                settings = message.settings
                _refuse_what_it_cannot(settings)
            text += message.text
        body = {"text": _PAUSE.sub(" ", text)}
        if (voice := _voice(settings, self._container.info)) is not None:
            body["voice_id"] = voice.voice_id
        sound = await self._container.synthesize(body, self._timeout_s)
        return _chunks(settings, voice, text, sound)


def _chunks(settings: SpeechSettings, voice: Voice | None, text: str, sound: bytes) -> list[SpeechChunk]:
    spoken_by = voice.voice_id if voice is not None else ""
    header = SpeechHeader(
        engine=settings.engine,
        voice_id=spoken_by,
        voice_substituted=bool(settings.voice_id) and spoken_by != settings.voice_id,
        requested_voice_id=settings.voice_id,
        language=voice.language if voice is not None else settings.language,
        format=AudioFormat(codec=AUDIO_CODEC_MP3, sample_rate=SAMPLE_RATE, channels=1),
    )
    chunks = [SpeechChunk(header=header), *(SpeechChunk(audio=piece) for piece in pieces(sound))]
    chunks[-1].sentence_end.CopyFrom(SentenceEnd(text_consumed=len(text)))
    return chunks


def _refuse_what_it_cannot(settings: SpeechSettings) -> None:
    """Raise what lets the chain ask another rung."""
    form = settings.format
    if form.sample_rate not in {0, SAMPLE_RATE} or form.channels > 1 or form.bitrate:
        raise UnsupportedFormat("A TTS container of the first release makes MP3 as it likes: no rate can be chosen.")
    volume = settings.volume if settings.HasField("volume") else 1.0
    if settings.speed not in {0.0, 1.0} or settings.pitch or volume != 1.0 or settings.pronunciations:
        raise NotSupported("A TTS container of the first release knows no speed, pitch, volume or pronunciations.")


def _voice(settings: SpeechSettings, info: EngineInfo | None) -> Voice | None:
    """The voice asked for, else the nearest by language and gender; None leaves the choice to the container."""
    voices = list(info.voices) if info is not None else []
    exact = [voice for voice in voices if voice.voice_id == settings.voice_id]
    if exact or not voices or not (settings.voice_id or settings.language):
        return exact[0] if exact else None
    wanted = primary(settings.language)
    return max(voices, key=lambda voice: (primary(voice.language) == wanted, voice.gender == settings.gender))


def _info(backend: str, *, ready: bool, voices: list[Voice]) -> EngineInfo:
    edge = backend == EDGE_BACKEND
    return EngineInfo(
        name="edge" if edge else backend,
        state=ENGINE_STATE_READY if ready else ENGINE_STATE_LOADING,
        tasks=[TASK_SPEECH],
        model=backend,
        device="cloud" if edge else "",
        languages=sorted({voice.language for voice in voices}),
        voices=voices,
        formats=["mp3"],
        cloud=edge,
    )


def _voices(reply: httpx.Response) -> list[Voice]:
    """What /voices lists; what cannot be read is left out."""
    told = _object(reply)
    listed = told.get("voices", []) if told is not None else _json(reply)
    rows = listed[:MOST_VOICES] if isinstance(listed, list) else []
    return [voice for row in rows if isinstance(row, dict) and (voice := _told(row)).voice_id]


def _told(row: Mapping[str, Any]) -> Voice:
    voice_id = str(row.get("voice_id") or row.get("id") or "")
    language = str(row.get("language") or row.get("locale") or "")
    by_id = "-".join(voice_id.split("-")[:2])  # en-US-AriaNeural; "English (US)" is no code
    return Voice(
        voice_id=voice_id,
        name=str(row.get("name") or voice_id),
        language=language if re.fullmatch(r"[a-z]{2,3}(-\w+)*", language) else by_id,
        gender=GENDERS.get(str(row.get("gender", "")).casefold(), 0),  # type: ignore[arg-type]  # 0 is the unspecified one
        usable=True,
    )


async def _bounded(reply: httpx.Response) -> bytes:
    sound = bytearray()
    async for piece in reply.aiter_bytes():
        sound += piece
        if len(sound) > MOST_BYTES:
            raise EngineFailed(f"The TTS container sent more than {MOST_BYTES:,} bytes.")
    return bytes(sound)


def _json(reply: httpx.Response) -> Any:
    try:
        return reply.json()
    except ValueError:
        return None


def _object(reply: httpx.Response) -> dict[str, Any] | None:
    told = _json(reply)
    return told if isinstance(told, dict) else None
