from __future__ import annotations

import pytest

from svc_video.engines.sadtalker import windows
from svc_video.engines.sadtalker.windows import first_column, frames_heard, frames_of, window_columns


def test_windows_begin_two_frames_early_and_the_first_two_are_cut_towards_zero():
    assert [first_column(frame) for frame in range(8)] == [-6, -3, 0, 3, 6, 9, 12, 16]


def test_before_the_first_column_stands_the_first_and_after_the_last_the_last():
    assert window_columns(range(1), 4)[0] == [0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 3, 3, 3, 3, 3, 3]


def test_while_the_sound_comes_nothing_stands_for_a_column():
    assert window_columns(range(5, 6), None)[0] == list(range(9, 25))


@pytest.mark.parametrize("columns", [*range(40), 500, 801])
def test_a_frame_is_heard_when_its_whole_window_is_there(columns):
    frames = frames_heard(columns)
    assert first_column(frames) + 16 > columns
    assert frames == 0 or first_column(frames - 1) + 16 <= columns


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (1, 1), (640, 1), (641, 2), (16_000, 25)])
def test_a_frame_that_has_begun_is_a_frame(samples, frames):
    assert frames_of(samples) == frames


@pytest.mark.parametrize("frame", range(2, 60))
def test_a_window_reaches_no_further_than_the_constants_say(frame):
    first, last = first_column(frame), first_column(frame) + 15
    begins_ms, ends_ms = frame * 40, (frame + 1) * 40
    assert (first * 200 - 400 - 1) / 16 >= begins_ms - windows.HEARD_BACK_MS
    assert (last * 200 + 400) / 16 <= ends_ms + windows.HEARD_AHEAD_MS
