from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest
from tests.fakes.edge import RATE, WORD_S, FakeEdge, sound_of
from tests.unit.svc_tts.engines.edge.conftest import PATIENCE_S, decoded, make, say, spoken

from svc_tts.audio.mp3_frames import SAMPLES_PER_FRAME, count_frames
from svc_tts.engine import EdgeOptions, EdgePlace, EngineContext, Piece
from svc_tts.engines.edge.engine import EdgeEngine
from troupe.wire.errors import (
    InvalidArgument,
)


async def test_pcm_is_the_sound_of_microsofts_mp3(engine: EdgeEngine, fake: FakeEdge) -> None:
    pieces = await spoken(engine, say("Hello, world."))
    pcm = np.frombuffer(b"".join(piece.pcm for piece in pieces), "<i2")
    expected = decoded(fake.turns[0].audio)
    assert len(pcm) == len(expected) == count_frames(fake.turns[0].audio) * SAMPLES_PER_FRAME
    assert np.abs(pcm - expected).max() <= 2
    assert not any(piece.mp3 for piece in pieces)
    assert (fake.turns[0].voice_id, fake.turns[0].text) == ("en-US-AriaNeural", "Hello, world.")


async def test_mp3_goes_through_as_it_is(engine: EdgeEngine, fake: FakeEdge) -> None:
    pieces = await spoken(engine, say("Hello, world.", mp3_wanted=True))
    assert b"".join(piece.mp3 for piece in pieces) == fake.turns[0].audio
    assert not any(piece.pcm for piece in pieces)


async def test_words_have_places_and_times(engine: EdgeEngine, fake: FakeEdge) -> None:
    fake.mood.reads = {"5": "five dollars"}
    text = "It's $5 & up."
    words = [word for piece in await spoken(engine, say(text)) for word in piece.words]
    assert [text[word.start : word.end] for word in words] == ["It's", "$5", "up"]
    assert [word.start_s for word in words] == pytest.approx([0.1, 0.4, 0.7])
    assert words[0].end_s == pytest.approx(0.1 + 0.8 * WORD_S)
    assert fake.turns[0].text == text


@pytest.mark.parametrize(("speed", "rate"), [(1.0, 0), (0.5, -50), (2.0, 100), (1.234, 23)])
async def test_speed_is_microsofts_rate(engine: EdgeEngine, fake: FakeEdge, speed: float, rate: int) -> None:
    await spoken(engine, say("one", speed=speed))
    assert fake.turns[0].rate == rate


@pytest.mark.parametrize(
    "voice_id", ["zh-CN-liaoning-XiaobeiNeural", "iu-Cans-CA-SiqiniqNeural", "fil-PH-AngeloNeural"]
)
async def test_every_kind_of_voice_id_is_known_there(engine: EdgeEngine, fake: FakeEdge, voice_id: str) -> None:
    voice = next(voice for voice in engine.voices() if voice.voice_id == voice_id)
    await spoken(engine, say("one", voice))
    assert fake.turns[0].voice_id == voice_id


async def test_sound_comes_before_the_sentence_is_over(engine: EdgeEngine, fake: FakeEdge) -> None:
    fake.mood.gap_s = 0.1
    started = time.monotonic()
    async with aclosing(engine.speak(say("one two three four five six"))) as pieces:
        async for piece in pieces:
            if piece.pcm:
                break
    assert time.monotonic() - started < 1.0
    assert len(fake.turns[0].audio) < len(sound_of("one two three four five six")[0]) / 2


async def test_a_wait_beats(engine: EdgeEngine, fake: FakeEdge) -> None:
    fake.mood.wait_s = 1.0
    pieces = await spoken(engine, say("one"))
    first = next(number for number, piece in enumerate(pieces) if piece.pcm)
    assert first >= 3
    assert all(piece == Piece() for piece in pieces[:first] if not piece.words)


async def test_who_leaves_closes_the_socket(engine: EdgeEngine, fake: FakeEdge) -> None:
    fake.mood.gap_s = 0.05
    async with aclosing(engine.speak(say("one two three four five six seven eight"))) as pieces:
        async for piece in pieces:
            if piece.pcm:
                break
        left = time.monotonic()
    assert time.monotonic() - left < 1.0
    async with asyncio.timeout(PATIENCE_S):
        while not fake.turns[0].closed_at:
            await asyncio.sleep(0.01)
    assert fake.turns[0].closed_at - left < 1.0  # the goal is 0.2
    await engine.check()


async def test_only_so_many_at_once_and_the_others_beat(fake: FakeEdge, tmp_path: Path) -> None:
    engine = make(fake, tmp_path, at_once=2)
    await engine.start(lambda _: None)
    fake.mood.wait_s = 0.5
    answers = await asyncio.gather(*(spoken(engine, say(f"number {number}")) for number in range(5)))
    assert fake.most_open == 2
    assert all(any(piece.pcm for piece in pieces) for pieces in answers)
    assert sum(piece == Piece() for piece in answers[4]) >= 4
    await engine.stop()


async def test_a_wrong_clock_is_corrected_once(engine: EdgeEngine, fake: FakeEdge) -> None:
    fake.mood.clock_s = 3_600.0
    assert any(piece.pcm for piece in await spoken(engine, say("one")))
    assert fake.knocks == 2
    await spoken(engine, say("two"))
    assert fake.turns[1].text == "two"


async def test_an_end_is_an_end_without_a_goodbye(engine: EdgeEngine, fake: FakeEdge) -> None:
    fake.mood.says_goodbye = False
    started = time.monotonic()
    pieces = await spoken(engine, say("one two"))
    assert time.monotonic() - started < 2.0
    assert sum(len(piece.words) for piece in pieces) == 2
    assert any(piece.pcm for piece in pieces)


async def test_it_goes_by_the_proxy(fake: FakeEdge, tmp_path: Path) -> None:
    proxy = fake.url.replace("ws:", "http:").removesuffix("/readaloud")
    place = EdgePlace(proxy=proxy, endpoint="ws://speech.invalid/readaloud", voices_file=tmp_path / "voices.json")
    engine = EdgeEngine(EngineContext(1, 2.0, edge=place))
    await engine.start(lambda _: None)
    assert any(piece.pcm for piece in await spoken(engine, say("one")))
    assert len(fake.turns) == 1
    await engine.stop()


async def test_a_text_too_long_for_one_message_is_asked_for_in_several(engine: EdgeEngine, fake: FakeEdge) -> None:
    text = " ".join(f"{number:x}" * 400 for number in range(1, 13))
    pieces = await spoken(engine, say(text))
    assert len(fake.turns) == 2
    words = [word for piece in pieces for word in piece.words]
    assert [text[word.start : word.end] for word in words] == text.split()
    first_s = count_frames(fake.turns[0].audio) * SAMPLES_PER_FRAME / RATE
    assert words[-2].start_s == pytest.approx(first_s + 0.1)


async def test_a_style_is_refused(engine: EdgeEngine, fake: FakeEdge) -> None:
    with pytest.raises(InvalidArgument, match="no style"):
        await spoken(engine, say("one", options=EdgeOptions("cheerful")))
    await spoken(engine, say("one", options=EdgeOptions()))
    assert len(fake.turns) == 1


def test_the_facts_are_honest(fake: FakeEdge, tmp_path: Path) -> None:
    facts = make(fake, tmp_path).facts
    assert facts.cloud
    assert not facts.commercial_use
    assert not facts.probed
    assert {"en-US", "zh-CN", "ja-JP", "es-ES", "fr-FR"} <= set(facts.languages)
