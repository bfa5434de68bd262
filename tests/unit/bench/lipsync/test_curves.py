from __future__ import annotations

import numpy as np
import pytest
from tests.bench.lipsync.alignment import Phone
from tests.bench.lipsync.curves import blinks, closures, eyes_open, lag, likeness, pearson, pose_range
from tests.bench.lipsync.openness import STEP_S, Reference, smoothed

FRAME_S = 0.04
TIMES = np.arange(0.02, 6.0, FRAME_S)


def wanted(seed: int = 1) -> Reference:
    """Six seconds of something like syllables."""
    steps = np.random.default_rng(seed).random(60).repeat(round(0.1 / STEP_S))
    return Reference(0.0, smoothed(steps))


def test_a_curve_is_like_itself_and_unlike_its_mirror() -> None:
    curve = wanted().at(TIMES)
    assert pearson(curve, 3 * curve + 2) == pytest.approx(1.0)
    assert pearson(curve, -curve) == pytest.approx(-1.0)
    assert pearson(curve, np.full_like(curve, 0.4)) == 0.0


@pytest.mark.parametrize("late_ms", [-200, -83, -20, 0, 7, 40, 200])
def test_a_late_mouth_has_a_positive_lag_found_finer_than_a_frame(late_ms: int) -> None:
    mouth = 0.1 + 0.2 * wanted().at(TIMES - late_ms / 1000)
    noise = np.random.default_rng(2).normal(0, 0.004, len(mouth))
    lag_s, r = lag(TIMES, mouth + noise, wanted())
    assert lag_s * 1000 == pytest.approx(late_ms, abs=3)
    assert r > 0.98


def test_another_reference_is_not_like_it() -> None:
    others = [abs(likeness(TIMES, wanted(1).at(TIMES), wanted(seed))) for seed in range(2, 22)]
    assert np.mean(others) < 0.25


def test_lips_that_meet_in_each_bilabial_are_counted() -> None:
    phones = [Phone("B", 1.0, 1.08), Phone("AA", 1.08, 2.0), Phone("M", 2.0, 2.08), Phone("AE", 2.08, 3.0)]
    mouth = np.full(len(TIMES), 0.2)
    mouth[np.abs(TIMES - 1.02) < FRAME_S / 2] = 0.01  # one frame within the B
    mouth[np.abs(TIMES - 2.18) < FRAME_S / 2] = 0.01  # two frames after the M
    found = closures(TIMES, mouth, phones, FRAME_S)
    assert [(each.phone.name, each.closed) for each in found] == [("B", True), ("M", False)]
    assert [each.opening for each in found] == pytest.approx([0.05, 1.0])


def test_a_closure_one_frame_beside_the_phone_counts() -> None:
    phones = [Phone("P", 1.0, 1.08), Phone("AA", 1.2, 2.0)]
    mouth = np.full(len(TIMES), 0.2)
    mouth[np.abs(TIMES - 1.14) < FRAME_S / 2 - 1e-6] = 0.0
    assert closures(TIMES, mouth, phones, FRAME_S)[0].closed


def test_without_a_vowel_nothing_can_be_said_of_closures() -> None:
    assert closures(TIMES, np.full(len(TIMES), 0.2), [Phone("M", 1.0, 1.1)], FRAME_S) == []


def test_blinks_are_dips_that_end() -> None:
    eyes = np.full(len(TIMES), 0.3)
    for at in (20, 60, 100):
        eyes[at : at + 4] = (0.2, 0.05, 0.08, 0.2)
    eyes[130:] = 0.05  # shut to the end: no blink
    assert blinks(TIMES, eyes) == 3
    assert not eyes_open(eyes)[[21, 22, 131]].any()
    assert eyes_open(eyes)[[0, 30]].all()


def test_narrowed_or_resting_eyes_do_not_blink() -> None:
    eyes = np.full(len(TIMES), 0.3)
    eyes[30:40] = 0.2  # narrowed to two thirds
    eyes[60:90] = 0.05  # shut for 1.2 s
    assert blinks(TIMES, eyes) == 0


def test_one_outlier_does_not_widen_the_pose() -> None:
    degrees = np.sin(np.linspace(0, 6.28, 150)) * 2
    degrees[70] = 40
    assert pose_range(degrees) == pytest.approx(4.0, abs=0.1)
