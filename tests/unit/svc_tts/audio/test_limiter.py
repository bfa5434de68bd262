from __future__ import annotations

import numpy as np
import pytest

from svc_tts.audio.limiter import CEILING, Limiter

RATE = 24_000
RANDOM = np.random.default_rng(11)


def limited(samples: np.ndarray, step: int, rate: int = RATE) -> np.ndarray:
    limiter = Limiter(rate)
    parts = [limiter.feed(samples[at : at + step]) for at in range(0, len(samples), step)]
    return np.concatenate([*parts, limiter.finish()])


def noise(seconds: float, scale: float) -> np.ndarray:
    swelling = 1 + np.sin(np.arange(round(seconds * RATE)) / 3_000)
    return (RANDOM.normal(0, scale, len(swelling)) * swelling).astype(np.float32)


@pytest.mark.parametrize("step", [1_000, 317, 10**6])
@pytest.mark.parametrize("rate", [8_000, 22_050, 24_000])
def test_what_is_not_too_loud_stays_as_it_is(step: int, rate: int) -> None:
    samples = noise(0.7, 3_000)
    assert np.array_equal(limited(samples, step, rate), samples)


@pytest.mark.parametrize("step", [777, 10**6])
@pytest.mark.parametrize("scale", [20_000, 200_000])
def test_nothing_is_above_the_ceiling_and_no_sample_is_lost(step: int, scale: float) -> None:
    samples = noise(0.7, scale)
    made = limited(samples, step)
    assert len(made) == len(samples)
    assert np.abs(made).max() <= CEILING * 1.0001
    assert np.sign(made).tolist() == np.sign(samples).tolist()


def test_pieces_make_no_difference() -> None:
    samples = noise(0.5, 30_000)
    assert limited(samples, 10**6) == pytest.approx(limited(samples, 481), rel=1e-4, abs=0.5)


def test_a_peak_is_turned_down_smoothly_and_only_around_it() -> None:
    samples = np.full(RATE, 10_000, np.float32)
    samples[RATE // 2] = 100_000
    gains = limited(samples, 10**6) / samples
    assert gains[: RATE // 2 - RATE // 100].min() == gains[RATE // 2 + RATE // 10 :].min() == 1.0
    assert np.abs(np.diff(gains)).max() < 0.02
    assert gains[RATE // 2] == pytest.approx(CEILING / 100_000, rel=1e-3)


@pytest.mark.parametrize("count", [0, 1, 30, 500])
def test_short_sounds(count: int) -> None:
    assert len(limited(np.full(count, 50_000, np.float32), 10**6)) == count
