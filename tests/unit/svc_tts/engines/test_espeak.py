from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from svc_tts.engine import EngineContext, EngineVoice, EspeakOptions, Piece, Utterance
from svc_tts.engines.espeak import EspeakEngine, Library, find_espeak
from svc_tts.engines.espeak_voices import LANGUAGES, espeak_name
from troupe.wire.errors import EngineFailed, EngineMissing, InvalidArgument

RATE = 22_050
VOICES = {voice.voice_id: voice for voice in EspeakEngine(EngineContext(1, 2.0)).voices()}
LETTER = ("tʃ", "aɪ", "n", "iː", "z", "l", "ɛ", "t")  # "Chinese letter", as espeak says of what it cannot read


@asynccontextmanager
async def running(
    workers: int = 1, library: Library | None = None, deadline_s: float = 2.0
) -> AsyncIterator[EspeakEngine]:
    engine = EspeakEngine(EngineContext(workers, deadline_s), library)
    try:
        await engine.start(lambda _: None)
        yield engine
    finally:
        await engine.stop()


def voice(language: str) -> EngineVoice:
    return VOICES[f"espeak-{language.lower()}-m"]


async def speak(engine: EspeakEngine, text: str, language: str = "en-US", **settings: object) -> list[Piece]:
    return [piece async for piece in engine.speak(Utterance(text, voice(language), language, **settings))]


def phones(pieces: list[Piece]) -> list[str]:
    return [phone.ipa for piece in pieces for phone in piece.phones]


def maps(process: str) -> str:
    return Path(f"/proc/{process}/maps").read_text()


def seconds(pieces: list[Piece]) -> float:
    return sum(len(piece.pcm) for piece in pieces) / 2 / RATE


async def test_words_and_phones_cover_the_sound() -> None:
    text = "Hello Dr. Smith, I have 25 apples."
    async with running() as engine:
        pieces = await speak(engine, text)
    words = [word for piece in pieces for word in piece.words]
    assert [text[word.start : word.end] for word in words] == ["Hello", "Dr", "Smith", "I", "have", "25", "apples"]
    cues = [phone for piece in pieces for phone in piece.phones]
    assert cues[0].start_s == 0
    assert all(before.end_s == after.start_s for before, after in pairwise(cues))
    assert cues[-1].end_s == pytest.approx(seconds(pieces), abs=1 / RATE)
    assert all(before.end_s <= after.start_s for before, after in pairwise(words))
    assert "θ" in phones(pieces)


@pytest.mark.parametrize(
    ("language", "text", "heard"),
    [
        ("zh-CN", "你好，世界。女人说：𠮷", ["n", "i", "χ", "ɑu", "ʂ"]),
        ("ja-JP", "今日は東京へ行きます。髙﨑さん", ["k", "ʲ", "o̞", "w", "ä"]),
    ],
)
async def test_ideographs_are_read_not_spelled(language: str, text: str, heard: list[str]) -> None:
    async with running() as engine:
        told = [name for name in phones(await speak(engine, text, language)) if name]
    assert told[: len(heard)] == heard
    joined = "".join(told)
    assert "".join(LETTER[:4]) not in joined
    assert "".join(LETTER[5:]) not in joined


async def test_the_rule_would_notice() -> None:
    async with running() as engine, engine.pool.child() as child:
        request = {"runs": [{"voice": "ja", "text": "東京"}], "rate": 175, "pitch": 50, "gap": 0}
        events = [event for frame in [f async for f in child.ask(request)] for event in frame.message.get("events", ())]
    assert "".join(LETTER[:4]) in "".join(event[4] for event in events).replace("ˈ", "")


async def test_every_language_speaks() -> None:
    async with running(2) as engine:
        for language in LANGUAGES:
            assert seconds(await speak(engine, "a 1", language)) > 0.1, language


async def test_speed_pitch_variant_and_gap_are_heard() -> None:
    text = "one two three four"
    async with running() as engine:
        usual = await speak(engine, text)
        fast = await speak(engine, text, speed=2.0)
        slow = await speak(engine, text, speed=0.5)
        high = await speak(engine, text, pitch=12.0)
        gaps = await speak(engine, text, options=EspeakOptions(word_gap_ms=500))
        croaky = await speak(engine, text, options=EspeakOptions(variant="croak"))
        with pytest.raises(InvalidArgument, match='Did you mean "croak"'):
            await speak(engine, text, options=EspeakOptions(variant="croack"))
    assert seconds(fast) < 0.7 * seconds(usual) < 0.7 * 0.7 * seconds(slow)
    assert seconds(gaps) > seconds(usual) + 1.0
    assert b"".join(p.pcm for p in high) != b"".join(p.pcm for p in usual) != b"".join(p.pcm for p in croaky)


