"""Piper: neural voices of some forty languages, offline, several times real time on one core.

Text becomes espeak's IPA in one child process (GPL stays there), IPA becomes sound in others (a malformed voice may end
its process, never the service). Long utterances are cut at clauses, so that the beginning is heard while the rest is
made; each released voice tells how long its phonemes last (`graph`), which gives exact words and cues.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from svc_tts.engine import (
    EngineContext,
    EngineFacts,
    EngineVoice,
    Phone,
    Piece,
    PiperOptions,
    SpokenWord,
    Utterance,
)
from svc_tts.engines.child import ChildPool
from svc_tts.engines.espeak import find_espeak
from svc_tts.engines.piper.crew import Crew, Order, Take
from svc_tts.engines.piper.phonemes import Clause, Spelled, spell, stretches
from svc_tts.engines.piper.reading import Reader, Token
from svc_tts.engines.piper.shelf import Chosen, Shelf
from svc_tts.engines.piper.timing import heard, to_phones, to_words
from svc_tts.engines.piper.voice import Scales
from troupe.wire.errors import CheckpointBroken, EngineFailed, EngineMissing, InvalidArgument
from troupe.wire.pulse import BEAT_S

REMEDY = "make voice NAME=en_US-kristin-medium"
_READER = "svc_tts.engines.espeak_child"
_RATE = 22_050  # Hz: of the qualities medium and high; the voices of 16 kHz are resampled
_PIECE_BYTES = 2 * _RATE  # 1 s of sound
_MOST_PROCESSES = 8
_MOST_THREADS = 4  # more help one stretch little
_LOOK_EVERY_S = 3.0  # at the folder
_NOISE = (0.0, 2.0)  # of `noise_scale` and `noise_w`


@dataclass(frozen=True, slots=True)
class _Line:
    """An utterance on its way."""

    chosen: Chosen
    scales: Scales
    speaker: int
    parts: tuple[Clause, ...]
    tokens: tuple[Token, ...]


class PiperEngine:
    """The voices in a folder."""

    def __init__(self, context: EngineContext) -> None:
        self._deadline_s = context.deadline_s
        self._shelf = Shelf(context.piper.voices, commercial_only=context.commercial_only)
        self.look()
        self._looked_at = time.monotonic()
        size = min(context.workers, context.piper.held, _MOST_PROCESSES)
        threads = min(_MOST_THREADS, max(1, (os.cpu_count() or 1) // size))
        self._crew = Crew(size, context.piper.held, threads, _RATE, context.deadline_s)
        self._reading: ChildPool | None = None
        self._warming: asyncio.Task[None] | None = None

    @property
    def facts(self) -> EngineFacts:
        """What the voices in the folder can do now."""
        voices = self._shelf.stock.voices
        licences = list(dict.fromkeys(voice.licence.name for voice in voices))
        return EngineFacts(
            name="piper",
            sample_rate=_RATE,
            languages=tuple(dict.fromkeys(voice.language for voice in voices)) or ("und",),
            licence=licences[0] if len(licences) == 1 else "per voice",
            licence_note="; ".join(f"{voice.name}: {voice.licence.name}" for voice in voices[:20]),
            commercial_use=all(voice.licence.commercial_use for voice in voices),
            model="Piper (VITS)",
            features=("timings", "cues", "speed"),
            varies=True,
            sentence_gap_s=0.1,
        )

    def voices(self) -> tuple[EngineVoice, ...]:
        """Those in the folder, and the speakers of each; it may change while the service runs."""
        return self._shelf.stock.listed

    def look(self) -> None:
        """See now which voices lie in the folder; `check` does so now and then."""
        self._shelf.look()

    async def start(self, report: Callable[[float], None]) -> None:
        """Start the processes and load the default voice."""
        await asyncio.to_thread(self.look)
        self._require_voices()
        library = find_espeak()
        if problem := library.problem():
            raise EngineMissing(f"Piper reads with libespeak-ng, which cannot be used: {problem}")
        self._reading = self._reading or ChildPool((_READER, library.path, library.data), 1, self._deadline_s)
        report(0.1)
        await asyncio.gather(self._reading.fill(), self._crew.pool.fill())
        report(0.4)
        while (first := self._first()) and not await self._load(first):
            pass
        self._require_voices()
        report(0.9)
        self._warming = asyncio.create_task(self._warm())

    async def check(self) -> None:
        """The processes answer; now and then, whether voices came or went."""
        if self._reading is None:
            raise EngineFailed("piper was not started")
        if time.monotonic() > self._looked_at + _LOOK_EVERY_S:
            self._looked_at = time.monotonic()
            await asyncio.to_thread(self.look)
        self._require_voices()
        await asyncio.gather(self._reading.fill(), self._crew.check())

    async def stop(self) -> None:
        """End the processes."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        await self._crew.close()
        if self._reading is not None:
            await self._reading.close()

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        """Speak; empty pieces come while it loads or computes, and the next stretch is made while this one is heard."""
        line = await self._line(utterance)
        at_s, moved = 0.0, asyncio.Event()
        ahead = asyncio.create_task(self._take(line, 0, moved))
        try:
            for number in range(len(line.parts)):
                while not (await asyncio.wait({ahead}, timeout=BEAT_S))[0]:
                    if moved.is_set() or self._crew.pool.busy:
                        moved.clear()
                        yield Piece()
                spelled, take = ahead.result()
                if number + 1 < len(line.parts):
                    ahead = asyncio.create_task(self._take(line, number + 1, moved))
                for piece in _pieces(line, number, spelled, take, at_s):
                    yield piece
                at_s += len(take.pcm) / 2 / _RATE
        finally:
            if not ahead.done():
                ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)

    @cached_property
    def _reader(self) -> Reader:
        if self._reading is None:
            raise EngineFailed("piper was not started")
        return Reader(self._reading)

    async def _line(self, utterance: Utterance) -> _Line:
        chosen = self._shelf.find(utterance.voice.voice_id)
        if chosen is None:
            problems = "; ".join(self._shelf.stock.problems.values())
            raise EngineFailed(f"Piper's voice {utterance.voice.voice_id} is not there any more. {problems}".strip())
        options = utterance.options if isinstance(utterance.options, PiperOptions) else PiperOptions()
        reading = await self._reader.read(utterance.text, chosen.voice)
        return _Line(
            chosen,
            _scales(chosen.voice.scales, options, utterance.speed),
            _speaker(chosen, options),
            tuple(stretches(reading.clauses)) or (Clause((), 0),),
            reading.tokens,
        )

    async def _take(self, line: _Line, number: int, moved: asyncio.Event) -> tuple[Spelled, Take]:
        spelled = spell(line.parts[number].symbols, line.chosen.voice)
        order = Order(line.chosen, spelled.ids, line.scales, line.speaker)
        try:
            return spelled, await self._crew.perform(order, moved.set)
        except CheckpointBroken as error:
            self._shelf.condemn(line.chosen, error.message)
            raise

    def _first(self) -> Chosen | None:
        listed = self._shelf.stock.listed
        return self._shelf.find(listed[0].voice_id) if listed else None

    async def _load(self, chosen: Chosen) -> bool:
        """Whether that voice is loaded; a defective one is left out from now on."""
        try:
            await self._crew.perform(Order(chosen, (), chosen.voice.scales))
        except CheckpointBroken as error:
            self._shelf.condemn(chosen, error.message)
            return False
        return True

    async def _warm(self) -> None:
        """The default voice in the other processes too, so that a second listener does not wait for it."""
        chosen = self._first()
        if chosen is not None:
            with contextlib.suppress(EngineFailed):
                await asyncio.gather(*(self._load(chosen) for _ in range(self._crew.size)))

    def _require_voices(self) -> None:
        stock, folder = self._shelf.stock, self._shelf.folder
        if stock.voices:
            return
        if stock.problems:
            raise EngineMissing(
                f"No voice in {folder} can be used: {next(iter(stock.problems.values()))}", remedy=REMEDY
            )
        if stock.refused:
            names = ", ".join(f"{voice.name} ({voice.licence.name})" for voice in stock.refused[:3])
            raise EngineMissing(
                f"TROUPE_COMMERCIAL_ONLY is set; no voice in {folder} is known to allow commercial use: {names}",
                remedy=REMEDY,
            )
        raise EngineMissing(f"No voice of Piper (.onnx beside .onnx.json) lies in {folder}", remedy=REMEDY)


