from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.fakes.piper_voice import hz_of, speakers, tones, write

from svc_tts.engine import EngineContext, Piece, PiperOptions, PiperPlace, Utterance, load_engine
from svc_tts.engines.piper import engine as module
from svc_tts.engines.piper.engine import REMEDY, PiperEngine
from troupe.wire.errors import CheckpointBroken, EngineFailed, EngineMissing, InvalidArgument

RATE = 22_050
NAME = "en_US-toy-medium"
TEXT = "Hello Dr. Smith, I have 25 apples."


@asynccontextmanager
async def running(folder: Path, *, commercial_only: bool = False, held: int = 2) -> AsyncIterator[PiperEngine]:
    context = EngineContext(1, 2.0, commercial_only=commercial_only, piper=PiperPlace(folder, held))
    engine = load_engine("piper", context)
    assert isinstance(engine, PiperEngine)
    try:
        await engine.start(lambda _: None)
        yield engine
    finally:
        await engine.stop()


async def speak(engine: PiperEngine, text: str, voice_id: str = NAME, **settings: object) -> list[Piece]:
    voice = next(voice for voice in engine.voices() if voice.voice_id == voice_id)
    return [piece async for piece in engine.speak(Utterance(text, voice, voice.language, **settings))]


def seconds(pieces: list[Piece]) -> float:
    return sum(len(piece.pcm) for piece in pieces) / 2 / RATE


def samples(pieces: list[Piece]) -> np.ndarray:
    return np.frombuffer(b"".join(piece.pcm for piece in pieces), "<i2").astype(float)


def heard_hz(pieces: list[Piece], start_s: float, end_s: float) -> float:
    wave = samples(pieces)[round(start_s * RATE) : round(end_s * RATE)]
    return float(np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 1 << 16)).argmax() * RATE / (1 << 16))


def right_tones(pieces: list[Piece]) -> float:
    """The share of the phones that sound as their phoneme does."""
    told = [phone for piece in pieces for phone in piece.phones if len(phone.ipa) == 1 and hz_of(phone.ipa)]
    right = [abs(heard_hz(pieces, phone.start_s, phone.end_s) - hz_of(phone.ipa)) < 15 for phone in told]
    return sum(right) / len(right)


@pytest.mark.parametrize(
    ("rate", "text"), [(22_050, TEXT), (16_000, TEXT), (22_050, "one two three, four five six; seven eight, " * 6)]
)
async def test_words_and_phones_are_heard_when_they_are_told(tmp_path: Path, rate: int, text: str) -> None:
    write(tmp_path, NAME, tones(rate), audio={"sample_rate": rate, "quality": "medium"}, inference={"noise_scale": 0})
    async with running(tmp_path) as engine:
        pieces = await speak(engine, text)
    words = [word for piece in pieces for word in piece.words]
    spoken = [text[word.start : word.end] for word in words]
    assert spoken == [word.strip(".,;") for word in text.split()]
    phones = [phone for piece in pieces for phone in piece.phones]
    assert all(before.end_s == pytest.approx(after.start_s) for before, after in pairwise(phones))
    assert (phones[0].start_s, phones[-1].end_s) == (0, pytest.approx(seconds(pieces)))
    assert all(before.end_s <= after.start_s + 1e-9 for before, after in pairwise(words))
    assert right_tones(pieces) >= 0.97


async def test_what_is_told_comes_no_later_than_its_sound(tmp_path: Path) -> None:
    write(tmp_path, NAME)
    async with running(tmp_path) as engine:
        pieces = await speak(engine, "one two three, four five six; seven eight, " * 6)
    at_s = 0.0
    for piece in pieces:
        assert all(at_s - 0.05 <= word.start_s <= at_s + len(piece.pcm) / 2 / RATE for word in piece.words)
        at_s += len(piece.pcm) / 2 / RATE


async def test_speed_noise_and_speakers(tmp_path: Path) -> None:
    name = "en_GB-vctk-medium"
    write(tmp_path, name, tones(speakers=2), **speakers(["p239", "p236"]))
    async with running(tmp_path) as engine:
        usual = await speak(engine, TEXT, name, options=PiperOptions(noise_scale=0))
        fast = await speak(engine, TEXT, name, speed=2.0)
        second = await speak(engine, TEXT, name, options=PiperOptions(speaker=1, noise_scale=0))
        named = await speak(engine, TEXT, f"{name}-p236", options=PiperOptions(noise_scale=0))
        for options, wrong in (
            (PiperOptions(speaker=2), "piper.speaker is 2; en_GB-vctk-medium has the speakers 0 to 1"),
            (PiperOptions(noise_scale=9), "noise_scale is 9; it may be 0 to 2"),
            (PiperOptions(noise_w=-1), "noise_w is -1"),
        ):
            with pytest.raises(InvalidArgument, match=wrong):
                await speak(engine, TEXT, name, options=options)
    assert seconds(fast) < 0.7 * seconds(usual)
    assert samples(second).tolist() == samples(named).tolist() != samples(usual).tolist()


