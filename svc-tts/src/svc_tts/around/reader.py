"""The voice that reads each text beside an engine that does not know when it says what."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing

from svc_tts.audio.cepstra import Cepstra
from svc_tts.audio.colour import VoiceColour
from svc_tts.audio.reading import Reading
from svc_tts.engine import Engine, EngineVoice, Phone, SpokenWord, Utterance
from svc_tts.frontend.language import base
from troupe.wire.errors import EngineMissing, TroupeError

_PATIENCE_S = 2.0  # a sentence takes it 10 ms
_LEAST_SPEED, _MOST_SPEED = 0.5, 2.0

log = logging.getLogger(__name__)


class Reader:
    """An engine that knows its times (espeak), read with, not listened to. `owned`: started and stopped here."""

    def __init__(self, engine: Engine, *, owned: bool) -> None:
        self._engine = engine
        self._owned = owned
        self._ready = not owned
        self._starting = asyncio.Lock()
        self._colours: dict[str, VoiceColour] = {}
        self._complained = False

    async def start(self) -> None:
        """Load it; where it is missing, nothing is read."""
        async with self._starting:
            if self._ready:
                return
            try:
                await self._engine.start(lambda _: None)
            except EngineMissing as error:
                self._complain(error.message)
            else:
                self._ready = True

    async def stop(self) -> None:
        """End it."""
        async with self._starting:
            if self._owned and self._ready:
                self._ready = False
                await self._engine.stop()

    @property
    def ready(self) -> bool:
        """Whether it is loaded."""
        return self._ready

    def reads(self, language: str) -> bool:
        """Whether it knows that language."""
        languages = self._engine.facts.languages
        return not languages or base(language) in {base(each) for each in languages}

    async def read(self, utterance: Utterance, speed: float) -> Reading | None:
        """How it reads that text at that speed; None where it cannot."""
        if not self._ready or not self.reads(utterance.language):
            return None
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._read(utterance, max(_LEAST_SPEED, min(_MOST_SPEED, speed)))
        except TimeoutError:
            self._complain("it does not answer")
        except TroupeError as error:
            self._complain(error.message)
        return None

    async def _read(self, utterance: Utterance, speed: float) -> Reading | None:
        voice = self._voice(utterance)
        asked = Utterance(utterance.text, voice, utterance.language, speed)
        sound, words, phones = bytearray(), list[SpokenWord](), list[Phone]()
        async with aclosing(self._engine.speak(asked)) as pieces:
            async for piece in pieces:
                sound += piece.pcm
                words += piece.words
                phones += piece.phones
        if not phones:
            return None
        colour = self._colours.get(voice.voice_id, VoiceColour()).again()
        self._colours[voice.voice_id] = colour
        return await asyncio.to_thread(self._reading, bytes(sound), words, phones, colour)

    def _reading(self, pcm: bytes, words: list[SpokenWord], phones: list[Phone], colour: VoiceColour) -> Reading:
        cepstra = Cepstra(self._engine.facts.sample_rate)
        return Reading(tuple(phones), tuple(words), colour.of_all([cepstra.feed(pcm), cepstra.finish()]))

    def _voice(self, utterance: Utterance) -> EngineVoice:
        """Its voice of that language, if it can be of the same gender."""
        language, gender = utterance.language, utterance.voice.gender

        def distance(voice: EngineVoice) -> tuple[bool, bool, bool]:
            other = voice.language.lower() != language.lower()
            return (base(voice.language) != base(language), other, voice.gender is not gender)

        return min(self._engine.voices(), key=distance)

    def _complain(self, reason: str) -> None:
        if not self._complained:
            log.warning("words and mouth cues of some engines are reckoned by length: espeak cannot read: %s", reason)
        self._complained = True
