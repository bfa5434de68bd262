"""Words and mouth cues for engines that tell none. The sound goes out at once; what is heard in it follows.

Where the engine knows its words, phones are placed inside them. Else a second voice (espeak) reads the text meanwhile
and its reading is laid beside the sound (`audio.alignment`): flite's words are found within 36 ms on average, half of
them within 18; by their length, within 88. Where nothing reads the language, words are placed by their length, and
there are no phones.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace

from svc_tts.around.listening import Listener
from svc_tts.around.reader import Reader
from svc_tts.around.wrapped import WrappedEngine, can, voice_key
from svc_tts.audio.colour import VoiceColour
from svc_tts.audio.reading import Reading
from svc_tts.engine import Engine, EngineFacts, Piece, Utterance

_TELLS = ("timings", "cues")
_REMEMBERED = 512  # voices
_NEW_SHARE = 0.3  # of one utterance in what is known of a voice's slowness
_SLOWEST, _FASTEST = 2.0, 0.5


@dataclass(frozen=True, slots=True)
class _Manner:
    """How a voice speaks, as far as it was heard."""

    colour: VoiceColour = field(default_factory=VoiceColour)
    slowness: float = 1.0  # its time for a text, over the reader's


class TimedEngine(WrappedEngine):
    """The inner engine, and when each word and phone of its is heard."""

    def __init__(self, inner: Engine, reader: Reader) -> None:
        super().__init__(inner)
        self._reader = reader
        self._manners: OrderedDict[str, _Manner] = OrderedDict()

    @property
    def facts(self) -> EngineFacts:
        """The inner engine's; what is told here is marked as estimated."""
        facts = self.inner.facts
        made = tuple(tells for tells in self._lacking if tells != "cues" or self._reader.ready)
        return replace(facts, features=(*facts.features, *made), estimated=(*facts.estimated, *made))

    @property
    def _lacking(self) -> tuple[str, ...]:
        return tuple(tells for tells in _TELLS if tells not in self.inner.facts.features)

    async def start(self, report: Callable[[float], None]) -> None:
        """Load the inner engine, and the reader where it will be needed."""
        if self._lacking:
            await self._reader.start()
        await self.inner.start(report)

    async def stop(self) -> None:
        """Stop both."""
        await self.inner.stop()
        await self._reader.stop()

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        """Speak; what is heard in a piece of sound comes after it."""
        lacking = frozenset(tells for tells in _TELLS if not can(self.inner.facts, utterance.voice, tells))
        speaking = self._listening(utterance, lacking) if lacking else self.inner.speak(utterance)
        async with aclosing(speaking) as pieces:
            async for piece in pieces:
                yield piece

    async def _listening(self, utterance: Utterance, lacking: frozenset[str]) -> AsyncGenerator[Piece, None]:
        manner = self._manners.get(voice_key(utterance), _Manner())
        reading = asyncio.create_task(self._reader.read(utterance, utterance.speed / manner.slowness))
        colour = manner.colour.again()
        listener = Listener(utterance, self.inner.facts.sample_rate, colour, lacking)
        try:
            async with aclosing(self.inner.speak(utterance)) as pieces:
                async for piece in pieces:
                    yield piece
                    listener.hear(piece)
                    if (piece.pcm or piece.words) and reading.done():
                        yield await asyncio.to_thread(listener.tell, reading.result())
            yield await asyncio.to_thread(listener.finish, await reading)
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
        self._remember(voice_key(utterance), _Manner(colour, _slowness(manner, listener.length_s, reading.result())))

    def _remember(self, key: str, manner: _Manner) -> None:
        self._manners[key] = manner
        self._manners.move_to_end(key)
        if len(self._manners) > _REMEMBERED:
            self._manners.popitem(last=False)


def _slowness(manner: _Manner, length_s: float, reading: Reading | None) -> float:
    if reading is None:
        return manner.slowness
    now = manner.slowness * length_s / max(0.1, reading.phones[-1].end_s)
    return max(_FASTEST, min(_SLOWEST, manner.slowness + _NEW_SHARE * (now - manner.slowness)))
