"""Text as it comes -> sentences -> an engine -> sound with exact times.

What is spoken is said in the caller's terms: words as code points of the input, times from the first sample of the
whole answer, through cleaning, readings, pauses and resampling. gRPC and HTTP both stand on this.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace

from svc_tts.audio.timeline import Timeline
from svc_tts.engine import Engine, Phone, Piece, SpokenWord, Utterance
from svc_tts.frontend.aligned import AlignedText
from svc_tts.frontend.clean import clean, speakable
from svc_tts.frontend.language import base, guess
from svc_tts.frontend.normalise import normalised
from svc_tts.frontend.pauses import Pause
from svc_tts.frontend.pronounce import Pronunciations
from svc_tts.frontend.script import PlainScribe, Scribe, Sentence, Stretch
from svc_tts.frontend.ssml import SsmlScribe
from svc_tts.frontend.style import Style
from svc_tts.speech import (
    LEAST_SPEED,
    MOST_PITCH,
    MOST_SPEED,
    Cue,
    Flush,
    Header,
    Part,
    SentenceEnd,
    Sound,
    SpeechRequest,
    Word,
)
from svc_tts.voices.catalogue import Casting, Catalogue
from troupe.wire.errors import EmptyText, InvalidArgument, TextTooLong, UnsupportedLanguage
from troupe.wire.progress import Progress

MAX_TEXT_CHARS = 1_000_000
MAX_PAUSES_S = 600.0  # of silence one request may ask for
_SILENCE_STEP_S = 1.0  # longest silence made in one go
_SPLIT_CHARS = 4_096  # of text cut into sentences in one go: a book that comes at once is not held twice


async def sentences_of(
    texts: AsyncIterator[str | Flush], scribe: Scribe, progress: Progress
) -> AsyncGenerator[Sentence, None]:
    """Sentences as soon as they are whole; raises `TextTooLong` as soon as it is."""
    received = 0
    while True:
        with progress.waiting("waiting for text"):
            piece = await anext(texts, None)
        received += len(piece) if isinstance(piece, str) else 0
        if received > MAX_TEXT_CHARS:
            message = f"The text has more than {MAX_TEXT_CHARS:,} characters. Send it in several requests."
            raise TextTooLong(message, max_text_chars=MAX_TEXT_CHARS)
        for sentence in _written(piece, scribe):
            yield sentence
        if piece is None:
            return


def _written(piece: str | Flush | None, scribe: Scribe) -> Iterator[Sentence]:
    """What becomes whole with that piece; a long text is taken in pieces, None is the end."""
    if piece is None:
        yield from scribe.close()
    elif isinstance(piece, str):
        for at in range(0, len(piece), _SPLIT_CHARS):
            yield from scribe.feed(piece[at : at + _SPLIT_CHARS])
    else:
        yield from scribe.flush()


class Speech:
    """One answer being made."""

    def __init__(self, request: SpeechRequest, engine: Engine, catalogue: Catalogue, progress: Progress) -> None:
        request.check()
        self._request = request
        self._engine = engine
        self._catalogue = catalogue
        self._progress = progress
        self._pronunciations = Pronunciations.parse(request.pronunciations)
        self._as_frames = request.as_frames(engine.facts)
        self._timeline = Timeline(request.format, request.volume, as_frames=self._as_frames)
        self._casting: Casting | None = None
        self._language = ""  # that the request tells
        self._consumed = 0  # code points of the input
        self._told = SentenceEnd(0, 0)  # the last one
        self._words = 0
        self._cued_ms = 0  # where the last cue ended
        self._paused_s = 0.0  # silence asked for so far
        self._pauses: list[Pause] = []  # those that come before the next word

    async def parts(self, texts: AsyncIterator[str | Flush]) -> AsyncGenerator[Part, None]:
        """Speak all the text that comes; raises `EmptyText`, `TextTooLong`, `UnknownVoice`, `EngineFailed`, ..."""
        language = await asyncio.to_thread(self._catalogue.language_of, self._request.wish)
        self._language = language
        scribe = SsmlScribe(language) if self._request.ssml else PlainScribe(language)
        async with aclosing(sentences_of(texts, scribe, self._progress)) as sentences:
            async for sentence in sentences:
                async with aclosing(self._sentence(sentence, language)) as parts:
                    async for part in parts:
                        yield part
        if self._casting is None:
            raise EmptyText("The text holds nothing to say: no letter, no digit. Send words.")
        for sound in self._silence():
            yield sound
        yield Sound(await asyncio.to_thread(self._timeline.close))
        if self._told != self._end():
            yield self._end()

    async def _sentence(self, sentence: Sentence, language: str) -> AsyncGenerator[Part, None]:
        self._consumed = sentence.consumed
        spoken_before = self._casting is not None
        said = False
        for stretch in self._stretches(sentence):
            if isinstance(stretch, Pause):
                self._pause(stretch)
                continue
            if self._casting is None:
                yield self._header(await self._cast(language, stretch.text.text))
            if spoken_before and not said and not self._pauses:
                self._pauses.append(Pause(self._engine.facts.sentence_gap_s / self._request.speed))
            said = True
            for sound in self._silence():
                yield sound
            async with aclosing(self._utterance(stretch)) as sounds:
                async for sound in sounds:
                    yield sound
        if said:
            self._told = self._end()
            yield self._told

    def _stretches(self, sentence: Sentence) -> list[Stretch | Pause]:
        """What is to be said of a sentence, and the pauses in it."""
        cleaned = (part if isinstance(part, Pause) else self._cleaned(part) for part in sentence.parts)
        return [part for part in cleaned if isinstance(part, Pause) or speakable(part.text.text)]

    def _cleaned(self, stretch: Stretch) -> Stretch:
        text = self._pronunciations.apply(clean(stretch.text))
        if self._writes_numbers:
            text = normalised(text, stretch.style.language or self._language or guess(text.text))
        return Stretch(text, stretch.style)

    @property
    def _writes_numbers(self) -> bool:
        wanted = self._request.normalize_text
        return wanted if wanted is not None else not self._engine.facts.reads_numbers

    async def _cast(self, language: str, text: str) -> Casting:
        wanted = language or guess(text)
        self._casting = await asyncio.to_thread(
            self._catalogue.cast, self._engine.facts.name, self._request.wish, wanted
        )
        return self._casting

    def _header(self, casting: Casting) -> Header:
        facts, voice = self._engine.facts, casting.voice
        return Header(casting, frozenset(facts.estimated) - frozenset(voice.features))

    async def _speaker(self, style: Style) -> Casting:
        """Who says what is marked up as another voice's, or as of another language."""
        assert self._casting is not None  # noqa: S101  # cast before the first utterance
        main, facts = self._casting, self._engine.facts
        if not style.voice and base(style.language or main.language) == base(main.language):
            return main
        if not style.voice and (main.reference is not None or not facts.languages):
            return replace(main, language=style.language)  # it reads more than one
        wish = replace(self._request.wish, voice_id=style.voice, language=style.language, gender=main.voice.gender)
        try:
            wanted = await asyncio.to_thread(self._catalogue.language_of, wish) or main.language
            return await asyncio.to_thread(self._catalogue.cast, facts.name, wish, wanted)
        except UnsupportedLanguage:
            return main

    async def _utterance(self, stretch: Stretch) -> AsyncGenerator[Sound, None]:
        text, style, asked = stretch.text, stretch.style, self._request
        casting = await self._speaker(style)
        utterance = Utterance(
            text=text.text,
            voice=casting.voice,
            language=casting.language,
            speed=min(MOST_SPEED, max(LEAST_SPEED, asked.speed * style.speed)),
            pitch=min(MOST_PITCH, max(-MOST_PITCH, asked.pitch + style.pitch)),
            options=asked.options,
            words_before=self._words,
            loudness_lufs=asked.loudness_lufs,
            reference=casting.reference,
            mp3_wanted=self._as_frames,
        )
        start_s = self._timeline.position_s
        self._timeline.begin(self._engine.facts.sample_rate, style.volume)
        cued = False
        async with aclosing(self._engine.speak(utterance)) as pieces:
            async for piece in pieces:
                self._progress.beat("synthesizing")
                audio = await self._sound(piece)
                words = tuple(self._word(word, text, start_s) for word in piece.words)
                cues = tuple(cue for phone in piece.phones if (cue := self._cue(phone, start_s)))
                cued = cued or bool(piece.phones)
                if audio or words or cues:
                    yield Sound(audio, words, cues)
        rest = await asyncio.to_thread(self._timeline.end)
        quiet = self._quiet_to_now()
        yield Sound(rest, cues=quiet if cued else ())  # nothing is known of the mouth, which is not silence

    async def _sound(self, piece: Piece) -> bytes:
        if piece.mp3:
            return self._timeline.frames(piece.mp3)
        return await asyncio.to_thread(self._timeline.feed, piece.pcm) if piece.pcm else b""

    def _word(self, word: SpokenWord, text: AlignedText, start_s: float) -> Word:
        self._words += 1
        start, end = text.source(word.start, word.end)
        return Word(
            text.text[word.start : word.end], start, end, _ms(start_s + word.start_s), _ms(start_s + word.end_s)
        )

    def _cue(self, phone: Phone, start_s: float) -> Cue | None:
        """The cue of a phone; each begins where the last one ended, whatever the rounding."""
        begins, self._cued_ms = self._cued_ms, max(self._cued_ms, _ms(start_s + phone.end_s))
        return Cue(phone.ipa, begins, self._cued_ms, phone.stressed) if self._cued_ms > begins else None

    def _quiet_to_now(self) -> tuple[Cue, ...]:
        now_s = self._timeline.position_s
        cue = self._cue(Phone("", now_s, now_s), 0.0)
        return (cue,) if cue else ()

    def _pause(self, pause: Pause) -> None:
        self._paused_s += pause.seconds
        if self._paused_s > MAX_PAUSES_S:
            raise InvalidArgument(f"The pauses in this text add up to more than {MAX_PAUSES_S:g} s.", field="text")
        self._pauses.append(pause)

    def _silence(self) -> Iterator[Sound]:
        """The pauses due, in steps."""
        due_s = sum(pause.seconds for pause in self._pauses)
        self._pauses.clear()
        while due_s > 0:
            step_s = min(due_s, _SILENCE_STEP_S)
            due_s -= step_s
            self._progress.beat("synthesizing")
            yield Sound(self._timeline.silence(step_s), cues=self._quiet_to_now())

    def _end(self) -> SentenceEnd:
        return SentenceEnd(self._consumed, _ms(self._timeline.position_s))


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
