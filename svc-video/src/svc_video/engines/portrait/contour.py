"""The rim of a gap in the face: two lines of points that share their ends, bent smoothly."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Mask = NDArray[np.float32]  # (H, W) of 0..1

DENSITY = 5  # drawn points per landmark
PER_PIXEL = 4  # steps of a line's table
_HALF = np.float32(0.5)


@cache
def spline_matrix(count: int) -> Float:
    """Natural cubic spline through `count` evenly numbered points as a matrix (dense, count)."""
    steps = np.arange(count)
    system = np.zeros((count, count))
    system[0, 0] = system[-1, -1] = 1
    right = np.zeros((count, count))
    for i in range(1, count - 1):
        system[i, i - 1 : i + 2] = 1, 4, 1
        right[i, i - 1 : i + 2] = 6, -12, 6
    bend = np.linalg.solve(system, right)  # second derivatives at the points
    at = np.linspace(0, count - 1, (count - 1) * DENSITY + 1)
    low = np.minimum(at.astype(int), count - 2)
    t = (at - low)[:, None]
    unit = (steps[None] == low[:, None]).astype(float)
    following = (steps[None] == low[:, None] + 1).astype(float)
    curve = ((1 - t) ** 3 - (1 - t)) * bend[low] / 6 + (t**3 - t) * bend[low + 1] / 6
    return np.asarray((1 - t) * unit + t * following + curve)


class Rim:
    """The two lines of a gap and how each basis moves them."""

    def __init__(
        self, lines: tuple[Float, Float], moves: tuple[Float, Float], down: Float, *, yielding: float = 0.5
    ) -> None:
        """Lines (n, 2) from left to right, their moves (bases, n, 2), the unit vector down the face.

        Where the lines would cross, `yielding` says how much of it the upper one gives way: 0.5 for lips that press on
        each other, 0 for a lid that lies over the other.
        """
        (upper, lower), (upper_moves, lower_moves) = lines, moves
        bend = spline_matrix(len(upper))
        self._rest = np.stack([bend @ upper, bend @ lower])
        self._moves = np.stack([bend @ upper_moves, bend @ lower_moves], axis=1)  # (bases, 2, dense, 2)
        self._down = down
        self._yielding = yielding

    def at(self, weights: Float) -> tuple[Float, Float]:
        """Upper and lower line (dense, 2); where they would cross they are one."""
        upper, lower = self._rest + np.tensordot(weights, self._moves, axes=1)
        crossed = np.minimum((lower - upper) @ self._down, 0)[:, None] * self._down
        return upper + crossed * self._yielding, lower - crossed * (1 - self._yielding)


def outline(upper: Float, lower: Float) -> Float:
    """The gap as a closed polygon."""
    return np.concatenate([upper, lower[-2:0:-1]])


class Gap:
    """Fills what lies between two lines on a canvas.

    Exactly: cv2's polygons step by parts of a pixel and give even an empty gap a line. Where each pixel lies across and
    down the face is known once; a frame looks up both lines there.
    """

    def __init__(self, corner: tuple[int, int], shape: tuple[int, int], axes: Float) -> None:
        """The canvas' left and top in the frame, its rows and columns, and (2, 2) the unit vectors across and down."""
        rows, columns = shape
        x, y = np.meshgrid(corner[0] + np.arange(columns), corner[1] + np.arange(rows))
        across, down = np.moveaxis(np.stack([x, y], axis=-1) @ axes.T, -1, 0)
        steps = np.round((across - across.min()) * PER_PIXEL).astype(np.intp)
        self._axes, self._steps, self._down = axes, steps, down.astype(np.float32)
        self._places = across.min() + np.arange(steps.max() + 1) / PER_PIXEL

    def mask(self, upper: Float, lower: Float, blur: float) -> Mask:
        """1 between two lines (n, 2) of the frame, 0 where they touch; edges softened by `blur` pixels."""
        high, low = self._at(upper), self._at(lower)
        covered = np.minimum(low, self._down + _HALF) - np.maximum(high, self._down - _HALF)
        mask = np.clip(covered, 0, 1, out=covered)
        return np.asarray(cv2.GaussianBlur(mask, (0, 0), blur) if blur > 0 else mask, dtype=np.float32)

    def _at(self, line: Float) -> Mask:
        """How far down a line is in each pixel's column of the face."""
        across, down = self._axes @ line.T
        table = np.interp(self._places, np.maximum.accumulate(across), down).astype(np.float32)
        return np.asarray(table[self._steps], dtype=np.float32)