def _scales(usual: Scales, options: PiperOptions, speed: float) -> Scales:
    for name, value in (("noise_scale", options.noise_scale), ("noise_w", options.noise_w)):
        if value is not None and not _NOISE[0] <= value <= _NOISE[1]:
            raise InvalidArgument(
                f"{name} is {value:g}; it may be {_NOISE[0]:g} to {_NOISE[1]:g}.", field=f"piper.{name}"
            )
    return Scales(
        usual.noise if options.noise_scale is None else options.noise_scale,
        usual.length / speed,
        usual.noise_w if options.noise_w is None else options.noise_w,
    )


def _speaker(chosen: Chosen, options: PiperOptions) -> int:
    if chosen.named:
        return chosen.speaker
    if not 0 <= options.speaker < chosen.voice.speakers:
        last = chosen.voice.speakers - 1
        raise InvalidArgument(
            f"piper.speaker is {options.speaker}; {chosen.voice.name} has the speakers 0 to {last}.",
            field="piper.speaker",
        )
    return options.speaker


def _pieces(line: _Line, number: int, spelled: Spelled, take: Take, at_s: float) -> list[Piece]:
    """One second each, with what is heard in it."""
    words, phones = _timed(line, number, spelled, take, at_s)
    pieces: list[Piece] = []
    for at in range(0, len(take.pcm), _PIECE_BYTES):
        until_s = at_s + (at + _PIECE_BYTES) / 2 / _RATE if at + _PIECE_BYTES < len(take.pcm) else float("inf")
        new_words = tuple(word for word in words if word.start_s < until_s)
        new_phones = tuple(phone for phone in phones if phone.start_s < until_s)
        words, phones = words[len(new_words) :], phones[len(new_phones) :]
        pieces.append(Piece(take.pcm[at : at + _PIECE_BYTES], new_words, new_phones))
    return pieces


def _timed(
    line: _Line, number: int, spelled: Spelled, take: Take, at_s: float
) -> tuple[Sequence[SpokenWord], Sequence[Phone]]:
    """Words and phones of one stretch, where its voice tells the lengths of its phonemes."""
    if len(take.frames) != len(spelled.ids):
        return (), ()
    phones = heard(spelled, take.frames, len(take.pcm) / 2 / _RATE)
    tokens = line.tokens[line.parts[number - 1].end if number else 0 : line.parts[number].end]
    words = to_words(phones, at_s, [token.span for token in tokens], [token.phones for token in tokens])
    return words, to_phones(phones, at_s)
