"""Text -> speech through the tts chain: who speaks, in which settings, and what the caller is told of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.routing.chain import Chain, Served
from gateway.routing.need import Modality, Need
from gateway.routing.rung import Call, Rung
from gateway.scenes.script import text_pieces
from gateway.scenes.scripts import readers
from gateway.voices import Casting, Voice, cast
from troupe.v1.engine_pb2 import TASK_SPEECH, Principal
from troupe.v1.media_pb2 import AUDIO_CODEC_PCM, AudioFormat
from troupe.v1.speech_pb2 import (
    DecodeInput,
    DecodeSettings,
    SpeechChunk,
    SpeechHeader,
    SpeechInput,
    SpeechSettings,
)
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import TroupeError
from troupe.wire.media import SAMPLE_RATE, pieces

CODEC_NAMES: Mapping[int, str] = {0: "pcm", 1: "pcm", 2: "wav", 3: "mp3", 4: "flac", 5: "opus", 6: "aac"}
PCM_24K = AudioFormat(codec=AUDIO_CODEC_PCM, sample_rate=SAMPLE_RATE, channels=1)


@dataclass(frozen=True, slots=True)
class SpeechOrder:
    """What is to be said, by whom, how."""

    voice: Voice
    settings: SpeechSettings  # without engine and voice: those are the rung's
    text: str = ""
    piped: Callable[[], AsyncIterator[SpeechInput]] | None = None  # text that still comes, from its start each time
    piped_error: Callable[[], TroupeError | None] = lambda: None
    rungs: tuple[str, ...] = ()  # only these of the chain, in this order
    local_only: bool = False
    commercial_only: bool = False

    def need(self) -> Need:
        """What the tts chain must find a rung for."""
        return Need(
            modality=Modality.TTS,
            task=TASK_SPEECH,
            rungs=self.rungs,
            language=self.settings.language or self.voice.language,
            reads=readers(self.text),
            format=CODEC_NAMES.get(self.settings.format.codec, ""),
            text_chars=len(self.text),
            local_only=self.local_only,
            commercial_only=self.commercial_only,
        )


@dataclass(slots=True)
class Speech:
    """Speech that has begun: chunks as the rung sends them, with a header that tells what the caller asked for."""

    served: Served[SpeechChunk]
    order: SpeechOrder
    castings: Mapping[str, Casting]
    header: SpeechHeader = field(default_factory=SpeechHeader)

    def __post_init__(self) -> None:
        for chunk in self.served.beginning:
            if chunk.HasField("header"):
                self.header = self._completed(chunk.header)

    def __aiter__(self) -> Speech:
        """Itself."""
        return self

    async def __anext__(self) -> SpeechChunk:
        """The next chunk."""
        chunk = await anext(self.served)
        if chunk.HasField("header"):
            chunk.header.CopyFrom(self._completed(chunk.header))
        return chunk

    async def aclose(self) -> None:
        """Stop the work if it has not ended."""
        await self.served.aclose()

    def _completed(self, header: SpeechHeader) -> SpeechHeader:
        told = SpeechHeader()
        told.CopyFrom(header)
        asked = self.order.voice.voice_id
        casting = self.castings.get(self.served.rung.name)
        if casting is not None and casting.substituted:
            told.voice_substituted = True
        if told.voice_substituted and asked:
            told.requested_voice_id = asked
        return told


async def speak(chain: Chain, order: SpeechOrder, deadline: Deadline, request_id: str) -> Speech:
    """Speech by the first rung that can; returns once there is sound."""
    castings: dict[str, Casting] = {}

    async def inputs(rung: Rung) -> AsyncGenerator[SpeechInput]:
        casting = cast(order.voice, order.settings.language, rung.describe())
        castings[rung.name] = casting
        yield SpeechInput(settings=_settings(order, rung, casting))
        if order.piped is not None:
            async for message in order.piped():
                yield message
        for piece in text_pieces(order.text):
            yield SpeechInput(text=piece)

    call: Call[SpeechChunk] = Call(
        "Synthesize", inputs, lambda chunk: bool(chunk.audio), deadline, request_id, input_error=order.piped_error
    )
    return Speech(await chain.run(order.need(), call), order, castings)


async def decode(chain: Chain, sound: bytes, key_id: str, deadline: Deadline, request_id: str) -> Served[SpeechChunk]:
    """A sound file -> PCM s16le mono 24 kHz, by whichever speech service answers."""

    async def inputs(_rung: Any) -> AsyncGenerator[DecodeInput]:
        yield DecodeInput(settings=DecodeSettings(principal=Principal(key_id=key_id)))
        for piece in pieces(sound):
            yield DecodeInput(piece=piece)

    call: Call[SpeechChunk] = Call("Decode", inputs, lambda chunk: bool(chunk.audio), deadline, request_id)
    return await chain.run(Need(Modality.TTS), call)


def _settings(order: SpeechOrder, rung: Rung, casting: Casting) -> SpeechSettings:
    settings = SpeechSettings()
    settings.CopyFrom(order.settings)
    settings.engine = rung.engine
    settings.voice_id = casting.voice_id
    settings.language = order.settings.language or order.voice.language
    settings.gender = order.voice.gender
    return settings


def as_pcm(order: SpeechOrder) -> SpeechOrder:
    """The same order, as it travels between services."""
    settings = SpeechSettings()
    settings.CopyFrom(order.settings)
    settings.format.CopyFrom(PCM_24K)
    return replace(order, settings=settings)
