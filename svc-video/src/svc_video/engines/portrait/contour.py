"""The rim of a gap in the face: two lines of points that share their ends, bent smoothly."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.float32]  # (H, W) of 0..1

DENSITY = 5  # drawn points per landmark
FINE = 4  # times as many pixels a side while a gap is filled
FRACTION = 4  # sub-pixel bits of cv2's polygons
LEAST_GAP = 0.05  # pixels


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


def gap_mask(upper: Float, lower: Float, down: Float, shape: tuple[int, int], blur: float) -> Mask:
    """1 between two lines (n, 2) in a picture (H, W), with antialiased and softened edges; 0 where they touch.

    Drawn at four times the size: cv2's own antialiasing gives even an empty gap a line of one pixel.
    """
    mask = np.zeros(shape, dtype=np.uint8)
    for polygon in _parted(upper, lower, down):
        _fill(mask, polygon)
    soft = cv2.GaussianBlur(mask, (0, 0), blur) if blur > 0 else mask
    return np.asarray(soft, dtype=np.float32) / np.float32(255)


def _parted(upper: Float, lower: Float, down: Float) -> list[Float]:
    """The gap's polygons (m, 2): one for each run of columns where the lines are apart."""
    inset = down * (0.5 / FINE)  # cv2 fills the pixels under the outline too
    apart = (lower - upper) @ down > 2 * 0.5 / FINE + LEAST_GAP
    upper, lower = upper + inset, lower - inset
    bounds = np.diff(np.concatenate([[0], apart, [0]]).astype(np.int8))
    starts, ends = np.flatnonzero(bounds == 1), np.flatnonzero(bounds == -1)
    ends_of_runs = zip(np.maximum(starts - 1, 0), ends + 1, strict=True)
    return [np.concatenate([upper[a:b], lower[a:b][::-1]]) for a, b in ends_of_runs]


def _fill(mask: Bytes, polygon: Float) -> None:
    """Adds a polygon's coverage, 0..255."""
    height, width = mask.shape
    left, top = (int(v) for v in np.clip(np.floor(polygon.min(axis=0)), 0, (width - 1, height - 1)))
    right, bottom = (int(v) for v in np.clip(np.ceil(polygon.max(axis=0)) + 1, (left + 1, top + 1), (width, height)))
    fine = np.zeros(((bottom - top) * FINE, (right - left) * FINE), dtype=np.uint8)
    corners = ((polygon - (left, top) + 0.5) * FINE - 0.5) * (1 << FRACTION)
    cv2.fillPoly(fine, [corners.round().astype(np.int32)], 255, cv2.LINE_8, FRACTION)
    part = mask[top:bottom, left:right]
    np.maximum(part, cv2.resize(fine, part.shape[1::-1], interpolation=cv2.INTER_AREA), out=part)
