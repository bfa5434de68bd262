from __future__ import annotations

import numpy as np
import pytest

from svc_video.engines.sadtalker.plan import MotionPlan, Reference, resampled


def test_still_does_not_blink_unless_asked():
    assert MotionPlan().blinking == 1
    assert MotionPlan(still=True).blinking == 0
    assert MotionPlan(still=True, blink_rate=0.5).blinking == 0.5


def test_blinks_are_drawn_where_none_are_given_or_followed():
    film = np.zeros((3, 73), np.float32)
    assert MotionPlan().drawing_blinks
    assert not MotionPlan(blinks=np.zeros(9, np.float32)).drawing_blinks
    assert not MotionPlan(reference=Reference(film, "blink")).drawing_blinks
    assert MotionPlan(reference=Reference(film, "pose")).drawing_blinks


def test_a_style_that_is_none_is_refused():
    with pytest.raises(ValueError, match="0 to 45"):
        MotionPlan(style=46)


def test_a_reference_without_frames_is_refused():
    with pytest.raises(ValueError, match="no frame"):
        MotionPlan(reference=Reference(np.zeros((0, 73), np.float32)))


def test_a_reference_is_followed_in_what_was_asked_for():
    film = np.arange(146, dtype=np.float32).reshape(2, 73)
    assert Reference(film, "pose").eyes is None
    assert Reference(film, "blink").pose is None
    both = Reference(film)
    assert (both.pose == [[0] * 6, [73] * 6]).all()
    assert both.eyes.shape == (2, 64)


@pytest.mark.parametrize("fps", [12.5, 24.0, 29.97, 50.0, 60.0])
def test_a_film_of_another_rate_takes_as_long_and_goes_the_same_way(fps):
    seconds = np.arange(round(fps * 4)) / fps
    film = np.repeat(seconds[:, None], 73, axis=1).astype(np.float32)
    given = resampled(film, fps)
    assert len(given) == pytest.approx(100, abs=1)
    assert given[:96, 0] == pytest.approx(np.arange(96) / 25, abs=1e-4)


def test_25_frames_a_second_stay_as_they_are():
    film = np.random.default_rng(0).standard_normal((5, 73)).astype(np.float32)
    assert resampled(film, 25) is film


def test_no_rate_is_refused():
    with pytest.raises(ValueError, match="real rate"):
        resampled(np.zeros((5, 73), np.float32), 0)
