from __future__ import annotations

import numpy as np
import pytest

from svc_video.engines.sadtalker.camera import angle_track, angles_at


def test_one_angle_holds():
    assert (angle_track((12.0,), 30) == 12).all()


def test_several_are_reached_at_an_even_speed():
    track = angle_track((-10, 20, 5), 46)
    assert track[0] == -10
    assert track[30] == pytest.approx(20, abs=1)
    assert np.abs(np.diff(track))[:44] == pytest.approx(1, abs=0.01)
    assert track[-1] == pytest.approx(5, abs=1.1)


@pytest.mark.parametrize(("angles", "frames"), [((5, 5), 9), ((0, 10, 10, 0), 50), ((0, 10), 1), ((0, 10), 2)])
def test_what_divides_by_zero_upstream_is_a_track_here(angles, frames):
    track = angle_track(angles, frames)
    assert track.shape == (frames,)
    assert np.isfinite(track).all()
    assert track[0] == angles[0]


def test_after_the_last_value_it_holds():
    track = angle_track((0, 10), 11)
    assert (angles_at(track, range(8, 14)) == [8, 9, *[track[-1]] * 4]).all()


def test_no_angle_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        angle_track(())
