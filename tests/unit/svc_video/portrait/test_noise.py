from __future__ import annotations

import math

import numpy as np
import pytest

from svc_video.engines.portrait.noise import Moments, bump, joined, noise, smooth, wander


def test_noise_is_even_and_the_same_for_the_same_question() -> None:
    values = [noise(seed, "x", number) for seed in range(20) for number in range(100)]
    assert 0 <= min(values) < 0.01
    assert 0.99 < max(values) < 1
    assert np.mean(values) == pytest.approx(0.5, abs=0.02)
    assert values[5] == noise(0, "x", 5) != noise(0, "y", 5)


def test_a_wander_is_smooth() -> None:
    way = np.array([wander(1, "w", position / 50) for position in range(2000)])
    assert np.abs(way).max() <= 1.5
    assert np.std(way) > 0.3
    assert np.abs(np.diff(way, 2)).max() < 0.01


def test_a_bump_has_its_top_at_zero_and_level_ends() -> None:
    way = np.array([bump(past, 0.3, 0.6) for past in np.arange(-0.5, 0.9, 0.001)])
    assert way.max() == bump(0, 0.3, 0.6) == 1
    assert (bump(-0.3, 0.3, 0.6), bump(0.6, 0.3, 0.6)) == (0, 0)
    assert np.abs(np.diff(way)).max() < 0.008
    assert np.abs(np.diff(way, 2)).max() < 1e-4  # no corner


def test_one_movement_out_of_several() -> None:
    assert joined([]) == 0
    assert joined([0.4]) == pytest.approx(0.4)
    assert 0.8 <= joined([0.8, 0.5, 0.1]) < 0.9
    assert (smooth(-1), smooth(0.5), smooth(2)) == (0, 0.5, 1)


def test_moments_are_irregular_and_do_not_depend_on_how_they_are_asked_for() -> None:
    one, other = (Moments(4, "m", 1.0, 3.0, 1.5) for _ in range(2))
    other.last_before(200.0)
    assert [one.last_before(at) for at in (0.5, 7.0, 90.0)] == [other.last_before(at) for at in (0.5, 7.0, 90.0)]
    assert one.last_before(0.5) == (-1, -math.inf)
    gaps = np.diff([one.time(number) for number in range(300)])
    assert (gaps.min() >= 1.5, gaps.max() <= 4.5) == (True, True)
    assert gaps.mean() == pytest.approx(3.0, abs=0.2)
    assert gaps.std() > 0.4


def test_moments_come_as_often_as_asked() -> None:
    assert Moments(4, "m", 1.0, 3.0, 1.5, rate=0.0).last_before(1e4) == (-1, -math.inf)
    assert Moments(4, "m", 1.0, 3.0, 1.5, rate=2.0).last_before(600.0)[0] == pytest.approx(400, rel=0.05)
