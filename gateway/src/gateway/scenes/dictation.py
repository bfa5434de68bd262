"""A script that a model writes while it is spoken: its tokens, made sayable, phrase by phrase into the speech.

Nothing waits for the whole text. The model is not read further than the listener can use: where more than `AHEAD_CHARS`
are written beyond what was spoken, its next token waits: a slow reader holds back frames, then speech, then tokens.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from gateway.routing.chain import Chain, Served
from gateway.routing.replay import Replay
from gateway.scenes.handover import Resumed, nobody
from gateway.scenes.phrases import Phrase, Phrases
from gateway.scenes.prose import Prose
from gateway.scenes.registry import Scene
from troupe.v1.speech_pb2 import Flush, SpeechInput
from troupe.v1.text_pb2 import FINISH_REASON_LENGTH, ChatDelta
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import EngineFailed

AHEAD_CHARS = 2_000  # letters and digits, some two minutes; far more than a speech service must see to go on
HUNGRY_S = 0.8
"""With less sound than this before the listener, unfinished sentences are spoken too."""


@dataclass(frozen=True, slots=True)
class Commission:
    """What a writer is given: whom to ask, and whom to tell of it."""

    chain: Chain  # of text
    scene: Scene
    deadline: Deadline
    request_id: str
    resumed: Callable[[Resumed], None] = nobody


@dataclass(frozen=True, slots=True)
class Draft:
    """A script that has begun to be written."""

    served: Served[ChatDelta]
    max_chars: int  # of what is spoken
    language: str = ""  # BCP 47, of the script; empty = that of the speech
    hosts: Collection[str] | None = None  # web addresses that may be said; None = any
    judged: Callable[[str], str] = str  # what may be spoken of a phrase that cannot be trusted


class Scriptwriter(Protocol):
    """Whoever writes a script."""

    async def begin(self, commission: Commission) -> Draft:
        """Return once the first words are written."""
        ...


class Dictation:
    """One script being written. `replay` has it for the speech, `text` is what was given to it so far."""

    def __init__(self, draft: Draft, scene: Scene, clock: Callable[[], float] = time.monotonic) -> None:
        self.served = draft.served
        self.text = ""
        self._draft = draft
        self._scene = scene
        self._prose = Prose(draft.hosts)
        self._phrases = Phrases(clock)
        self._listener = Listener(clock)
        self._ahead = 0  # letters and digits given and not spoken yet
        self._room = asyncio.Event()
        self._source = self._messages()
        self.replay: Replay[SpeechInput] = Replay(
            self._source, lambda message: int(message.ByteSize()), lambda message: len(message.text)
        )

    async def opening(self) -> str:
        """The first phrase, as soon as there is one. Raises `EngineFailed` where the model says nothing."""
        async with aclosing(self.replay.reader_from(0)) as messages:
            async for _, message in messages:
                return message.text
        raise EngineFailed(
            f"{self.served.rung.name} wrote nothing that can be spoken. Ask in other words, or name another provider."
        )

    def spoken(self, place: int, made_ms: int) -> None:
        """The text is spoken up to that code point, by so much sound from the first sample on."""
        self._listener.has(place, made_ms)
        self._ahead = _letters(self.text[self._listener.place :])
        if self._ahead <= AHEAD_CHARS:
            self._room.set()

    async def aclose(self) -> None:
        """Stop the model."""
        await self.replay.aclose()
        await self.served.aclose()
        await self._source.aclose()

    async def _messages(self) -> AsyncGenerator[SpeechInput]:
        """The script for the speech. Raises what breaks the text and cannot be mended."""
        ragged = False
        async for delta in self.served:
            ragged = ragged or delta.finish_reason == FINISH_REASON_LENGTH
            if not delta.content:
                continue
            self._scene.stage("first_token")
            for message in self._given(self._prose.feed(delta.content)):
                yield message
            if len(self.text) >= self._draft.max_chars:
                self._scene.tell("note", text=f"the script was ended after {self._draft.max_chars:,} characters")
                await self.served.aclose()
                ragged = True
                break
            await self._while_far_ahead()
        self._scene.stage("text_done")
        said = self._prose.end()
        for message in [*self._given(said), *self._rest(ragged=ragged)]:
            yield message

    def _given(self, said: str) -> list[SpeechInput]:
        hungry = self._listener.hungry(len(self.text))
        return self._told(self._phrases.feed(said, hungry=hungry))

    def _rest(self, *, ragged: bool) -> list[SpeechInput]:
        return self._told(self._phrases.rest(ragged=ragged))

    def _told(self, phrases: list[Phrase]) -> list[SpeechInput]:
        """The phrases as the speech takes them; each is told to the scene before any of its words."""
        messages = []
        for phrase in phrases:
            if not (text := self._judged(phrase.text)):
                continue
            self._scene.tell("text", text=text, start=len(self.text))
            self.text += text
            self._ahead += _letters(text)
            messages.append(SpeechInput(text=text))
            if phrase.at_once:
                messages.append(SpeechInput(flush=Flush()))
        return messages

    def _judged(self, phrase: str) -> str:
        words = phrase.rstrip()
        kept = self._draft.judged(words)
        return kept + phrase[len(words) :] if kept else ""

    async def _while_far_ahead(self) -> None:
        while self._ahead > AHEAD_CHARS:
            self._room.clear()
            await self._room.wait()  # the film's own limits bound this wait


class Listener:
    """How far somebody is who hears the sound from its first sample on as it is made."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began: float | None = None
        self._made_s = 0.0
        self.place = 0  # code points of the text that are spoken

    def has(self, place: int, made_ms: int) -> None:
        """So much is made."""
        self.place = max(self.place, place)
        self._made_s = max(self._made_s, made_ms / 1000)
        if self._began is None and made_ms:
            self._began = self._clock()

    def hungry(self, place: int) -> bool:
        """Whether all that was given, up to that place, is spoken, and soon heard."""
        if self._began is None or self.place < place:
            return False
        return self._made_s - (self._clock() - self._began) < HUNGRY_S


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))
