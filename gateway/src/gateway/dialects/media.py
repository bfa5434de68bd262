"""Media as HTTP carries them: types, and a response that is never cut short in silence."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from troupe.v1.media_pb2 import (
    AUDIO_CODEC_AAC,
    AUDIO_CODEC_FLAC,
    AUDIO_CODEC_MP3,
    AUDIO_CODEC_OPUS,
    AUDIO_CODEC_PCM,
    AUDIO_CODEC_PCMU,
    AUDIO_CODEC_PCMU_WAV,
    AUDIO_CODEC_WAV,
    CONTAINER_MP4,
    CONTAINER_UNSPECIFIED,
    CONTAINER_WEBM,
    AudioCodec,
    Container,
)
from troupe.wire.errors import InvalidArgument, TroupeError, UnsupportedFormat, nearest

AUDIO_CODECS: Mapping[str, AudioCodec] = {
    "mp3": AUDIO_CODEC_MP3,
    "wav": AUDIO_CODEC_WAV,
    "flac": AUDIO_CODEC_FLAC,
    "opus": AUDIO_CODEC_OPUS,
    "aac": AUDIO_CODEC_AAC,
    "pcm": AUDIO_CODEC_PCM,
    "pcmu_raw": AUDIO_CODEC_PCMU,
    "pcmu_wav": AUDIO_CODEC_PCMU_WAV,
}
AUDIO_TYPES: Mapping[str, str] = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "pcm": "audio/L16",
    "pcmu_raw": "audio/basic",
    "pcmu_wav": "audio/wav",
}
CONTAINERS: Mapping[str, Container] = {"mp4": CONTAINER_MP4, "webm": CONTAINER_WEBM}
VIDEO_TYPES: Mapping[str, str] = {"mp4": "video/mp4", "webm": "video/webm"}
SAMPLE_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


def audio_codec(name: str) -> AudioCodec:
    """The codec of that name; raises `UnsupportedFormat` naming the nearest."""
    return AUDIO_CODECS[_known(name, AUDIO_CODECS, "audio format")]


def container(name: str) -> Container:
    """The container of that name, empty = the service's own; raises `UnsupportedFormat` naming the nearest."""
    if not name.strip():
        return CONTAINER_UNSPECIFIED
    return CONTAINERS[_known(name, CONTAINERS, "container")]


def sample_rate(rate: int) -> int:
    """The rate, if sound is made at it (0 = the default). Raises `InvalidArgument` listing those that are."""
    if rate and rate not in SAMPLE_RATES:
        allowed = ", ".join(str(each) for each in SAMPLE_RATES)
        raise InvalidArgument(f"sample_rate {rate} Hz is not made here; allowed are {allowed}.", field="sample_rate")
    return rate


def _known(name: str, names: Mapping[str, Any], what: str) -> str:
    wanted = name.strip().casefold()
    if wanted not in names:
        raise UnsupportedFormat(f'No {what} "{name}"; there are {", ".join(names)}.{nearest(wanted, names)}')
    return wanted


class MediaResponse(Response):
    """Bytes as they come. What breaks after the first byte ends the connection without the last chunk: HTTP's only
    way to say after its status that a body is not whole.
    """

    def __init__(
        self,
        source: AsyncGenerator[bytes],
        *,
        media_type: str,
        headers: Mapping[str, str],
        on_broken: Callable[[TroupeError], None],
        on_close: Callable[[], Awaitable[None]],
        status_code: int = 200,
    ) -> None:
        super().__init__(None, status_code, headers=headers, media_type=media_type)
        del self.headers["content-length"]
        self._source = source
        self._on_broken = on_broken
        self._on_close = on_close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        """Send everything; the source is closed whatever happens."""
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async with aclosing(self._source) as source:
                async for piece in source:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TroupeError as error:
            self._on_broken(error)
        finally:
            await self._on_close()
