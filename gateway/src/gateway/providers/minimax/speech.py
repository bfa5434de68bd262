"""Synthesize by t2a_v2: runs of sentences in, sound as hexadecimal digits out, word timings from the subtitle file.

The last event of a run repeats its whole sound where MiniMax is not told otherwise, so sound is taken from an event of
status 2 only when none came before it.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from gateway.providers.minimax import clones, faults
from gateway.providers.minimax.client import Asking
from gateway.providers.minimax.desk import Desk
from gateway.providers.minimax.download import SUBTITLE_BYTES
from gateway.providers.minimax.replies import AudioEvent, Subtitle
from gateway.providers.minimax.script import Script
from gateway.providers.minimax.sentences import RUN_CHARS, Runs
from gateway.providers.minimax.sound import ONE_FILE, RAW, SoundOrder, sound_order
from gateway.providers.minimax.subtitles import Place, read_subtitles, sentence_ends, words_of
from gateway.routing.verdict import CONNECTION
from troupe.v1.speech_pb2 import SentenceEnd, SpeechChunk, SpeechInput
from troupe.wire.errors import (
    DeadlineExceeded,
    EmptyText,
    EngineFailed,
    InvalidArgument,
    NotSupported,
    StreamBroken,
    TroupeError,
    UnknownVoice,
    UnsupportedFormat,
    UnsupportedMedia,
)
from troupe.wire.media import SAMPLE_BYTES, pieces

log = logging.getLogger(__name__)

MAX_CALL_CHARS = 9_999  # MiniMax takes less than 10,000
MAX_AUDIO_BYTES = 96 * 1024 * 1024  # of one call
ANSWER_BYTES = 5 * MAX_AUDIO_BYTES  # two digits a byte, perhaps all of it twice
PATH = "/v1/t2a_v2"
LAST_EVENT = 2


@dataclass(slots=True)
class _Take:
    """One run's call: what has come of it."""

    order: SoundOrder
    size: int = 0
    odd: bytes = b""  # the first half of a sample that was cut in two
    finished: bool = False
    told_ms: int = 0
    subtitle_url: str = ""
    text_start: int = 0
    start_ms: int = 0
    text: str = ""

    def sound(self, event: AudioEvent) -> bytes:
        """The new sound of an event."""
        data = event.data
        self.subtitle_url = event.subtitle_file or (data.subtitle_file if data else None) or self.subtitle_url
        if event.extra_info is not None:
            self.told_ms = event.extra_info.audio_length
        last = data is not None and data.status == LAST_EVENT
        self.finished = self.finished or last
        if data is None or not data.audio or (last and self.size):
            return b""
        try:
            sound = bytes.fromhex(data.audio)
        except ValueError:
            raise faults.not_its_api("sound that is not in hexadecimal digits") from None
        self.size += len(sound)
        if self.size > MAX_AUDIO_BYTES:
            raise faults.not_its_api(f"more than {MAX_AUDIO_BYTES:,} bytes of sound")
        return self._samples(sound)

    def _samples(self, sound: bytes) -> bytes:
        if self.order.codec not in RAW:
            return sound
        sound = self.odd + sound
        even = len(sound) - len(sound) % (SAMPLE_BYTES * self.order.format.channels)
        self.odd = sound[even:]
        return sound[:even]

    def place(self) -> Place:
        """Where the run stands in the whole answer."""
        length_ms = self.order.length_ms(self.size - len(self.odd), self.told_ms)
        return Place(self.text, self.text_start, self.start_ms, self.start_ms + length_ms)


