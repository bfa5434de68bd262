"""Text -> speech through the tts chain: who speaks, in which settings, and what the caller is told of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.routing.capability import primary
from gateway.routing.chain import Chain, Served
from gateway.routing.need import Modality, Need
from gateway.routing.priority import Priority
from gateway.routing.replay import Replay
from gateway.routing.rung import Call, Rung
from gateway.scenes.handover import Handover, Resumed, nobody
from gateway.scenes.markup import Marked, without_tags
from gateway.scenes.recital import CODEC_NAMES, Piped, Recital, Script, Written
from gateway.scenes.scripts import readers
from gateway.voices import Casting, Voice, cast
from troupe.v1.engine_pb2 import GENDER_UNSPECIFIED, TASK_SPEECH, Principal
from troupe.v1.media_pb2 import AUDIO_CODEC_PCM, AudioFormat
from troupe.v1.speech_pb2 import (
    TEXT_KIND_SSML,
    DecodeInput,
    DecodeSettings,
    SpeechChunk,
    SpeechHeader,
    SpeechInput,
    SpeechSettings,
)
from troupe.wire.deadlines import Deadline
from troupe.wire.media import SAMPLE_RATE, pieces

PCM_24K = AudioFormat(codec=AUDIO_CODEC_PCM, sample_rate=SAMPLE_RATE, channels=1)


@dataclass(frozen=True, slots=True)
class Follower:
    """Who is told what becomes of a speech after it has begun."""

    resumed: Callable[[Resumed], None] = nobody
    voice: Callable[[SpeechHeader], None] = lambda _header: None  # another rung speaks, with this voice


NOBODY = Follower()


@dataclass(frozen=True, slots=True)
class SpeechOrder:
    """What is to be said, by whom, how."""

    voice: Voice
    settings: SpeechSettings  # without engine and voice: those are the rung's
    text: str = ""
    piped: Replay[SpeechInput] | None = None  # text that still comes
    opening: str = ""  # of a piped text, where it is known
    rungs: tuple[str, ...] = ()  # only these of the chain, in this order
    local_only: bool = False
    commercial_only: bool = False
    priority: Priority = Priority.LIVE

    def need(self) -> Need:
        """What the tts chain must find a rung for."""
        text = self.text or self.opening
        return Need(
            modality=Modality.TTS,
            task=TASK_SPEECH,
            rungs=self.rungs,
            language=self.settings.language or self.voice.language,
            reads=readers(without_tags(text) if self.marked_up else text),
            format=CODEC_NAMES.get(self.settings.format.codec, ""),
            text_chars=len(self.text),
            features=frozenset({"ssml"}) if self.marked_up else frozenset(),
            engines=self._owners(),
            local_only=self.local_only,
            commercial_only=self.commercial_only,
        )

    def script(self) -> Script:
        """What is to be said, as it can be read again."""
        script: Script = Piped(self.piped) if self.piped is not None else Written(self.text)
        return Marked(script) if self.marked_up else script

    @property
    def marked_up(self) -> bool:
        """Whether the text is SSML."""
        return self.settings.text_kind == TEXT_KIND_SSML

    def _owners(self) -> frozenset[str]:
        """A cloned voice is never replaced by another one, unless that is allowed: only engines that have it serve."""
        if not self.voice.cloned or self.settings.allow_substitute:
            return frozenset()
        return self.voice.speakers or frozenset(self.voice.engines)


@dataclass(slots=True)
class Speech:
    """Speech that has begun: chunks as the caller hears them, with a header that tells what the caller asked for."""

    served: Served[SpeechChunk]
    order: SpeechOrder
    recital: Recital
    castings: Mapping[str, Casting]
    header: SpeechHeader = field(default_factory=SpeechHeader)

    def __post_init__(self) -> None:
        for chunk in self.served.beginning:
            if chunk.HasField("header"):
                self.header = self.completed(chunk.header)

    def __aiter__(self) -> Speech:
        """Itself."""
        return self

    async def __anext__(self) -> SpeechChunk:
        """The next chunk."""
        try:
            chunk = await anext(self.served)
        except StopAsyncIteration:
            if (rest := self.recital.rest()) is None:
                raise
            return rest
        if chunk.HasField("header"):
            chunk.header.CopyFrom(self.completed(chunk.header))
        return chunk

    async def aclose(self) -> None:
        """Stop the work if it has not ended."""
        await self.served.aclose()

    def completed(self, header: SpeechHeader) -> SpeechHeader:
        """A rung's header, with what only the gateway knows: another voice than the one asked for speaks."""
        told = SpeechHeader()
        told.CopyFrom(header)
        asked = self.order.voice.voice_id
        casting = self.castings.get(self.served.rung.name)
        if casting is not None and casting.substituted:
            told.voice_substituted = True
        if told.voice_substituted and asked:
            told.requested_voice_id = asked
        return told


