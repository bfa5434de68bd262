from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.fakes.formants import VOICE, FormantEngine, Timbre

from svc_tts.around.level import LevelEngine
from svc_tts.audio.loudness import loudness
from svc_tts.engine import Piece, Utterance

RATE = 22_050
TEXTS = ("hello you over there", "how are you", "fine thank you very much, and how is your dog", "good")
UTTERANCE = Utterance(TEXTS[0], VOICE, "en-US", loudness_lufs=-16.0)


async def speak(engine: LevelEngine, utterance: Utterance) -> list[Piece]:
    return [piece async for piece in engine.speak(utterance)]


def sound(pieces: list[Piece]) -> np.ndarray:
    return np.frombuffer(b"".join(piece.pcm for piece in pieces), "<i2").astype(np.float32)


@pytest.mark.parametrize("gain", [0.02, 0.1, 0.9])
@pytest.mark.parametrize("target", [-30.0, -16.0])
async def test_every_sentence_is_as_loud_as_was_asked(gain: float, target: float) -> None:
    engine = LevelEngine(FormantEngine(Timbre(gain=gain)))
    for text in TEXTS:
        made = await speak(engine, replace(UTTERANCE, text=text, loudness_lufs=target))
        assert loudness(sound(made), RATE) == pytest.approx(target, abs=1.5)


async def test_only_a_voice_that_was_never_heard_is_waited_for() -> None:
    inner = FormantEngine(Timbre(gain=0.05), piece_s=0.1)
    engine = LevelEngine(inner)
    waited = []
    for _ in range(2):
        pieces = await speak(engine, UTTERANCE)
        waited.append(next(number for number, piece in enumerate(pieces) if piece.pcm))
    assert 9 <= waited[0] <= 12  # a second
    assert waited[1] <= 2


async def test_lengths_and_times_stay_as_they_are() -> None:
    inner = FormantEngine(Timbre(gain=0.7))
    levelled = await speak(LevelEngine(inner), replace(UTTERANCE, loudness_lufs=-8.0))
    plain = [piece async for piece in inner.speak(UTTERANCE)]
    assert len(sound(levelled)) == len(sound(plain))
    assert [word for piece in levelled for word in piece.words] == [word for piece in plain for word in piece.words]
    assert np.abs(sound(levelled)).max() <= 32_001


async def test_what_is_not_asked_for_is_not_done() -> None:
    inner = FormantEngine()
    utterance = replace(UTTERANCE, loudness_lufs=None, mp3_wanted=True)
    assert await speak(LevelEngine(inner), utterance) == [piece async for piece in inner.speak(utterance)]
    await speak(LevelEngine(inner), replace(utterance, loudness_lufs=-20.0))
    assert [heard.mp3_wanted for heard in inner.heard] == [True, True, False]


async def test_silence_stays_silence() -> None:
    made = sound(await speak(LevelEngine(FormantEngine()), replace(UTTERANCE, text="...")))
    assert len(made)
    assert not made.any()
