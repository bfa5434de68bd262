"""The inputs of Animate, heard to their end: a cloud that makes a clip as a whole needs the whole speech first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from gateway.avatars import shipped
from gateway.providers.minimax.wav import wav_head
from troupe.v1.video_pb2 import AnimateInput, AnimateSettings
from troupe.wire.errors import BodyTooLarge, EmptyText, InvalidArgument, MediaTooLarge, NotSupported
from troupe.wire.media import PCM_BYTES_PER_MS

LONGEST_S = 15
MAX_PICTURE_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Listened:
    """A picture and all that is said."""

    settings: AnimateSettings
    picture: bytes
    pcm: bytes

    @property
    def seconds(self) -> float:
        """How long it is said."""
        return len(self.pcm) / PCM_BYTES_PER_MS / 1000


async def listen(inputs: AsyncGenerator[AnimateInput]) -> Listened:
    """Everything. Raises `MediaTooLarge` as soon as the speech is longer than one clip."""
    first: Any = await anext(inputs, None)
    if first is None or not first.HasField("settings"):
        raise InvalidArgument("The first message must hold `settings`.", field="settings")
    settings: AnimateSettings = first.settings
    _check(settings)
    picture, pcm = bytearray(await _avatar(settings.portrait_id)), bytearray()
    async for message in inputs:
        picture += message.picture
        pcm += message.speech.pcm
        if len(picture) > MAX_PICTURE_BYTES:
            raise BodyTooLarge("The picture has more than 20 MB; MiniMax takes less.")
        if len(pcm) > LONGEST_S * 1000 * PCM_BYTES_PER_MS:
            raise MediaTooLarge(
                f"The speech is longer than {LONGEST_S} s, the longest clip MiniMax makes. Send a shorter script, or "
                "use a local provider (sadtalker, portrait), which has no such limit.",
                max_duration_ms=LONGEST_S * 1000,
            )
    if not picture:
        raise NotSupported("MiniMax needs the picture itself; a prepared portrait is known to svc-video only.")
    if not pcm:
        raise EmptyText("There is no speech to animate the picture with.")
    return Listened(settings, bytes(picture), bytes(pcm))


def _check(settings: AnimateSettings) -> None:
    if settings.portrait_id and settings.portrait_id not in shipped():
        raise NotSupported(
            f'The portrait "{settings.portrait_id[:80]}" is kept by svc-video; MiniMax needs the picture itself.'
        )
    if settings.first_sequence > 1 or settings.start_ms:
        raise NotSupported("MiniMax makes a clip as a whole; it does not go on with one that another began.")


async def _avatar(portrait_id: str) -> bytes:
    return await asyncio.to_thread(shipped()[portrait_id].path.read_bytes) if portrait_id else b""


def wav(pcm: bytes) -> bytes:
    """PCM s16le mono 24 kHz as a WAV file."""
    return wav_head(len(pcm)) + pcm
