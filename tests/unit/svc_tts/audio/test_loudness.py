from __future__ import annotations

import numpy as np
import pytest

from svc_tts.audio.loudness import LoudnessMemory, loudness

RATE = 48_000


def sine(seconds: float, decibels: float, rate: int = RATE) -> np.ndarray:
    time_s = np.arange(round(seconds * rate)) / rate
    return (32_768 * 10 ** (decibels / 20) * np.sin(2 * np.pi * 997 * time_s)).astype(np.float32)


@pytest.mark.parametrize("rate", [16_000, 24_000, 48_000])
@pytest.mark.parametrize("seconds", [0.05, 0.3, 1.0, 3.0])
def test_a_sine_measures_as_the_standard_says(rate: int, seconds: float) -> None:
    assert loudness(sine(seconds, -20.0, rate), rate) == pytest.approx(-23.0, abs=0.3)  # BS.1770: 997 Hz, one channel


def test_silence_has_no_loudness() -> None:
    assert loudness(np.zeros(RATE, np.float32), RATE) is None
    assert loudness(np.zeros(0, np.float32), RATE) is None
    assert loudness(sine(1.0, -90.0), RATE) is None


def test_a_voice_is_remembered_and_changes_slowly() -> None:
    memory = LoudnessMemory()
    assert memory.of("a") is None
    memory.note("a", -20.0, 5.0)
    memory.note("b", -30.0, 5.0)
    assert (memory.of("a"), memory.of("b")) == (-20.0, -30.0)
    memory.note("a", -8.0, 5.0)
    assert memory.of("a") == -19.0
    for _ in range(60):
        memory.note("a", -12.0, 5.0)
    assert memory.of("a") == pytest.approx(-12.0, abs=0.3)


def test_only_so_many_voices_are_remembered() -> None:
    memory = LoudnessMemory()
    for number in range(1_100):
        memory.note(str(number), -20.0, 1.0)
    assert memory.of("0") is None
    assert memory.of("1099") == -20.0
