from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import pairwise

import numpy as np
import pytest
from tests.fakes.formants import VOICE, FormantEngine, Timbre, say

from svc_tts.around.reader import Reader
from svc_tts.around.timing import TimedEngine
from svc_tts.engine import Engine, EngineContext, EngineVoice, Piece, Utterance
from svc_tts.engines.espeak import EspeakEngine
from svc_tts.engines.flite import REMEDY, FliteEngine
from troupe.wire.errors import EngineFailed, EngineMissing

SPEAKER = Timbre(pitch_hz=205, tract=1.1, letter_s=0.1)
TEXT = "once upon a time, there was a frog in a well"
UTTERANCE = Utterance(TEXT, VOICE, "en-US")
CONTEXT = EngineContext(1, 5.0)


async def pieces_of(engine: Engine, utterance: Utterance = UTTERANCE) -> list[Piece]:
    return [piece async for piece in engine.speak(utterance)]


async def timed(inner: Engine, reader: Engine | None = None) -> TimedEngine:
    engine = TimedEngine(inner, Reader(reader or FormantEngine(), owned=True))
    await engine.start(lambda _: None)
    return engine


def starts(pieces: list[Piece]) -> list[float]:
    return [word.start_s for piece in pieces for word in piece.words]


async def test_the_sound_is_the_engines_and_goes_out_first() -> None:
    inner = FormantEngine(SPEAKER, features=())
    pieces = await pieces_of(await timed(inner))
    plain = await pieces_of(inner)
    assert [piece.pcm for piece in pieces if piece.pcm] == [piece.pcm for piece in plain]
    made_s = 0.0
    for piece in pieces:
        assert all(word.end_s <= made_s + 0.02 for word in piece.words)
        made_s += len(piece.pcm) / 2 / 22_050


async def test_words_and_phones_are_found_while_it_speaks() -> None:
    pieces = await pieces_of(await timed(FormantEngine(SPEAKER, features=(), piece_s=0.1, pause_s=0.01)))
    true = [word.start_s for word in say(TEXT, SPEAKER, 22_050)[1]]
    assert np.abs(np.subtract(starts(pieces), true)).mean() < 0.04
    assert sum(bool(piece.words) for piece in pieces) > 5
    phones = [phone for piece in pieces for phone in piece.phones]
    assert all(one.end_s == other.start_s for one, other in pairwise(phones))


async def test_an_engine_that_knows_its_words_keeps_them() -> None:
    pieces = await pieces_of(await timed(FormantEngine(SPEAKER, features=("timings",))))
    words = say(TEXT, SPEAKER, 22_050)[1]
    assert starts(pieces) == [word.start_s for word in words]
    phones = [phone for piece in pieces for phone in piece.phones]
    begins = {round(phone.start_s, 6) for phone in phones}
    assert all(round(word.start_s, 6) in begins for word in words)


async def test_an_engine_that_knows_all_is_left_alone() -> None:
    inner, reader = FormantEngine(), FormantEngine()
    engine = await timed(inner, reader)
    assert await pieces_of(engine) == await pieces_of(inner)
    assert (engine.facts, reader.started, reader.heard) == (inner.facts, 0, [])


class Sometimes(FormantEngine):
    """Says of no voice that it tells, and tells."""

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        pcm, words, phones = say(utterance.text, self.timbre, 22_050)
        yield Piece(pcm, words, phones)


async def test_what_an_engine_tells_unasked_is_not_told_twice() -> None:
    inner = Sometimes(SPEAKER, features=())
    assert [piece for piece in await pieces_of(await timed(inner)) if piece != Piece()] == await pieces_of(inner)


async def test_a_voice_that_can_is_left_alone() -> None:
    reader = FormantEngine()
    voice = EngineVoice("clever", "Clever", "en-US", features=("timings", "cues"))
    await pieces_of(await timed(FormantEngine(features=()), reader), Utterance(TEXT, voice, "en-US"))
    assert reader.heard == []


class Missing(FormantEngine):
    async def start(self, report: object) -> None:
        raise EngineMissing("not here", remedy="make it")


class Failing(FormantEngine):
    async def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        raise EngineFailed("it broke")
        yield Piece()


@pytest.mark.parametrize("reader", [Missing(), Failing()])
async def test_without_a_reader_words_go_by_their_length(reader: Engine) -> None:
    engine = await timed(FormantEngine(SPEAKER, features=()), reader)
    pieces = await pieces_of(engine)
    assert len(starts(pieces)) == len(TEXT.split())
    assert not any(piece.phones for piece in pieces)
    await engine.stop()


async def test_a_language_the_reader_lacks_goes_by_length() -> None:
    engine, utterance = await timed(FormantEngine(SPEAKER, features=())), Utterance("ein Haus", VOICE, "de-DE")
    assert len(starts(await pieces_of(engine, utterance))) == 2


async def test_it_says_what_is_estimated() -> None:
    engine = await timed(FormantEngine(features=("timings", "speed")))
    assert engine.facts.features == ("timings", "speed", "cues")
    assert engine.facts.estimated == ("cues",)
    assert (await timed(FormantEngine(features=()), Missing())).facts.features == ("timings",)


async def test_a_listener_who_leaves_leaves_nothing_behind() -> None:
    engine = await timed(FormantEngine(SPEAKER, features=()))
    async with aclosing(engine.speak(UTTERANCE)) as pieces:
        await anext(pieces)


async def test_the_reader_adapts_to_a_slow_voice() -> None:
    reader = FormantEngine(Timbre(letter_s=0.06))
    engine = await timed(FormantEngine(SPEAKER, features=()), reader)
    for _ in range(8):
        await pieces_of(engine)
    assert reader.heard[0].speed == 1.0
    assert 0.5 <= reader.heard[-1].speed < 0.75


SENTENCES = ("The quick brown fox jumps over the lazy dog, and runs away.", "Bob baked a big apple pie for my mother.")
MEAN_S, MEDIAN_S = 0.06, 0.03  # measured: 0.028 and 0.015


@pytest.mark.skipif(shutil.which("flite") is None, reason=f"flite is not installed: {REMEDY}")
async def test_flites_words_are_found_by_espeak() -> None:
    """flite knows when it says what; here it does not tell."""
    flite = FliteEngine(CONTEXT)
    engine = await timed(Deaf(flite), EspeakEngine(CONTEXT))
    errors: list[float] = []
    try:
        for text in SENTENCES:
            utterance = Utterance(text, flite.voices()[1], "en-US")
            found, true = starts(await pieces_of(engine, utterance)), starts(await pieces_of(flite, utterance))
            errors += np.abs(np.subtract(found, true)).tolist()
    finally:
        await asyncio.gather(engine.stop(), flite.stop())
    assert np.mean(errors) < MEAN_S
    assert np.median(errors) < MEDIAN_S


class Deaf(FormantEngine):
    """Another engine, without what it tells."""

    def __init__(self, inner: Engine) -> None:
        super().__init__(features=(), rate=inner.facts.sample_rate)
        self._inner = inner

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        async for piece in self._inner.speak(utterance):
            yield Piece(piece.pcm)