@dataclass(slots=True)
class _Answer:
    """How far the whole speech is."""

    desk: Desk
    order: SoundOrder
    consumed: int = 0  # code points of the input
    audio_ms: int = 0
    begun: bool = False

    async def say(self, text: str) -> AsyncGenerator[SpeechChunk]:
        """One run of text."""
        start = self.consumed
        self.consumed += len(text)
        if not any(char.isalnum() for char in text):
            return
        desk, take = self.desk, _Take(self.order, text=text, text_start=start, start_ms=self.audio_ms)
        money = await desk.purse.reserve(desk.prices.spoken(self.order.model, len(text)))
        try:
            async with aclosing(self._sounds(take)) as sounds:
                async for sound in sounds:
                    yield self._chunk(sound)
        except TroupeError as error:
            if not take.size and faults.was_refused(error):
                money.settle(0.0)
            raise
        place = take.place()
        self.audio_ms = place.end_ms
        for chunk in _ends(await self._subtitles(take), place):
            yield chunk

    async def _sounds(self, take: _Take) -> AsyncGenerator[bytes]:
        asking = Asking(PATH, self.order.body(take.text), first_s=self.desk.first_s, limit_bytes=ANSWER_BYTES)
        async with aclosing(self.desk.client.events(asking)) as events:
            async for event in events:
                if event is None:
                    break
                for piece in pieces(take.sound(self._checked(event))):
                    yield piece
                if take.finished:
                    break
        if not take.size:
            raise EngineFailed("MiniMax answered without any sound.")
        if not take.finished:
            raise StreamBroken("MiniMax's speech ended before its last event.", lost=CONNECTION)

    def _checked(self, event: Any) -> AudioEvent:
        try:
            return self.desk.client.checked(event, AudioEvent)
        except (UnknownVoice, UnsupportedMedia) as error:
            voice_id = self.order.voice.voice_id
            if clones.is_clone(voice_id):
                raise UnknownVoice(f'MiniMax has no voice "{voice_id}" any more.') from error
            raise NotSupported(f"MiniMax does not speak as {voice_id}: {error.message}") from error  # another rung may

    def _chunk(self, sound: bytes) -> SpeechChunk:
        chunk = SpeechChunk(audio=sound)
        if not self.begun:
            self.begun = True
            chunk.audio = self.order.head + sound
            chunk.header.CopyFrom(self.order.header("minimax"))
        return chunk

    async def _subtitles(self, take: _Take) -> list[Subtitle]:
        """The timings of a run; speech goes on without them where they cannot be had."""
        if not take.subtitle_url:
            return []
        try:
            return read_subtitles(await self.desk.downloads.whole(take.subtitle_url, SUBTITLE_BYTES))
        except (EngineFailed, StreamBroken, DeadlineExceeded) as error:
            log.info("no word timings from MiniMax: %s", error.message)
            return []


async def synthesize(desk: Desk, inputs: AsyncGenerator[SpeechInput]) -> AsyncGenerator[SpeechChunk]:
    """Text as it comes -> speech. Raises `EmptyText` for nothing to say."""
    first: Any = await anext(inputs, None)
    if first is None or not first.HasField("settings"):
        raise InvalidArgument("The first message must hold `settings`.", field="settings")
    order = sound_order(first.settings, desk.model)
    whole = order.codec in ONE_FILE
    answer = _Answer(desk, order)
    script = Script(inputs, Runs(MAX_CALL_CHARS + 1 if whole else RUN_CHARS), whole=whole)
    try:
        while text := await script.run():
            if whole and (len(text) > MAX_CALL_CHARS or answer.consumed):
                raise UnsupportedFormat(
                    f"MiniMax makes {order.codec} of at most {MAX_CALL_CHARS:,} characters; ask for pcm or mp3."
                )
            async with aclosing(answer.say(text)) as chunks:
                async for chunk in chunks:
                    yield chunk
    finally:
        await script.aclose()
    if not answer.begun:
        raise EmptyText("The text holds nothing to say: no letter, no digit. Send words.")


def _ends(subtitles: list[Subtitle], place: Place) -> list[SpeechChunk]:
    words = words_of(subtitles, place)
    chunks = [SpeechChunk(words=words)] if words else []
    return chunks + [
        SpeechChunk(sentence_end=SentenceEnd(text_consumed=consumed, audio_ms=audio_ms))
        for consumed, audio_ms in sentence_ends(subtitles, place)
    ]