async def test_it_reads_without_sound() -> None:
    async with running() as engine, engine.pool.child() as child:
        texts = [["en-us", "Hello, world."], ["de", "Straße"], ["en-us", ""]]
        (frame,) = [frame async for frame in child.ask({"read": texts})]
        assert frame.message["clauses"] == [[["həlˈoʊ", 8], ["wˈɜːld", 13]], [["ʃtɾˈɑːsə", 6]], [["", 0]]]
        assert frame.sound == b""
        with pytest.raises(EngineFailed, match='no voice "nowhere"'):
            [frame async for frame in child.ask({"read": [["nowhere", "a"]]})]


async def test_the_library_stays_out_of_this_process() -> None:
    async with running() as engine:
        assert seconds(await speak(engine, "Hello")) > 0
        assert all("espeak" in maps(str(child.pid)) for child in engine.pool.children)
    assert "espeakng_loader" not in sys.modules
    assert "espeak" not in maps("self")


async def test_children_all_killed_at_once_fail_nobody() -> None:
    async with running(workers=3) as engine:
        for _ in range(3):
            for child in psutil.Process().children():
                if "libespeak" in maps(str(child.pid)):
                    child.kill()
            assert phones(await speak(engine, "one two three"))


async def test_a_child_killed_within_a_sentence_is_replaced_and_the_sentence_goes_on() -> None:
    text = "This sentence is long enough to be broken in the middle of it, " * 8
    async with running() as engine:
        whole = await speak(engine, text)
        (child,) = engine.pool.children
        os.kill(child.pid, signal.SIGSTOP)
        pieces = engine.speak(Utterance(text, voice("en-US"), "en-US"))
        first = asyncio.create_task(anext(pieces))
        await asyncio.sleep(0.05)
        os.kill(child.pid, signal.SIGKILL)
        again = [await first] + [piece async for piece in pieces]
        assert engine.pool.children != (child,)
    assert seconds(again) == pytest.approx(seconds(whole), abs=0.05)
    assert len([w for p in again for w in p.words]) == len([w for p in whole for w in p.words])


async def test_a_hung_child_is_ended_by_the_deadline() -> None:
    async with running(deadline_s=0.2) as engine:
        (child,) = engine.pool.children
        os.kill(child.pid, signal.SIGSTOP)
        assert seconds(await speak(engine, "Hello")) > 0
        assert not child.alive


async def test_check_replaces_what_is_dead_or_hangs() -> None:
    async with running(2) as engine:
        dead, hung = engine.pool.children
        os.kill(dead.pid, signal.SIGKILL)
        os.kill(hung.pid, signal.SIGSTOP)
        await engine.check()
        assert len(engine.pool.children) == 2
        assert not {dead.pid, hung.pid} & {child.pid for child in engine.pool.children}


async def test_check_tells_that_the_library_vanished(tmp_path: Path) -> None:
    real = find_espeak()
    link = tmp_path / "libespeak-ng.so"
    link.symlink_to(real.path)
    async with running(1, Library(str(link), real.data)) as engine:
        await engine.check()
        link.unlink()
        with pytest.raises(EngineFailed, match=r"libespeak-ng.so is gone"):
            await engine.check()
        link.symlink_to(real.path)
        await engine.check()


async def test_a_library_that_is_none_is_told(tmp_path: Path) -> None:
    fake = tmp_path / "libespeak-ng.so"
    fake.write_text("no library")
    with pytest.raises(EngineFailed):
        async with running(1, Library(str(fake))):
            pass
    with pytest.raises(EngineMissing, match="is gone"):
        async with running(1, Library(str(tmp_path / "nothing.so"))):
            pass


async def test_who_leaves_early_frees_the_child() -> None:
    async with running() as engine:
        pieces = engine.speak(Utterance("A sentence. " * 40, voice("en-US"), "en-US"))
        await anext(pieces)
        left = time.monotonic()
        await pieces.aclose()
        while engine.pool.busy:
            await asyncio.sleep(0.005)
        assert time.monotonic() - left < 1.0  # the goal is 0.2
        assert seconds(await speak(engine, "Next")) > 0


async def test_many_at_once_take_turns() -> None:
    async with running(2) as engine:
        answers = await asyncio.gather(*(speak(engine, f"Number {number}") for number in range(12)))
        assert len(engine.pool.children) == 2
    assert all(seconds(answer) > 0.3 for answer in answers)


async def test_no_process_is_left() -> None:
    async with running(2) as engine:
        pids = [child.pid for child in engine.pool.children]
        assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_names_of_voices() -> None:
    assert espeak_name("en-gb", "") == "en"
    assert espeak_name("pt", "f2") == "pt-br+f2"
    assert espeak_name("xx-YY", "") == "en-us"
