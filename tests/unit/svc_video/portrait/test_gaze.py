from __future__ import annotations

import numpy as np
import pytest

from svc_video.engines.portrait.gaze import REFLEX, Gaze
from svc_video.engines.portrait.params import GAZE_ACROSS_DEGREES, GAZE_DOWN_DEGREES

MINUTE = 60.0


def looks(seconds: float, fps: float = 25.0, seed: int = 2, phrases: tuple[float, ...] = ()) -> np.ndarray:
    """Degrees across and down, (frames, 2)."""
    gaze = Gaze(seed)
    at = [gaze.at(frame / fps, phrases) for frame in range(int(seconds * fps))]
    return np.array(at) * (GAZE_ACROSS_DEGREES, GAZE_DOWN_DEGREES)


def saccades(way: np.ndarray) -> np.ndarray:
    """Sizes (degrees) of the jumps in a way sampled so coarsely that each lies between two samples or three."""
    moved = np.linalg.norm(np.diff(way, axis=0), axis=1) > 1e-9
    edges = np.flatnonzero(np.diff(np.concatenate([[0], moved, [0]]).astype(int)))
    return np.array([np.linalg.norm(way[end] - way[start]) for start, end in edges.reshape(-1, 2)])


def test_it_begins_at_rest() -> None:
    assert Gaze(3).at(0.0, ()) == (0, 0)


def test_micro_saccades_are_small_and_come_once_or_twice_a_second() -> None:
    sizes = saccades(looks(2 * MINUTE, 200.0))
    small = sizes[(sizes > 0.05) & (sizes < 0.35)]
    assert 1.0 <= len(small) / (2 * MINUTE) <= 2.0
    assert (small >= 0.099).mean() > 0.9


def test_fixations_stay_on_the_viewers_face_and_glances_are_rare() -> None:
    sizes = np.linalg.norm(looks(10 * MINUTE), axis=1)
    assert np.median(sizes) < 1.5
    assert 0.01 < (sizes > 3.0).mean() < 0.12
    assert sizes.max() < 9.0


def test_a_saccade_lasts_as_long_as_its_size_asks() -> None:
    way = looks(2 * MINUTE, 1000.0)
    moved = np.linalg.norm(np.diff(way, axis=0), axis=1) > 1e-9
    edges = np.flatnonzero(np.diff(np.concatenate([[0], moved, [0]]).astype(int))).reshape(-1, 2)
    for start, end in edges:
        size = np.linalg.norm(way[end] - way[start])
        if size > 4:
            assert end - start == pytest.approx(21 + 2.2 * size, abs=25)  # ms; a micro-saccade may lie beside it


def test_some_phrases_begin_with_a_look_away() -> None:
    starts = tuple(np.arange(3.0, 300.0, 3.0))
    gaze = Gaze(6)
    away = np.array([np.hypot(*np.array(gaze.at(at + 0.2, (at,))) * (19, 7)) > 2.5 for at in starts])
    assert 0.1 < away.mean() < 0.45
    assert gaze.shift_between(0.0, 300.0, starts) is not None


def test_the_eyes_stay_with_the_viewer_while_the_head_turns() -> None:
    gaze = Gaze(2)
    plain, turned = (np.array(gaze.at(5.0, (), head)) for head in ((0.0, 0.0), (3.0, -2.0)))
    undone = (turned - plain) * (GAZE_ACROSS_DEGREES, GAZE_DOWN_DEGREES)
    assert undone.tolist() == pytest.approx([-3.0 * REFLEX, 2.0 * REFLEX])


def test_it_is_a_function_of_seed_and_time() -> None:
    one, other = Gaze(7), Gaze(7)
    assert [other.at(at, ()) for at in (50.0, 10.0)] == [one.at(at, ()) for at in (50.0, 10.0)]
    assert Gaze(8).at(50.0, ()) != one.at(50.0, ())
