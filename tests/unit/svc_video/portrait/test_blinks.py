from __future__ import annotations

import numpy as np
import pytest

from svc_video.engines.portrait.blinks import PARTIAL_DEPTH, RIGHT_LATE_S, WINDOW_S, Blinks

MINUTE = 60.0


def uninvited(_start: float, _end: float) -> None:
    return None


def lids(blinks: Blinks, seconds: float, fps: float = 25.0, phase: float = 0.0) -> np.ndarray:
    """Both lids frame by frame, (frames, 2)."""
    ways = [blinks.at(frame / fps + phase) for frame in range(int(seconds * fps))]
    return np.array([(way.left, way.right) for way in ways])


def each(way: np.ndarray) -> list[np.ndarray]:
    """One lid's way in each blink; a double one counts as one where the eye does not open between."""
    moving = np.concatenate([[0], way > 0, [0]]).astype(int)
    starts, ends = (np.flatnonzero(np.diff(moving) == side) for side in (1, -1))
    return [way[start:end] for start, end in zip(starts, ends, strict=True)]


@pytest.mark.parametrize("seed", range(6))
def test_people_blink_ten_to_twenty_times_a_minute(seed) -> None:
    way = lids(Blinks(seed, uninvited), 10 * MINUTE)[:, 0]
    falls = ((way[:-1] < 0.5) & (way[1:] >= 0.5)).sum()
    assert 10 <= falls / 10 <= 20


@pytest.mark.parametrize("fps", [12.0, 24.0, 25.0, 30.0, 60.0])
@pytest.mark.parametrize("phase", [0.0, 0.011, 0.027])
def test_no_blink_is_missed_between_two_frames(fps, phase) -> None:
    both = lids(Blinks(2, uninvited, frame_s=1 / fps), 3 * MINUTE, fps, phase).min(axis=1)
    deepest = np.array([way.max() for way in each(both)])
    partial = deepest <= PARTIAL_DEPTH
    assert (deepest[~partial] == 1.0).all()
    assert 0.02 < partial.mean() < 0.3


def test_a_lid_falls_faster_than_it_rises_and_gathers_speed() -> None:
    for way in each(lids(Blinks(3, uninvited, frame_s=0.001), MINUTE, 1000.0)[:, 0]):
        if way.max() < 1:
            continue
        falling = int(np.argmax(way == 1.0))
        rising = int(np.argmax(way[falling:] < 1.0))
        opened = int(np.argmax(np.append(way[falling + rising :] < 0.05, True)))
        assert 70 <= falling <= 95  # ms
        assert 120 <= opened <= 250
        speed = np.diff(way[: falling + 1])
        assert speed[-20:].mean() > 2 * speed[:20].mean()
        back = -np.diff(way[falling + rising : falling + rising + opened])
        assert back[:30].mean() > 2 * back[-30:].mean()


def test_lids_go_nearly_together() -> None:
    both = lids(Blinks(3, uninvited), 2 * MINUTE, 1000.0)
    late = [np.argmax(both[at:, 1] > 0) for at in np.flatnonzero((both[1:, 0] > 0) & (both[:-1, 0] == 0))]
    assert max(late) <= 1000 * RIGHT_LATE_S + 1
    assert len(set(late)) > 2


def test_some_blinks_are_double() -> None:
    way = lids(Blinks(5, uninvited), 5 * MINUTE)[:, 0]
    falls = np.flatnonzero((way[:-1] < 0.5) & (way[1:] >= 0.5)) / 25
    gaps = np.diff(falls)
    assert 0.03 < (gaps < 0.5).mean() < 0.25
    assert np.std(gaps) > 0.5  # not a clock


def test_a_blink_comes_when_it_is_invited() -> None:
    pauses = np.arange(1.0, 120.0, 1.1)

    def invited(start: float, end: float) -> float | None:
        return next((float(pause) for pause in pauses if start <= pause <= end), None)

    way = lids(Blinks(1, invited), 2 * MINUTE)[:, 0]
    begins = np.flatnonzero((way[:-1] == 0) & (way[1:] > 0)) / 25
    near = np.abs(begins[:, None] - pauses).min(axis=1)
    assert (near < 0.045).mean() > 0.85


def test_an_invitation_that_comes_late_stops_no_blink() -> None:
    known: list[float] = []
    blinks = Blinks(1, lambda start, end: next((at for at in known if start <= at <= end), None))
    first = next(at for at in np.arange(0, 5, 0.04) if blinks.at(at).left > 0)
    seen = blinks.at(first + 0.04)
    known.append(first - WINDOW_S[0] / 2)
    assert blinks.at(first + 0.04) == seen


def test_they_are_a_function_of_seed_and_time() -> None:
    whole, rest = lids(Blinks(7, uninvited), MINUTE), Blinks(7, uninvited)
    assert [rest.at(frame / 25).left for frame in range(700, 1500)] == whole[700:, 0].tolist()
    assert (lids(Blinks(8, uninvited), MINUTE) != whole).any()


def test_how_often_is_scaled() -> None:
    assert not lids(Blinks(2, uninvited, rate=0.0), MINUTE).any()
    usual, often = (len(each(lids(Blinks(2, uninvited, rate=rate), 2 * MINUTE)[:, 0])) for rate in (1.0, 2.0))
    assert often > 1.5 * usual
