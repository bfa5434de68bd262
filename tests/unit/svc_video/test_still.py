from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from svc_video.engine import Job
from svc_video.engines.still import BAR_COLOUR, StillEngine, cover
from svc_video.speech import Speech
from troupe.wire.errors import EngineFailed

GREY = np.full((100, 200, 3), 128, np.uint8)


def spoken(*loudness: int) -> Speech:
    """40 ms of each."""
    speech = Speech()
    for value in loudness:
        speech.feed(np.full(960, value, "<i2").tobytes())
    speech.end()
    return speech


def drawn(speech: Speech, **options: float) -> list[np.ndarray]:
    engine = StillEngine()
    job = Job(engine.prepare(GREY, 64, 64), Fraction(25), options=options)
    return list(engine.animate(job, speech))


def bar(frame: np.ndarray) -> int:
    return int((frame[-1] == BAR_COLOUR).all(axis=1).sum())


def test_the_bar_is_as_long_as_the_sound_is_loud() -> None:
    assert [bar(frame) for frame in drawn(spoken(0, 4000, 8000, 30_000))] == [0, 32, 64, 64]


def test_the_picture_stands_still() -> None:
    frames = drawn(spoken(0, 9000))
    assert (frames[0][:32] == frames[1][:32]).all()


def test_it_breaks_when_told() -> None:
    with pytest.raises(EngineFailed, match="after 2 frames"):
        drawn(spoken(*[0] * 5), fail_after_frames=2)


def test_it_covers_the_frame_with_the_middle() -> None:
    picture = GREY.copy()
    picture[:, :40] = 0  # cut away on the left
    frame = cover(picture, 64, 64)
    assert frame.shape == (64, 64, 3)
    assert (frame[:, 2:] == 128).all()
