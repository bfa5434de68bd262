"""Camera angles: a few values in degrees become one for each frame. No torch here."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from svc_video.engines.sadtalker.source import FPS, Floats

SPREAD_FRAMES = 10 * FPS
"""Frames the angles are spread over where the film's length is not known."""


def angle_track(angles: Sequence[float], frames: int = SPREAD_FRAMES) -> Floats:
    """The angles in degrees, reached one after the other at an even speed within `frames` frames: (frames,).

    After that the last value holds. Equal neighbours take no time; upstream divides by zero there, and where one frame
    gets several angles.
    """
    if not angles:
        raise ValueError("There is no angle to spread. Give at least one, in degrees.")
    way = sum(abs(after - before) for before, after in pairwise(angles))
    if way == 0 or frames == 1:
        return np.full(frames, angles[0], np.float32)
    step = way / (frames - 1)
    legs = [
        np.arange(before, after, step if after > before else -step)
        for before, after in pairwise(angles)
        if after != before
    ]
    track = np.concatenate(legs)[:frames]
    return np.concatenate((track, np.full(frames - len(track), track[-1]))).astype(np.float32)


def angles_at(track: Floats, frames: range) -> Floats:
    """The values for these frames: (n,)."""
    return track[np.minimum(np.arange(frames.start, frames.stop), len(track) - 1)]
