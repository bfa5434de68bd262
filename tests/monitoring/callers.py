"""Callers of the gRPC door, who may ask the engines of tests to be slow."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import suppress

import grpc
from PIL import Image
from tests.chaos.stage import Actor

from troupe.v1.speech_pb2 import SpeechInput, SpeechSettings, ToneSettings
from troupe.v1.speech_pb2_grpc import SpeechStub
from troupe.v1.text_pb2 import ROLE_USER, ChatRequest, ContentPart, Message
from troupe.v1.text_pb2_grpc import TextStub
from troupe.v1.video_pb2 import AnimateInput, AnimateSettings, Speech24k, StillSettings
from troupe.v1.video_pb2_grpc import VideoStub

PATIENCE_S = 60.0
CHATS_S = 0.1


async def speak(gateway: Actor, words: int, delay_ms: int) -> None:
    """Have that many words of 60 ms said by `tone`, each after a while."""

    async def typed() -> AsyncIterator[SpeechInput]:
        yield SpeechInput(settings=SpeechSettings(tone=ToneSettings(ms_per_word=60, delay_ms_per_word=delay_ms)))
        yield SpeechInput(text="word " * words)

    async with grpc.aio.insecure_channel(gateway.grpc) as channel:
        assert b"".join([chunk.audio async for chunk in SpeechStub(channel).Synthesize(typed(), timeout=PATIENCE_S)])


async def film(gateway: Actor, delay_ms: int) -> None:
    """Have six frames of film made by `still`, each frame after a while."""
    settings = AnimateSettings(width=64, height=64, still=StillSettings(delay_ms_per_frame=delay_ms))
    photo = io.BytesIO()
    Image.effect_noise((96, 96), 40).convert("RGB").save(photo, "PNG")

    async def ordered() -> AsyncIterator[AnimateInput]:
        yield AnimateInput(settings=settings)
        yield AnimateInput(picture=photo.getvalue())
        yield AnimateInput(speech=Speech24k(pcm=bytes(48 * 240)))

    async with grpc.aio.insecure_channel(gateway.grpc) as channel:
        assert b"".join([chunk.data async for chunk in VideoStub(channel).Animate(ordered(), timeout=PATIENCE_S)])


async def chat_on(gateway: Actor) -> None:
    """Chats one after another, until cancelled; whether they fail is not this caller's matter."""
    request = ChatRequest(messages=[Message(role=ROLE_USER, content=[ContentPart(text="one two three")])])
    async with grpc.aio.insecure_channel(gateway.grpc) as channel:
        while True:
            with suppress(grpc.aio.AioRpcError):
                async for _ in TextStub(channel).Chat(request, timeout=PATIENCE_S):
                    pass
            await asyncio.sleep(CHATS_S)
