from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

from svc_video.engines.portrait.motion import EXPRESSIONS, SWAY_DEGREES, Body, noise, wander

FRAME_S = 0.04
MINUTE = 60.0


def blinks(body: Body, seconds: float) -> list[np.ndarray]:
    """The lid's way in each blink, frame by frame."""
    lids = np.array([body.at(frame * FRAME_S).blink for frame in range(int(seconds / FRAME_S))])
    shut = np.flatnonzero(np.diff(np.concatenate([[0], lids > 0])) == 1)
    return [lids[start : start + 12] for start in shut]


@pytest.mark.parametrize("seed", range(8))
def test_people_blink_ten_to_twenty_times_a_minute(seed) -> None:
    assert 10 <= len(blinks(Body(seed), 3 * MINUTE)) / 3 <= 20


def test_every_blink_shuts_the_eye_and_closes_faster_than_it_opens() -> None:
    for way in blinks(Body(3), 2 * MINUTE):
        assert way.max() == 1.0
        closed = int(np.argmax(way == 1.0))
        opened = int(np.argmax(way[closed:] == 0.0))
        assert closed <= 2
        assert opened > closed


def test_blinks_are_not_a_clock() -> None:
    body = Body(1)
    starts = [
        frame for frame in range(1, 4500) if body.at(frame * FRAME_S).blink > 0 >= body.at((frame - 1) * FRAME_S).blink
    ]
    assert np.std(np.diff(starts) * FRAME_S) > 0.4


def test_a_body_is_a_function_of_seed_and_time() -> None:
    one, other = Body(7), Body(7)
    later = [astuple(other.at(second)) for second in (50.0, 10.0, 30.0)]  # in any order
    assert later == [astuple(one.at(second)) for second in (50.0, 10.0, 30.0)]
    assert astuple(Body(8).at(50.0)) != later[0]


def test_it_begins_as_the_picture_shows_it() -> None:
    start = Body(5).at(0.0)
    assert (start.blink, start.yaw, start.pitch, start.roll, start.dx, start.dy) == (0, 0, 0, 0, 0, 0)


def test_the_head_sways_within_bounds_and_never_jerks() -> None:
    body = Body(11)
    for name, size in SWAY_DEGREES.items():
        way = np.array([getattr(body.at(frame * FRAME_S), name) for frame in range(3000)])
        assert np.abs(way).max() <= 1.5 * size
        assert np.std(way) > 0.12 * size
        assert np.abs(np.diff(way)).max() < 0.35 * size


def test_the_eyes_stay_with_the_viewer() -> None:
    body = Body(2)
    looks = np.array([(at.gaze_x, at.gaze_y) for at in (body.at(frame * FRAME_S) for frame in range(3000))])
    assert np.abs(looks).max() <= 0.2
    assert len(np.unique(looks.round(4), axis=0)) > 20
    assert (np.abs(looks).max(axis=1) < 0.01).mean() > 0.3


def test_what_is_asked_for_is_scaled() -> None:
    still = Body(2, head=0.0, blinks=0.0)
    assert {astuple(still.at(second)) for second in range(30)} == {(0.0,) * 8}
    assert len(blinks(Body(2, blinks=2.0), MINUTE)) > 1.5 * len(blinks(Body(2), MINUTE))


def test_noise_is_even() -> None:
    values = [noise(seed, "x", number) for seed in range(20) for number in range(100)]
    assert 0 <= min(values) < 0.01
    assert 0.99 < max(values) < 1
    assert np.mean(values) == pytest.approx(0.5, abs=0.02)


def test_a_wander_is_smooth() -> None:
    way = np.array([wander(1, "w", position / 50) for position in range(2000)])
    assert np.abs(way).max() <= 1.5
    assert np.abs(np.diff(way, 2)).max() < 0.01


def test_expressions_are_within_range() -> None:
    assert {"", "neutral", "happy", "sad", "serious"} <= set(EXPRESSIONS)
    assert all(-1 <= value <= 1 for pair in EXPRESSIONS.values() for value in pair)
