"""Which sound a frame of the film hears: the windows of mel columns, and how much sound that takes. No torch here."""

from __future__ import annotations

from svc_video.engines.sadtalker.mel import HALF, HOP
from svc_video.engines.sadtalker.resampling import RATE
from svc_video.engines.sadtalker.source import FPS

WINDOW_COLUMNS = 16  # mel columns one frame hears: 200 ms
COLUMNS_PER_S = RATE / HOP
EARLIER_FRAMES = 2  # a window begins so many frames before its own
FRAME_SAMPLES = RATE // FPS  # of 16 kHz


def first_column(frame: int) -> int:
    """The first mel column of a frame's window; negative for the first two frames: those read column 0.

    Cut off towards zero as upstream does it, so the first two windows are not where the others would have them.
    """
    return int(COLUMNS_PER_S * ((frame - EARLIER_FRAMES) / FPS))


def frames_heard(columns: int) -> int:
    """How many frames, from the first, have their whole window within that many columns."""
    frames = max(0, int((columns - WINDOW_COLUMNS) * FPS / COLUMNS_PER_S) + EARLIER_FRAMES - 1)
    while first_column(frames) + WINDOW_COLUMNS <= columns:
        frames += 1
    return frames


def window_columns(frames: range, columns: int | None) -> list[list[int]]:
    """The column numbers of each frame's window; with a known number of columns the last one stands for those after."""
    last = None if columns is None else columns - 1
    return [[_held(first_column(frame) + k, last) for k in range(WINDOW_COLUMNS)] for frame in frames]


def _held(column: int, last: int | None) -> int:
    return max(0, column) if last is None else min(max(0, column), last)


def frames_of(samples: int) -> int:
    """Frames that show so much sound of 16 kHz; the last one may go on after it."""
    return -(-samples // FRAME_SAMPLES)


HEARD_AHEAD_MS = ((WINDOW_COLUMNS - 1) * HOP + HALF) * 1_000 / RATE - (EARLIER_FRAMES + 1) * 1_000 / FPS
"""Sound after the end of a frame that its window needs: 92.5 ms."""
HEARD_BACK_MS = (HALF + HOP) * 1_000 / RATE + EARLIER_FRAMES * 1_000 / FPS
"""Sound before the beginning of a frame that its window needs, with a column to spare: 117.5 ms."""
