"""The rim of a gap in the face: two lines of points that share their ends, bent smoothly."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

DENSITY = 5  # drawn points per landmark


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
