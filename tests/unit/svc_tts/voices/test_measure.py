from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import pytest
from tests.fakes.speaker import RATE, speech

from svc_tts.engine import Engine, EngineContext, Utterance, load_engine
from svc_tts.voices.measure import measure

TEXT = "My voice is my own, and I lend it gladly. The morning was bright, and a cool wind came from the sea."
SECONDS = 12
AT = np.arange(SECONDS * RATE) / RATE


def noise(level_db: float, count: int = len(AT), seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal(count) * 10 ** (level_db / 20)).astype(np.float32)


def notes(length_s: float, decay: float) -> np.ndarray:
    """A melody of seven harmonics."""
    chance, at = np.random.default_rng(3), np.arange(round(length_s * RATE)) / RATE
    shape = np.exp(-at * decay) * np.minimum(1, at / 0.01) * 0.3
    return np.concatenate(
        [
            sum(np.sin(2 * np.pi * 220 * 2 ** (step / 12) * k * at) / k**1.5 for k in range(1, 8)) * shape
            for step in chance.integers(0, 13, round(SECONDS / length_s))
        ]
    ).astype(np.float32)


NO_SPEECH: dict[str, Callable[[], np.ndarray]] = {
    "silence": lambda: np.zeros(len(AT), np.float32),
    "hiss": lambda: noise(-20),
    "faint hiss": lambda: noise(-70),
    "hum of the mains": lambda: sum(np.sin(2 * np.pi * 50 * k * AT) / k for k in range(1, 9)).astype(np.float32) * 0.2,
    "a tone": lambda: np.sin(2 * np.pi * 440 * AT).astype(np.float32) * 0.3,
    "a ringing telephone": lambda: (
        (np.sin(2 * np.pi * 440 * AT) + np.sin(2 * np.pi * 480 * AT)).astype(np.float32) * (AT % 3 < 1) * 0.2
    ),
    "a sweep": lambda: np.sin(2 * np.pi * (100 * AT + 30 * AT**2)).astype(np.float32) * 0.3,
    "a melody": lambda: notes(0.4, 4.0),
    "an organ": lambda: notes(0.4, 0.2),
    "fast notes": lambda: notes(0.12, 6.0),
    "bursts of noise": lambda: noise(-20) * (np.sin(2 * np.pi * 3 * AT) > 0),
    "claps": lambda: noise(-10) * np.exp(-((AT % 0.5) * 20)).astype(np.float32),
}


@pytest.mark.parametrize("make", NO_SPEECH.values(), ids=NO_SPEECH)
def test_what_is_no_speech_lacks_voice_movement_or_length(make: Callable[[], np.ndarray]) -> None:
    heard = measure(make())
    assert heard.speech_s < 5 or heard.voiced < 0.1 or heard.movement_db < 1


@pytest.fixture(scope="module")
def spoken() -> dict[str, np.ndarray]:
    """What an engine says, at 24 kHz, by voice."""
    return asyncio.run(_spoken())


async def _spoken() -> dict[str, np.ndarray]:
    engine: Engine = load_engine("espeak", EngineContext(1, 5.0))
    await engine.start(lambda _: None)
    voices = [voice for voice in engine.voices() if voice.language in {"en-US", "de-DE"}]
    made = {}
    for voice in voices:
        pieces = [piece.pcm async for piece in engine.speak(Utterance(TEXT, voice, voice.language))]
        samples = np.frombuffer(b"".join(pieces), "<i2").astype(np.float32) / 32_768
        at = np.arange(0, len(samples), engine.facts.sample_rate / RATE)
        made[voice.voice_id] = np.interp(at, np.arange(len(samples)), samples).astype(np.float32)
    await engine.stop()
    return made


def test_an_engines_speech_is_speech(spoken: dict[str, np.ndarray]) -> None:
    assert len(spoken) >= 4
    for voice_id, samples in spoken.items():
        heard = measure(samples)
        assert heard.speech_s > 0.6 * heard.seconds
        assert heard.voiced > 0.5
        assert heard.movement_db > 3
        assert heard.clipped < 0.001
        assert (heard.pitch_hz < 155) == voice_id.endswith("-m")


@pytest.mark.parametrize("pitch_hz", [90, 130, 220])
def test_the_made_speaker_speaks(pitch_hz: float) -> None:
    heard = measure(speech(SECONDS, pitch_hz))
    assert heard.speech_s > 8
    assert heard.movement_db > 3
    assert heard.pitch_hz == pytest.approx(pitch_hz, rel=0.15)


@pytest.mark.parametrize("snr_db", [20, 10])
def test_the_noise_is_measured(snr_db: float) -> None:
    samples = speech(SECONDS)
    speaking = measure(samples).level_db
    heard = measure(samples + noise(speaking - snr_db))
    assert heard.snr_db == pytest.approx(snr_db, abs=2.5)


def test_level_and_clipping_are_measured() -> None:
    samples = speech(SECONDS)
    clean = measure(samples)
    assert measure(samples / 10).level_db == pytest.approx(clean.level_db - 20, abs=0.1)
    assert clean.clipped < 0.001
    assert measure(np.clip(samples * 4, -0.4, 0.4)).clipped > 0.01


def test_anything_can_be_measured() -> None:
    for samples in (np.zeros(0, np.float32), np.zeros(1, np.float32), speech(0.01), speech(0.5)):
        assert np.isfinite(measure(samples).snr_db)