async def speak(
    chain: Chain,
    order: SpeechOrder,
    deadline: Deadline,
    request_id: str,
    follow: Follower = NOBODY,
) -> Speech:
    """Speech by the first rung that can; returns once there is sound. What becomes of it later is told to `follow`."""
    castings: dict[str, Casting] = {}
    handover = Handover(Modality.TTS, follow.resumed)
    recital = Recital(order.script(), order.settings.format.codec, handover, follow.voice)

    async def inputs(rung: Rung) -> AsyncGenerator[SpeechInput]:
        recital.asked(rung)
        voice = order.voice if recital.header is None else _who_spoke(order, recital.header, chain, rung)
        casting = cast(voice, order.settings.language, rung.describe())
        castings[rung.name] = casting
        yield SpeechInput(settings=_settings(order, rung, casting, voice))
        async with aclosing(recital.script.messages(recital.place)) as messages:
            async for message in messages:
                yield message

    call: Call[SpeechChunk] = Call(
        "Synthesize",
        inputs,
        lambda chunk: bool(chunk.audio),
        deadline,
        request_id,
        input_error=lambda: order.piped.error if order.piped is not None else None,
        key=order.voice.voice_id,
        priority=order.priority,
        continuation=recital,
    )
    return Speech(await chain.run(order.need(), call), order, recital, castings)


async def decode(chain: Chain, sound: bytes, key_id: str, deadline: Deadline, request_id: str) -> Served[SpeechChunk]:
    """A sound file -> PCM s16le mono 24 kHz, by whichever speech service answers."""

    async def inputs(_rung: Any) -> AsyncGenerator[DecodeInput]:
        yield DecodeInput(settings=DecodeSettings(principal=Principal(key_id=key_id)))
        for piece in pieces(sound):
            yield DecodeInput(piece=piece)

    call: Call[SpeechChunk] = Call("Decode", inputs, lambda chunk: bool(chunk.audio), deadline, request_id)
    return await chain.run(Need(Modality.TTS), call)


def _settings(order: SpeechOrder, rung: Rung, casting: Casting, voice: Voice) -> SpeechSettings:
    settings = SpeechSettings()
    settings.CopyFrom(order.settings)
    settings.engine = rung.engine
    settings.voice_id = casting.voice_id
    settings.language = order.settings.language or voice.language
    settings.gender = voice.gender
    return settings


def _who_spoke(order: SpeechOrder, header: SpeechHeader, chain: Chain, rung: Rung) -> Voice:
    """The voice that a rung which goes on must sound like: the one asked for, else the one that was heard."""
    if order.voice.voice_id:
        return order.voice
    described = (each.describe() for each in chain.rungs)
    heard = (voice for info in described if info for voice in info.voices if voice.voice_id == header.voice_id)
    gender = next((voice.gender for voice in heard), GENDER_UNSPECIFIED)
    info = rung.describe()
    known = header.voice_id if info is not None and info.voices else ""  # an id of another engine would be refused
    return replace(order.voice, voice_id=known, language=order.voice.language or header.language, gender=gender)


def as_pcm(order: SpeechOrder) -> SpeechOrder:
    """The same order, as it travels between services."""
    settings = SpeechSettings()
    settings.CopyFrom(order.settings)
    settings.format.CopyFrom(PCM_24K)
    return replace(order, settings=settings)


def in_language(order: SpeechOrder, language: str) -> SpeechOrder:
    """The same order for a text that is in that language; empty = as it was ordered."""
    if not language or primary(language) == primary(order.settings.language or order.voice.language):
        return order
    settings = SpeechSettings()
    settings.CopyFrom(order.settings)
    settings.language = language
    return replace(order, settings=settings)
