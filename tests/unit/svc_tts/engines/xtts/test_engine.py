from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from svc_tts.engine import EngineContext, EngineVoice, Piece, Utterance, VoiceReference, XttsOptions, XttsPlace
from svc_tts.engines.xtts import engine as module
from svc_tts.engines.xtts import process
from svc_tts.engines.xtts.engine import XttsEngine
from troupe.wire.errors import EngineFailed, EngineMissing, InvalidArgument, Overloaded, UnsupportedMedia

STANDIN = Path(__file__).parents[5] / "tests/fakes/xtts_standin.py"
VOICE = EngineVoice("xtts-damien-black", "Damien Black", "")
TEXT = "Nobody minds the quick brown fox at all."


@pytest.fixture
def context(tmp_path: Path) -> EngineContext:
    for name in ("model.pth", "config.json", "vocab.json", "speakers_xtts.pth"):
        (tmp_path / name).touch()
    return EngineContext(1, 5.0, xtts=XttsPlace(tmp_path, tos_agreed=True))


@pytest.fixture(autouse=True)
def standin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "COMMAND", (sys.executable, str(STANDIN), "works"))
    monkeypatch.setattr("svc_tts.engines.xtts.terms.find_spec", lambda name: name)


@asynccontextmanager
async def running(context: EngineContext) -> AsyncIterator[XttsEngine]:
    engine = XttsEngine(context)
    try:
        await engine.start(lambda _: None)
        yield engine
    finally:
        await engine.stop()


def utterance(text: str = TEXT, **settings: object) -> Utterance:
    return replace(Utterance(text, VOICE, "en-US"), **settings)


async def speak(engine: XttsEngine, **settings: object) -> list[Piece]:
    async with asyncio.timeout(20):
        return [piece async for piece in engine.speak(utterance(**settings))]


def sound(pieces: list[Piece]) -> bytes:
    return b"".join(piece.pcm for piece in pieces)


async def test_voices_and_facts_are_known_once_it_is_loaded(context: EngineContext) -> None:
    assert XttsEngine(context).voices() == ()
    async with running(context) as engine:
        assert [voice.voice_id for voice in engine.voices()] == [
            "xtts-claribel-dervla",
            "xtts-damien-black",
            "xtts-somebody-new",
        ]
        facts = engine.facts
    assert (facts.licence, facts.commercial_use, facts.clones) == ("CPML", False, True)
    assert (facts.device, facts.max_streams) == ("cpu", 4 + 8)
    assert len(facts.languages) == 17


async def test_it_speaks_and_speed_is_its_own(context: EngineContext) -> None:
    async with running(context) as engine:
        assert len(sound(await speak(engine))) == 2 * 1114 * len(TEXT)
        assert len(sound(await speak(engine, speed=2.0))) == pytest.approx(1114 * len(TEXT), rel=0.01)
        assert engine.counts() == {"codes": 2 * len(TEXT)}


async def test_licence_comes_before_everything_else(context: EngineContext) -> None:
    engine = XttsEngine(replace(context, xtts=replace(context.xtts, tos_agreed=False)))
    with pytest.raises(EngineMissing, match="licence"):
        await engine.start(lambda _: None)
    await engine.stop()


async def test_a_full_house_refuses(context: EngineContext) -> None:
    async with running(context) as engine:
        asks = [asyncio.create_task(speak(engine, text="x" * 2_000)) for _ in range(12)]
        await asyncio.sleep(0.05)
        with pytest.raises(Overloaded, match="xtts has 12 sentences to speak"):
            await speak(engine)
        for ask in asks:
            ask.cancel()
        await asyncio.gather(*asks, return_exceptions=True)
        assert sound(await speak(engine))


async def test_one_that_died_comes_back_by_itself(context: EngineContext) -> None:
    async with running(context) as engine:
        await engine.check()
        os.kill(engine._running().pid, signal.SIGKILL)
        with pytest.raises(EngineFailed, match="signal 9"):
            await speak(engine)
        with pytest.raises(EngineFailed, match=r"started again \(loading"):
            await engine.check()
        await until_well(engine)
        assert sound(await speak(engine))
        assert engine.counts()["restarted"] == 1


async def test_one_that_dies_each_time_is_started_less_and_less_often(
    context: EngineContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.2)
    async with running(context) as engine:
        monkeypatch.setattr(process, "COMMAND", (sys.executable, str(STANDIN), "dies"))
        os.kill(engine._running().pid, signal.SIGKILL)
        ends = time.monotonic() + 2
        while time.monotonic() < ends:
            with pytest.raises(EngineFailed):
                await engine.check()
            await asyncio.sleep(0.02)
        assert 2 <= engine.counts()["restarted"] <= 5
        monkeypatch.setattr(process, "COMMAND", (sys.executable, str(STANDIN), "works"))
        engine._not_before = 0.0
        await until_well(engine)


async def test_a_refusal_is_repeated_for_a_while_without_another_process(
    context: EngineContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "COMMAND", (sys.executable, str(STANDIN), "missing"))
    engine = XttsEngine(context)
    with pytest.raises(EngineMissing, match=r"3\.0 GiB"):
        await engine.start(lambda _: None)
    started = time.monotonic()
    with pytest.raises(EngineMissing, match=r"3\.0 GiB"):
        await engine.start(lambda _: None)
    assert time.monotonic() - started < 0.05
    monkeypatch.setattr(process, "COMMAND", (sys.executable, str(STANDIN), "works"))
    engine._not_before = 0.0
    await engine.start(lambda _: None)
    await engine.stop()


async def test_one_that_is_frozen_with_nothing_to_do_is_found(
    context: EngineContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PING_S", 0.1)
    async with running(context) as engine:
        frozen = engine._running().pid
        os.kill(frozen, signal.SIGSTOP)
        for _ in range(module.MOST_UNANSWERED):
            with pytest.raises(EngineFailed):
                await engine.check()
        await until_well(engine)
        assert engine._running().pid != frozen


async def test_a_clone_is_prepared_spoken_and_forgotten(context: EngineContext, tmp_path: Path) -> None:
    reference = VoiceReference("key", tmp_path / "reference.wav", tmp_path)
    async with running(context) as engine:
        with pytest.raises(UnsupportedMedia, match="Clone it anew"):
            await engine.prepare(reference)
        reference.wav.touch()
        await engine.prepare(reference)
        assert sound(await speak(engine, reference=reference))
        engine.forget("key")
        await engine.check()


async def test_a_voice_of_another_engine_is_refused(context: EngineContext) -> None:
    async with running(context) as engine:
        with pytest.raises(InvalidArgument, match='xtts has no voice "espeak-de"'):
            await speak(engine, voice=EngineVoice("espeak-de", "", "de"))


async def test_a_sentence_has_a_seed_of_its_own_unless_one_is_given(context: EngineContext) -> None:
    async with running(context) as engine:
        lines = [
            engine._line(utterance()),
            engine._line(utterance()),
            engine._line(utterance("Another one.")),
            engine._line(utterance(voice=engine.voices()[0])),
            engine._line(utterance(options=XttsOptions(seed=7, top_k=3))),
        ]
    assert lines[0].seed == lines[1].seed
    assert len({line.seed for line in lines}) == 4
    assert (lines[4].seed, lines[4].top_k) == (7, 3)


async def until_well(engine: XttsEngine) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await engine.check()
            except EngineFailed:
                await asyncio.sleep(0.05)
            else:
                return
