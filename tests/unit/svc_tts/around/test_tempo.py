from __future__ import annotations

import pytest
from tests.fakes.formants import VOICE, FormantEngine

from svc_tts.around.tempo import TempoEngine
from svc_tts.engine import Piece, Utterance

TEXT = "one two, three four"


async def speak(engine: FormantEngine, **asked: float) -> list[Piece]:
    return [piece async for piece in TempoEngine(engine).speak(Utterance(TEXT, VOICE, "en-US", **asked))]


def sound(pieces: list[Piece]) -> bytes:
    return b"".join(piece.pcm for piece in pieces)


async def test_what_is_not_asked_for_is_not_done() -> None:
    engine = FormantEngine()
    plain = [piece async for piece in engine.speak(Utterance(TEXT, VOICE, "en-US"))]
    assert await speak(engine) == plain


@pytest.mark.parametrize("speed", [0.5, 1.25, 2.0])
async def test_times_follow_the_speed(speed: float) -> None:
    engine = FormantEngine()
    plain, made = await speak(engine), await speak(engine, speed=speed)
    assert len(sound(made)) / 2 == round(len(sound(plain)) / 2 / speed)
    before = [word for piece in plain for word in piece.words]
    after = [word for piece in made for word in piece.words]
    assert [(w.start, w.end) for w in after] == [(w.start, w.end) for w in before]
    assert [w.start_s for w in after] == pytest.approx([w.start_s / speed for w in before])
    phones = [phone for piece in made for phone in piece.phones]
    assert phones[-1].end_s == pytest.approx(len(sound(made)) / 2 / 22_050, abs=1e-3)
    assert engine.heard[-1].speed == 1.0


async def test_an_engine_that_has_speed_is_asked_for_it() -> None:
    engine = FormantEngine(features=("timings", "speed"))
    made = await speak(engine, speed=1.5, pitch=3.0)
    assert (engine.heard[-1].speed, engine.heard[-1].pitch) == (1.5, 0.0)
    said = [word for piece in made for word in piece.words]
    assert said[-1].end_s == pytest.approx(len(sound(made)) / 2 / 22_050, abs=0.05)


async def test_mp3_is_not_asked_for_where_sound_is_changed() -> None:
    engine = FormantEngine()
    utterance = Utterance(TEXT, VOICE, "en-US", pitch=2.0, mp3_wanted=True)
    async for _ in TempoEngine(engine).speak(utterance):
        pass
    assert not engine.heard[-1].mp3_wanted


def test_it_says_that_it_can() -> None:
    assert TempoEngine(FormantEngine(features=("cues", "speed"))).facts.features == ("cues", "speed", "pitch")
