from __future__ import annotations

import numpy as np
import pytest
import torch

from svc_video.engines.sadtalker.smoothing import REACH, smoothed, window_of
from svc_video.engines.sadtalker.track import Track


def track(values):
    held = Track(0, values.shape[1], torch.device("cpu"))
    held.append(values)
    return held


def by_fitting(values, window):
    """The parabola of each frame's neighbours; at the ends that of the first and the last window."""
    count = len(values)
    given = np.empty_like(values)
    for frame in range(count):
        start = min(max(0, frame - window // 2), count - window)
        for column in range(values.shape[1]):
            around = np.arange(start, start + window)
            given[frame, column] = np.polyval(np.polyfit(around - frame, values[around, column], 2), 0)
    return given


@pytest.mark.parametrize("frames", [5, 6, 11, 12, 13, 14, 60])
def test_it_is_savitzky_and_golays(frames):
    values = np.random.default_rng(0).standard_normal((frames, 6))
    given = smoothed(track(torch.from_numpy(values).float()), range(frames), frames)
    assert np.abs(given.numpy() - by_fitting(values, window_of(frames))).max() < 1e-5


@pytest.mark.parametrize("frames", [1, 2, 3, 4])
def test_what_is_too_short_stays_as_it_is(frames):
    values = torch.randn(frames, 6)
    assert (smoothed(track(values), range(frames), frames) - values).abs().max() < 1e-5


def test_a_parabola_is_smooth_already():
    values = (torch.arange(40.0)[:, None] / 10) ** 2
    assert (smoothed(track(values), range(40), 40) - values).abs().max() < 1e-5


def test_while_the_film_goes_on_its_frames_are_those_of_the_whole():
    values = torch.randn(40, 6)
    whole = smoothed(track(values), range(40), 40)
    known = smoothed(track(values[:30]), range(3, 30 - REACH), None)
    assert (known - whole[3 : 30 - REACH]).abs().max() < 1e-6
