from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from tests.bench.lipsync.alignment import Phone
from tests.bench.lipsync.curves import closures, inside, likeness
from tests.bench.lipsync.figures import figures
from tests.bench.lipsync.footage import RATE, placed
from tests.bench.lipsync.laboratory import SecondOpinion, compared
from tests.bench.lipsync.losses import losses
from tests.bench.lipsync.openness import reference, spoken_span
from tests.bench.lipsync.table import show
from tests.bench.lipsync.verdict import Judged, controls, loudness

TIMES = np.arange(0.02, 4.0, 0.04)
NAMES = ["B", "AA", "M", "IY", "P", "AE", "S", "OW"]


def film(name: str, seed: int, *, follows: bool = True) -> Judged:
    """A film of random syllables whose mouth does what it should, or what another one should."""
    phones = syllables(seed)
    wanted = reference(phones)
    mouth = 0.3 * (wanted if follows else reference(syllables(seed + 100))).at(TIMES)
    spoken = inside(TIMES, spoken_span(phones))
    return Judged(
        path=Path(name),
        text=str(seed),
        phones=phones,
        times_s=TIMES,
        openings=mouth,
        spoken=spoken,
        loudness=mouth,
        wanted=wanted,
        r=likeness(TIMES[spoken], mouth[spoken], wanted),
        lag_s=-0.03 if seed == 2 else 0.01,
        r_at_lag=1.0,
        r_volume=0.5,
        shift_error_s=0.001,
        closures=closures(TIMES, mouth, phones, 0.04),
        blinks=1,
        ssim=0.95,
        pose=(2.0, 1.0, 0.5),
        p95=0.3,
    )


def syllables(seed: int) -> list[Phone]:
    order = np.random.default_rng(seed).permutation(NAMES * 4)
    return [Phone(str(name), 0.2 + 0.11 * number, 0.31 + 0.11 * number) for number, name in enumerate(order)]


def test_a_mouth_is_unlike_the_sound_of_other_films() -> None:
    films = [film(f"ada/{seed}.mp4", seed) for seed in range(1, 7)]
    assert all(each.r > 0.999 for each in films)
    assert len(controls(films)) == 30
    assert np.mean(controls(films)) < 0.3


def test_a_single_film_is_its_own_control() -> None:
    assert 0 < np.mean(controls([film("ada/1.mp4", 1)])) < 0.35


def test_figures_have_means_and_the_worst(capsys: pytest.CaptureFixture[str]) -> None:
    films = [film("ada/1.mp4", 1), film("ada/2.mp4", 2), film("kenji/3.mp4", 3, follows=False)]
    told = figures(films, {Path("ada/1.mp4"): SecondOpinion(0.8, 0.9)})
    assert told["r_phonemes_worst"] == pytest.approx(films[2].r, abs=1e-3)
    assert told["lag_ms"] == pytest.approx((10 - 30 + 10) / 3, abs=0.1)
    assert told["lag_ms_worst"] == -30
    assert told["blinks_per_min"] == pytest.approx(15)
    assert told["second_judge_r"] == 0.8
    assert told["pose_range"] == {"yaw": 2.0, "pitch": 1.0, "roll": 0.5}
    show(films, {})
    last = json.loads(capsys.readouterr().out.splitlines()[-1])["lipsync"]
    assert {"r_phonemes", "lag_ms", "bilabial_closure", "control_r", "blinks_per_min", "upper_ssim"} <= set(last)
    assert last["second_judge_r"] is None
    assert set(last["faces"]) == {"ada", "kenji"}


def test_the_phone_that_goes_wrong_is_named() -> None:
    good = film("ada/1.mp4", 1)
    mouth = good.openings.copy()
    for phone in good.phones:
        if phone.name == "S":
            mouth[inside(TIMES, (phone.start_s, phone.end_s))] = 0.3
    worst = losses([dataclasses.replace(good, openings=mouth)])[0]
    assert (worst.phone, worst.count) == ("S", 4)
    assert worst.offset > 1


def test_the_second_judge_must_have_seen_the_face() -> None:
    good = film("ada/1.mp4", 1)
    opinion = compared(good, list(good.openings * 2))
    assert opinion is not None
    assert (opinion.r, opinion.agreement) == pytest.approx((1.0, 1.0), abs=1e-3)
    assert compared(good, [None] * len(TIMES)) is None


def test_loudness_is_that_of_the_moment() -> None:
    samples = np.zeros(RATE, np.int16)
    samples[RATE // 2 :] = 1000
    assert loudness(samples, np.array([0.25, 0.75, 5.0])) == pytest.approx([0, 1000, 0])


def test_sound_is_placed_where_it_is_heard() -> None:
    samples = np.arange(1, 1001, dtype=np.int16)
    assert placed(samples, 0.01)[160] == 1
    assert placed(samples, -0.01)[0] == 161
