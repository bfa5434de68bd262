"""The gRPC face of the service: protobuf in, frozen dataclasses inside, protobuf out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from importlib.metadata import version
from typing import Any

import grpc.aio

from svc_tts import conversion
from svc_tts.audio.decode import MAX_FILE_BYTES, decode
from svc_tts.booth import SERVICE, Booth
from svc_tts.engine import EngineFacts, EngineVoice
from svc_tts.frontend.language import base
from svc_tts.speech import Flush, SpeechRequest
from svc_tts.voices.catalogue import speaks
from svc_tts.voices.cloned import ClonedVoice
from troupe.v1 import engine_pb2, speech_pb2, speech_pb2_grpc
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import BodyTooLarge, InvalidArgument
from troupe.wire.media import PIECE_BYTES, pieces
from troupe.wire.progress import Progress, with_ticks

Context = grpc.aio.ServicerContext[Any, Any]


class SpeechServicer(speech_pb2_grpc.SpeechServicer):
    """troupe.v1.Speech; what it raises becomes a rich status on the way out."""

    def __init__(self, booth: Booth, request_s: float) -> None:
        self._booth = booth
        self._request_s = request_s

    async def Synthesize(  # gRPC names it
        self, request_iterator: AsyncIterator[speech_pb2.SpeechInput], context: Context
    ) -> AsyncIterator[speech_pb2.SpeechChunk]:
        """Text in, sound with timings and cues out."""
        progress = Progress()
        deadline = Deadline.of_call(context, self._request_s)
        chunks = self._synthesize(request_iterator, progress, deadline)
        async with aclosing(with_ticks(chunks, progress, lambda tick: speech_pb2.SpeechChunk(tick=tick))) as messages:  # type: ignore[type-var]
            async for message in messages:
                yield message

    async def ListVoices(  # gRPC names it
        self, request: speech_pb2.ListVoicesRequest, context: Context
    ) -> speech_pb2.ListVoicesResponse:
        """Every engine's voices, then the caller's own clones."""
        del context
        voices = [
            conversion.from_voice(voice, name)
            for name, engine in self._booth.engines.items()
            for voice in engine.voices()
            if not request.language or _of(voice, engine.facts, request.language)
        ]
        cloned = await self._booth.cloning.voices_of(request.principal.key_id)
        voices += [
            self._told(voice)
            for voice in cloned
            if not request.language or base(voice.language) == base(request.language)
        ]
        return speech_pb2.ListVoicesResponse(voices=voices)

    async def CloneVoice(  # gRPC names it
        self, request_iterator: AsyncIterator[speech_pb2.CloneVoiceInput], context: Context
    ) -> speech_pb2.CloneVoiceResponse:
        """Keep a reference, whether an engine clones or not."""
        async with Deadline.of_call(context, self._request_s).scope("keeping a voice"):
            first = await anext(aiter(request_iterator), None)
            if first is None or first.WhichOneof("input") != "settings":
                raise InvalidArgument("The first message of CloneVoice must be its settings.")
            wanted = conversion.to_cloned(first.settings)
            sample = await _whole(message.sample async for message in request_iterator)
            refinement = conversion.to_refinement(first.settings)
            voice = await self._booth.cloning.clone(first.settings.principal.key_id, wanted, sample, refinement)
        return speech_pb2.CloneVoiceResponse(voice=self._told(voice), stored=True)

    async def GiveConsent(  # gRPC names it
        self, request: speech_pb2.GiveConsentRequest, context: Context
    ) -> speech_pb2.GiveConsentResponse:
        """Record what the speaker of a stored reference agreed to."""
        del context
        consent = conversion.to_consent(request.consent)
        voice = await self._booth.cloning.give_consent(request.principal.key_id, request.voice_id, consent)
        return speech_pb2.GiveConsentResponse(voice=self._told(voice))

    async def DeleteVoice(  # gRPC names it
        self, request: speech_pb2.DeleteVoiceRequest, context: Context
    ) -> speech_pb2.DeleteVoiceResponse:
        """Forget a cloned voice for good."""
        del context
        await self._booth.cloning.delete(request.principal.key_id, request.voice_id)
        return speech_pb2.DeleteVoiceResponse()

    async def Decode(  # gRPC names it
        self, request_iterator: AsyncIterator[speech_pb2.DecodeInput], context: Context
    ) -> AsyncIterator[speech_pb2.SpeechChunk]:
        """A sound file in, PCM s16le mono 24 kHz out."""
        progress = Progress()
        deadline = Deadline.of_call(context, self._request_s)
        chunks = _decoded(request_iterator, progress, deadline)
        async with aclosing(with_ticks(chunks, progress, lambda tick: speech_pb2.SpeechChunk(tick=tick))) as messages:  # type: ignore[type-var]
            async for message in messages:
                yield message

    async def Describe(  # gRPC names it
        self, request: engine_pb2.DescribeRequest, context: Context
    ) -> engine_pb2.DescribeResponse:
        """The engines, and how they are."""
        del request, context
        booth = self._booth
        engines = [
            conversion.from_engine(engine, booth.board.status(name), booth.outstanding[name])
            for name, engine in booth.engines.items()
        ]
        return engine_pb2.DescribeResponse(service=SERVICE, version=version("troupe-svc-tts"), engines=engines)

    async def _synthesize(
        self, inputs: AsyncIterator[speech_pb2.SpeechInput], progress: Progress, deadline: Deadline
    ) -> AsyncGenerator[speech_pb2.SpeechChunk, None]:
        async with deadline.scope("reading the settings"):
            first = await anext(aiter(inputs), None)
        if first is None or first.WhichOneof("input") != "settings":
            raise InvalidArgument("The first message of Synthesize must be its settings.")
        request = await asyncio.to_thread(self._request, first.settings)
        async with aclosing(self._booth.speak(request, _texts(inputs), progress)) as parts:
            while True:
                async with deadline.scope("speaking"):
                    part = await anext(parts, None)
                if part is None:
                    return
                for chunk in conversion.to_chunks(part, request):
                    yield chunk

    def _request(self, settings: speech_pb2.SpeechSettings) -> SpeechRequest:
        engine = self._booth.choose_for(conversion.to_wish(settings), settings.engine)
        return conversion.to_request(settings, engine, self._booth.engines[engine].facts)

    def _told(self, voice: ClonedVoice) -> engine_pb2.Voice:
        cloning = self._booth.cloning
        return conversion.from_cloned(voice, cloning.state(voice), cloning.speaker())


def _of(voice: EngineVoice, facts: EngineFacts, language: str) -> bool:
    """Whether it belongs into a list of that language: by its own one, else by those its engine reads."""
    return base(voice.language) == base(language) if voice.language else speaks(facts, voice, language)


async def _texts(inputs: AsyncIterator[speech_pb2.SpeechInput]) -> AsyncGenerator[str | Flush, None]:
    async for message in inputs:
        match message.WhichOneof("input"):
            case "text":
                yield message.text
            case "flush":
                yield Flush()
            case _:
                raise InvalidArgument("After the settings of Synthesize come text and flush only.")


async def _decoded(
    inputs: AsyncIterator[speech_pb2.DecodeInput], progress: Progress, deadline: Deadline
) -> AsyncGenerator[speech_pb2.SpeechChunk, None]:
    async with deadline.scope("reading the file"):
        with progress.waiting("waiting for the file"):
            first = await anext(aiter(inputs), None)
            if first is None or first.WhichOneof("input") != "settings":
                raise InvalidArgument("The first message of Decode must be its settings.")
            data = await _whole(message.piece async for message in inputs)
    most_s = first.settings.max_duration_ms / 1000
    async with aclosing(decode(data, most_s)) as sounds:
        async for sound in sounds:
            progress.beat("decoding")
            for piece in pieces(sound, PIECE_BYTES):
                yield speech_pb2.SpeechChunk(audio=piece)


async def _whole(parts: AsyncIterator[bytes]) -> bytes:
    """The file, as long as it stays below the limit."""
    whole = bytearray()
    async for part in parts:
        whole += part
        if len(whole) > MAX_FILE_BYTES:
            most = MAX_FILE_BYTES >> 20
            raise BodyTooLarge(
                f"The file has more than {most} MiB; that is the most allowed.", max_bytes=MAX_FILE_BYTES
            )
    return bytes(whole)
