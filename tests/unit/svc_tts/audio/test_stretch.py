from __future__ import annotations

import numpy as np
import pytest
from tests.fakes.formants import Timbre, say

from svc_tts.audio.stretch import Stretcher

RATE = 16_000
TEXT = "hello you, how are you, fine"


def spoken() -> np.ndarray:
    return np.frombuffer(say(TEXT, Timbre(), RATE)[0], "<i2").astype(np.float32)


def stretched(samples: np.ndarray, speed: float, semitones: float, step: int) -> np.ndarray:
    stretcher = Stretcher(RATE, speed, semitones)
    parts = [stretcher.feed(samples[at : at + step]) for at in range(0, len(samples), step)]
    return np.concatenate([*parts, stretcher.finish()])


@pytest.mark.parametrize(("speed", "semitones"), [(0.5, 0), (0.8, 0), (1.3, 0), (2.0, 0), (1.0, 5), (1.5, -12)])
@pytest.mark.parametrize("step", [999, 20_000, 10**7])
def test_lengths_are_exact_and_loudness_stays(speed: float, semitones: float, step: int) -> None:
    samples = spoken()
    made = stretched(samples, speed, semitones, step)
    assert len(made) == round(len(samples) / speed)
    assert np.sqrt((made**2).mean()) == pytest.approx(np.sqrt((samples**2).mean()), rel=0.3)


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.5, 2.0])
@pytest.mark.parametrize("step", [1_600, 10**7])
def test_pauses_are_where_they_belong(speed: float, step: int) -> None:
    samples, pauses = spoken(), [p for p in say(TEXT, Timbre(), RATE)[2] if not p.ipa and p.end_s - p.start_s > 0.1]
    made = stretched(samples, speed, 0.0, step)
    for pause in pauses:
        middle = round((pause.start_s + pause.end_s) / 2 / speed * RATE)
        assert np.abs(made[middle - 400 : middle + 400]).max() < 0.05 * np.abs(made).max()


@pytest.mark.parametrize("semitones", [-7, 4, 12])
def test_the_pitch_is_that_many_semitones_away(semitones: int) -> None:
    tone = (9_000 * np.sin(2 * np.pi * 220 * np.arange(2 * RATE) / RATE)).astype(np.float32)
    made = stretched(tone, 1.0, semitones, 10**7)[RATE // 2 : RATE // 2 + RATE]
    peak_hz = float(np.argmax(np.abs(np.fft.rfft(made))))
    assert peak_hz == pytest.approx(220 * 2 ** (semitones / 12), rel=0.02)


def test_the_first_sound_does_not_wait_for_the_end() -> None:
    samples, stretcher, fed = spoken(), Stretcher(RATE, 1.2, 0.0), 0
    while not len(stretcher.feed(samples[fed : fed + 800])):
        fed += 800
    assert fed < 0.6 * RATE


@pytest.mark.parametrize("count", [0, 1, 100, 700])
def test_the_shortest_sounds_have_their_length(count: int) -> None:
    assert len(stretched(spoken()[4_000 : 4_000 + count], 1.3, 0.0, 10**7)) == round(count / 1.3)
