"""From heat maps to points, and from 98 points of a face (WFLW) to the usual 68 (iBUG). No torch here."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from svc_video.engines.sadtalker.source import Floats

SHIFT = 0.25  # cells by which a peak leans to its higher neighbour
MIDDLE = 0.5  # of a cell

Points64 = npt.NDArray[np.float64]  # (n, 2): x, y

_OUTLINE = tuple(range(0, 33, 2))
_BROWS = ((33, 33), (34, 41), (35, 40), (36, 39), (37, 38), (42, 50), (43, 49), (44, 48), (45, 47), (46, 46))
_NOSE = tuple(range(51, 60))
_EYES = (60, 61, 63, 64, 65, 67, 68, 69, 71, 72, 73, 75)
_MOUTH = tuple(range(76, 96))
PAIRS = np.array([*((i, i) for i in _OUTLINE), *_BROWS, *((i, i) for i in (*_NOSE, *_EYES, *_MOUTH))])
"""For each of the 68 points the two of the 98 between which it lies."""


def points_of(maps: Floats, width: int, height: int) -> Points64:
    """Maps (n, h, w) of a crop of `width` x `height` pixels -> (n, 2) x, y in its pixels.

    A point is the middle of its map's highest cell, a quarter of a cell nearer to the higher neighbour on each axis.
    As upstream has it, *one* point in the first or last row takes the lean of all points on the y axis from the first
    or last cell of their maps. Upstream crashed where a peak stood in the very last cell.
    """
    count, rows, columns = maps.shape
    flat, number = maps.reshape(count, -1), np.arange(count)
    last = rows * columns - 1
    peak = flat.argmax(axis=1)
    right, left = flat[number, np.minimum(peak + 1, last)], flat[number, peak - 1]
    low = flat[:, last] if (peak + columns > last).any() else flat[number, peak + columns]
    high = flat[:, 0] if (peak - columns <= 0).any() else flat[number, peak - columns]
    lean = np.sign(np.stack([right - left, low - high], axis=1)) * SHIFT
    cells = np.stack([peak % columns, peak // columns], axis=1).astype(np.float64) + lean + MIDDLE
    return cells * (width / columns, height / rows)


def as_68(points: npt.NDArray[np.floating]) -> Floats:
    """(98, 2) of WFLW -> (68, 2) of iBUG: chin, brows, nose, eyes, mouth."""
    return ((points[PAIRS[:, 0]] + points[PAIRS[:, 1]]) / 2).astype(np.float32)