async def test_the_beginning_of_a_long_utterance_is_heard_before_the_end_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, NAME)
    orders = 0
    perform = module.Crew.perform

    async def counted(*given: object, **named: object) -> object:
        nonlocal orders
        orders += 1
        return await perform(*given, **named)

    async with running(tmp_path) as engine:
        monkeypatch.setattr(module.Crew, "perform", counted)
        voice = engine.voices()[0]
        utterance = Utterance("one two three, four five six; seven eight, " * 12, voice, voice.language)
        async with aclosing(engine.speak(utterance)) as pieces:
            async for piece in pieces:
                if piece.pcm:
                    break
        assert orders <= 2  # the first, and the one after it


async def test_a_voice_without_lengths_speaks_without_words(tmp_path: Path) -> None:
    write(tmp_path, NAME, tones(hidden_durations=False))
    async with running(tmp_path) as engine:
        pieces = await speak(engine, TEXT)
    assert seconds(pieces) > 1
    assert not any(piece.words or piece.phones for piece in pieces)


async def test_defective_voices_stay_out_and_the_others_serve(tmp_path: Path) -> None:
    write(tmp_path, "en_US-aaa-medium", b"junk")
    write(tmp_path, NAME)
    write(tmp_path, "fr_FR-zzz-low", tones()[:900])
    async with running(tmp_path) as engine:
        assert [voice.voice_id for voice in engine.voices()] == [NAME, "fr_FR-zzz-low"]
        with pytest.raises(CheckpointBroken, match=r"fr_FR-zzz-low\.onnx cannot be loaded: it is cut short"):
            await speak(engine, TEXT, "fr_FR-zzz-low")
        assert [voice.voice_id for voice in engine.voices()] == [NAME]
        assert seconds(await speak(engine, TEXT)) > 1


async def test_voices_that_come_and_go_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_EVERY_S", 0.0)
    path = write(tmp_path, NAME)
    async with running(tmp_path) as engine:
        gone = engine.voices()[0]
        write(tmp_path, "de_DE-new-medium")
        await engine.check()
        assert engine.facts.languages == ("en-US", "de-DE")
        path.unlink()
        await engine.check()
        assert [voice.voice_id for voice in engine.voices()] == ["de_DE-new-medium"]
        with pytest.raises(EngineFailed, match=f"{NAME} is not there any more"):
            [piece async for piece in engine.speak(Utterance(TEXT, gone, "en-US"))]
        (tmp_path / "de_DE-new-medium.onnx").unlink()
        with pytest.raises(EngineMissing, match="No voice of Piper"):
            await engine.check()


@pytest.mark.parametrize(
    ("graph", "card", "told"),
    [
        (None, "", "No voice of Piper .* lies in"),
        (b"junk", "* License: CC0", r"can be used: en_US-toy-medium.onnx cannot be loaded"),
        (tones(), "* License: CC BY-NC 4.0", r"TROUPE_COMMERCIAL_ONLY is set.*en_US-toy-medium \(CC BY-NC 4.0\)"),
        (tones(), "", r"TROUPE_COMMERCIAL_ONLY is set.*\(not told\)"),
    ],
)
async def test_what_is_missing_is_told_with_a_remedy(tmp_path: Path, graph: bytes | None, card: str, told: str) -> None:
    if graph is not None:
        write(tmp_path, NAME, graph, card)
    with pytest.raises(EngineMissing, match=told) as missing:
        async with running(tmp_path, commercial_only=True):
            pass
    assert missing.value.details["remedy"] == REMEDY


async def test_licences_are_told(tmp_path: Path) -> None:
    write(tmp_path, NAME, card="* License: CC0")
    async with running(tmp_path) as engine:
        assert (engine.facts.licence, engine.facts.commercial_use) == ("CC0", True)
        write(tmp_path, "en_US-ryan-high", card="* License: CC BY-NC 4.0")
        await engine.start(lambda _: None)
        assert (engine.facts.licence, engine.facts.commercial_use) == ("per voice", False)
        assert "en_US-ryan-high: CC BY-NC 4.0" in engine.facts.licence_note


async def test_many_at_once(tmp_path: Path) -> None:
    write(tmp_path, NAME)
    async with running(tmp_path) as engine:
        texts = [" ".join(words) for words in itertools.permutations(["one", "two", "three"])]
        spoken = await asyncio.gather(*(speak(engine, text) for text in texts))
    for text, pieces in zip(texts, spoken, strict=True):
        assert [text[word.start : word.end] for piece in pieces for word in piece.words] == text.split()
