from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

from svc_video.engines.portrait.expressions import EXPRESSIONS, NEUTRAL
from svc_video.engines.portrait.head import LIMITS, Beats, Head
from svc_video.engines.portrait.prosody import Accent

FPS = 25.0
MINUTE = 60.0


def speech(seconds: float) -> Beats:
    """Accents twice a second, a phrase every three."""
    accents = [Accent(at, 0.3 + 0.7 * (number % 3) / 2) for number, at in enumerate(np.arange(1.0, seconds, 0.47))]
    starts = tuple(np.arange(1.0, seconds, 3.0))
    return Beats(1.0, accents, starts, tuple(start + 2.6 for start in starts))


def poses(head: Head, seconds: float, beats: Beats = Beats()) -> dict[str, np.ndarray]:
    ways = np.array([astuple(head.at(frame / FPS, beats)) for frame in range(int(seconds * FPS))])
    return dict(zip(("yaw", "pitch", "roll", "dx", "dy", "breath"), ways.T, strict=True))


def test_a_film_begins_as_the_picture_shows_it() -> None:
    assert set(astuple(Head(5, EXPRESSIONS["sad"]).at(0.0, Beats()))) == {0.0}


@pytest.mark.parametrize("seed", range(3))
def test_it_moves_within_bounds_and_more_in_speech(seed) -> None:
    idle, spoken = (poses(Head(seed, NEUTRAL), 2 * MINUTE, beats) for beats in (Beats(), speech(2 * MINUTE)))
    for name, limit in LIMITS.items():
        assert np.abs(spoken[name]).max() < limit
        assert np.std(idle[name]) > 0.04 * limit  # never quite still
        assert np.ptp(spoken[name]) > 1.1 * np.ptp(idle[name])


def test_it_never_jerks_and_is_slow() -> None:
    way = poses(Head(11, NEUTRAL), 2 * MINUTE, speech(2 * MINUTE))
    for name in ("yaw", "pitch", "roll"):
        power = np.abs(np.fft.rfft((way[name] - way[name].mean()) * np.hanning(len(way[name])))) ** 2
        hertz = np.fft.rfftfreq(len(way[name]), 1 / FPS)
        assert power[hertz > 3.0].sum() < 0.01 * power.sum()
        assert np.abs(np.diff(way[name])).max() < 0.5  # degrees a frame
        assert np.abs(np.diff(way[name], 2)).max() < 0.12  # no corner


def test_an_accent_is_a_nod_and_a_strong_one_a_deep_one() -> None:
    head = Head(3, NEUTRAL)

    def depth(strength: float) -> float:
        still, moved = (poses(head, 4, Beats(accents=accents)) for accents in ((), (Accent(2.0, strength),)))
        return float((moved["pitch"] - still["pitch"]).max())

    assert depth(1.0) > 1.5
    assert 0.2 < depth(0.5) < 0.6 * depth(1.0)


def test_a_breath_fills_and_empties() -> None:
    quiet = poses(Head(3, NEUTRAL), MINUTE)["breath"]
    assert (quiet.min() >= 0, quiet.max() <= 1) == (True, True)
    breaths = ((quiet[:-1] < 0.35) & (quiet[1:] >= 0.35)).sum()
    assert 10 <= breaths <= 20  # a minute
    assert np.abs(np.diff(poses(Head(3, NEUTRAL), MINUTE, speech(MINUTE))["breath"])).max() < 0.25


def test_an_expression_has_its_own_bearing() -> None:
    sad, joyful = (poses(Head(4, EXPRESSIONS[name]), MINUTE) for name in ("sad", "joyful"))
    assert sad["pitch"].mean() > joyful["pitch"].mean() + 0.8
    assert np.std(sad["yaw"]) < np.std(joyful["yaw"])


def test_idle_time_does_not_repeat() -> None:
    yaw = poses(Head(9, NEUTRAL), 3 * MINUTE)["yaw"]
    piece = yaw[1000:1200] - yaw[1000:1200].mean()
    others = [yaw[at : at + 200] - yaw[at : at + 200].mean() for at in range(1400, 4200, 25)]
    assert min(np.abs(piece - other).max() for other in others) > 0.15


def test_it_is_scaled_and_a_function_of_seed_and_time() -> None:
    still = Head(2, EXPRESSIONS["happy"], scale=0.0)
    assert {astuple(still.at(second, speech(30)))[:5] for second in np.arange(0.0, 30.0, 0.5)} == {(0.0,) * 5}
    one, other = Head(2, NEUTRAL), Head(2, NEUTRAL)
    assert [one.at(at, Beats()) for at in (40.0, 7.0)] == [other.at(at, Beats()) for at in (40.0, 7.0)]
    assert one.at(40.0, Beats()) != Head(3, NEUTRAL).at(40.0, Beats())
