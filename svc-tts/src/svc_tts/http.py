"""The HTTP of the first release, on port 5050: /synthesize, /voices, /clone, /health.

Every reply names the gRPC port in `X-Troupe-Grpc-Port`, by which a gateway that was given only this URL finds gRPC.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, Literal

import uvicorn
from pydantic import BaseModel, Field, ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from svc_tts.audio.decode import MAX_FILE_BYTES
from svc_tts.audio.format import Codec, codec_named
from svc_tts.booth import Booth
from svc_tts.engine import Gender
from svc_tts.frontend.language import guess
from svc_tts.http_voices import LOCAL_OWNER
from svc_tts.http_voices import routes as voice_routes
from svc_tts.speech import Header, Part, Sound, SpeechRequest, format_for
from svc_tts.synthesis import MAX_TEXT_CHARS
from svc_tts.voices.catalogue import VoiceWish
from troupe.wire.errors import BodyTooLarge, InvalidArgument, TextTooLong, TroupeError, row
from troupe.wire.ports import claim
from troupe.wire.progress import Progress

BACKENDS = {"edge": "edge-tts"}  # what the first release called it
GRPC_PORT_HEADER = "X-Troupe-Grpc-Port"
_FORM_OVERHEAD = 64 * 1024  # bytes of a multipart form around its file
_MAX_JSON_BYTES = 8 * MAX_TEXT_CHARS  # a character is at most four bytes, or twelve as escapes
MEDIA_TYPES = {
    Codec.PCM: "audio/pcm",
    Codec.WAV: "audio/wav",
    Codec.MP3: "audio/mpeg",
    Codec.FLAC: "audio/flac",
    Codec.OPUS: "audio/ogg",
    Codec.AAC: "audio/aac",
    Codec.PCMU: "audio/basic",
    Codec.PCMU_WAV: "audio/wav",
}


class SynthesizeBody(BaseModel):
    """What /synthesize takes; only `text` is needed."""

    text: str
    voice_id: str = ""
    language: str = ""
    gender: Gender = Gender.UNKNOWN
    engine: str = ""
    format: str = "mp3"
    sample_rate: int = Field(0, ge=0)
    channels: int = Field(0, ge=0)
    bitrate: int = Field(0, ge=0)
    speed: float = 1.0
    pitch: float = 0.0
    volume: float = 1.0
    loudness: float | None = None  # LUFS
    text_type: Literal["text", "ssml"] = "text"
    normalize_text: bool | None = None


def make_app(booth: Booth, grpc_port: str) -> Starlette:
    """The application; it speaks with the booth directly."""

    async def synthesize(request: Request) -> Response:
        return await _synthesize(booth, _parsed(await request.body()))

    async def health(_: Request) -> Response:
        return _health(booth)

    return Starlette(
        routes=[
            Route("/synthesize", synthesize, methods=["POST"]),
            *voice_routes(booth),
            Route("/health", health),
        ],
        middleware=[Middleware(Door, grpc_port=grpc_port)],
        exception_handlers={TroupeError: _error},
    )


class Door:
    """Refuses bodies that are too large before they are read, and names the gRPC port in every reply."""

    def __init__(self, app: Any, grpc_port: str) -> None:
        self._app = app
        self._header = (GRPC_PORT_HEADER.lower().encode(), grpc_port.encode())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        body = _BoundedBody(receive, MAX_FILE_BYTES + _FORM_OVERHEAD if scope["path"] == "/clone" else _MAX_JSON_BYTES)

        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), self._header]
            await send(message)

        async def unless_too_large(message: Any) -> None:
            if not body.exceeded:
                await answer(message)

        if _declared(scope) <= body.most:
            with contextlib.suppress(ClientDisconnect):  # the caller left, or was refused
                await self._app(scope, body, unless_too_large)
        if body.exceeded or _declared(scope) > body.most:
            await _reply(_too_large(body.most))(scope, receive, answer)


class _BoundedBody:
    """Receives a body as long as it is small enough; then, for whoever reads it, the caller has left."""

    def __init__(self, receive: Any, most: int) -> None:
        self._receive = receive
        self._read = 0
        self.most = most  # bytes

    @property
    def exceeded(self) -> bool:
        return self._read > self.most

    async def __call__(self) -> Any:
        message = await self._receive()
        self._read += len(message.get("body", b""))
        return {"type": "http.disconnect"} if self.exceeded else message


def _parsed(body: bytes) -> SynthesizeBody:
    try:
        return SynthesizeBody.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "body"
        message = f'{where}: {first["msg"]}. Send JSON like {{"text": "Hello world", "voice_id": "en-US-AriaNeural"}}.'
        raise InvalidArgument(message, field=where) from error


def _health(booth: Booth) -> Response:
    """Exactly the words of the first release while an engine is ready."""
    ready = booth.ready()
    backend = ready[0] if ready else next(iter(booth.engines), "")
    cuda = any(booth.engines[name].facts.device.startswith("cuda") for name in ready)
    told = {"status": "healthy" if ready else "unhealthy", "cuda": cuda, "model_loaded": bool(ready)}
    return JSONResponse(told | {"backend": BACKENDS.get(backend, backend)}, status_code=200 if ready else 503)


async def _synthesize(booth: Booth, body: SynthesizeBody) -> Response:
    if len(body.text) > MAX_TEXT_CHARS:
        raise TextTooLong(f"The text has more than {MAX_TEXT_CHARS:,} characters. Send it in several requests.")
    codec = codec_named(body.format)
    # This HTTP never said no to a voice that is stored: the nearest preset serves, and the reply says so.
    wish = VoiceWish(body.voice_id, body.language, body.gender, LOCAL_OWNER, allow_substitute=True)
    engine = await asyncio.to_thread(booth.choose_for, wish, body.engine, guess(body.text))
    facts = booth.engines[engine].facts
    fmt = format_for(facts, codec, body.sample_rate, body.channels, body.bitrate)
    request = SpeechRequest(
        engine=engine,
        wish=wish,
        format=fmt,
        speed=body.speed,
        pitch=body.pitch,
        volume=body.volume,
        loudness_lufs=body.loudness,
        normalize_text=body.normalize_text,
        ssml=body.text_type == "ssml",
    )
    parts = booth.speak(request, _once(body.text), Progress())
    # The first sound is awaited here, so that what goes wrong before it is an error and not a broken answer.
    head: list[Part] = []
    try:
        async for part in parts:
            head.append(part)
            if isinstance(part, Sound) and part.audio:
                break
    except BaseException:
        await parts.aclose()
        raise
    return StreamingResponse(_bytes(head, parts), media_type=MEDIA_TYPES[fmt.codec], headers=dict(_said(head)))


def _said(head: list[Part]) -> Iterator[tuple[str, str]]:
    for part in head:
        if isinstance(part, Header):
            yield "X-Troupe-Voice", part.casting.voice.voice_id
            yield "X-Troupe-Voice-Substituted", str(part.casting.substituted).lower()
            if "timings" in part.estimated:
                yield "X-Troupe-Timing", "estimated"
            if part.casting.why is not None:
                yield "X-Troupe-Voice-State", part.casting.why.value


async def _bytes(head: list[Part], parts: AsyncGenerator[Part, None]) -> AsyncIterator[bytes]:
    async with aclosing(parts):
        for part in head:
            if isinstance(part, Sound) and part.audio:
                yield part.audio
        async for part in parts:
            if isinstance(part, Sound) and part.audio:
                yield part.audio


async def _once(text: str) -> AsyncGenerator[str, None]:
    yield text


async def _error(_: Request, error: Exception) -> Response:
    assert isinstance(error, TroupeError)  # noqa: S101  # registered for it alone
    return _reply(error)


def _reply(error: TroupeError) -> JSONResponse:
    retry = error.retry_after_s
    headers = {"Retry-After": str(max(1, round(retry)))} if retry is not None else {}
    return JSONResponse({"detail": error.message, "code": error.code}, row(error).http, headers)


def _declared(scope: Any) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0


def _too_large(most: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body has more than {most:,} bytes; that is the most allowed here.", max_bytes=most)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The service itself listens for signals."""
        yield


@asynccontextmanager
async def serve_http(booth: Booth, host: str, port: int, grpc_port: str, setting: str) -> AsyncIterator[str]:
    """Serve while the block runs; gives "host:port". Raises `PortTaken`."""
    bound = claim(host, port, setting)
    config = uvicorn.Config(
        make_app(booth, grpc_port), log_config=None, access_log=False, timeout_graceful_shutdown=5, lifespan="off"
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        yield f"{host}:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
