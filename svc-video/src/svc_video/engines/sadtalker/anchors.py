"""What RetinaFace's three maps of numbers mean: anchors, boxes, and one box per face (arXiv:1905.00641). No torch here.

Two anchors per cell and level. Arithmetic is float32 in facexlib's order, so that boxes come out the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Self

import numpy as np
import numpy.typing as npt

from svc_video.engines.sadtalker.source import Floats

STRIDES = (8, 16, 32)  # pixels per cell of each level
SIDES = ((16, 32), (64, 128), (256, 512))  # pixels of each level's anchors
VARIANCES = (0.1, 0.2)  # of centres and of sides, as trained
MIN_SCORE = 0.97  # below it, SadTalker does not believe in a face
MAX_OVERLAP = 0.4  # intersection over union beyond which two boxes are one face
MIN_SIDE = 4  # pixels of a box, below which there is no face to see


@dataclass(frozen=True, slots=True)
class Box:
    """A face: its edges in pixels, perhaps outside of the picture, and how sure the detector is, 0..1."""

    left: float
    top: float
    right: float
    bottom: float
    score: float = 1.0

    @classmethod
    def of(cls, row: Iterable[float]) -> Self:
        """From a row of its five numbers, or of the four edges."""
        return cls(*map(float, row))

    @property
    def area(self) -> float:
        """Square pixels."""
        return max(self.right - self.left, 0.0) * max(self.bottom - self.top, 0.0)

    def inside(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Left, top, right, bottom in whole pixels of a picture of that size.

        Upstream cuts at the edges as they are; a negative one gave it an empty cut, and a crash.
        """
        left, top, right, bottom = int(self.left), int(self.top), int(self.right), int(self.bottom)
        return max(left, 0), max(top, 0), min(right, width), min(bottom, height)

    def seen(self, width: int, height: int) -> bool:
        """Whether enough of it lies in a picture of that size."""
        left, top, right, bottom = self.inside(width, height)
        return right - left >= MIN_SIDE and bottom - top >= MIN_SIDE

    def overlap(self, other: Box) -> float:
        """Intersection over union."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        shared = max(width, 0.0) * max(height, 0.0)
        return shared / (self.area + other.area - shared) if shared else 0.0


def anchors(width: int, height: int) -> Floats:
    """(n, 4): centre x, centre y, width, height, in parts of a picture of that size; cells by rows, level by level."""
    levels = [_level(width, height, stride, sides) for stride, sides in zip(STRIDES, SIDES, strict=True)]
    return np.concatenate(levels).astype(np.float32)


def _level(width: int, height: int, stride: int, sides: tuple[int, ...]) -> npt.NDArray[np.float64]:
    rows, columns = ceil(height / stride), ceil(width / stride)
    out = np.empty((rows, columns, len(sides), 4))
    out[..., 0] = ((np.arange(columns) + 0.5) * stride / width)[None, :, None]
    out[..., 1] = ((np.arange(rows) + 0.5) * stride / height)[:, None, None]
    out[..., 2] = np.array(sides) / width
    out[..., 3] = np.array(sides) / height
    return out.reshape(-1, 4)


def boxes_of(places: Floats, scores: Floats, width: int, height: int, least: float = MIN_SCORE) -> list[Box]:
    """The faces of one picture, the surest first: `places` (n, 4) and `scores` (n,) as the network gives them."""
    sure = np.flatnonzero(scores > least)
    edges = _edges(places[sure], anchors(width, height)[sure])
    finite = np.isfinite(edges).all(axis=1)  # a network that was not trained may know no bounds
    sure, edges = sure[finite], edges[finite]
    edges = edges * np.array([width, height, width, height], np.float32)
    order = scores[sure].argsort()[::-1]
    edges, kept = edges[order], scores[sure][order]
    rows = np.concatenate([edges, kept[:, None]], axis=1)
    return [Box.of(rows[i]) for i in apart(edges)]


def _edges(places: Floats, around: Floats) -> Floats:
    """(n, 4) offsets from anchors -> left, top, right, bottom."""
    with np.errstate(over="ignore", invalid="ignore"):
        centre = around[:, :2] + places[:, :2] * VARIANCES[0] * around[:, 2:]
        sides = around[:, 2:] * np.exp(places[:, 2:] * VARIANCES[1])
        first = centre - sides / 2
        return np.concatenate([first, sides + first], axis=1)


def apart(edges: Floats, most: float = MAX_OVERLAP) -> list[int]:
    """Which of the boxes (n, 4), the surest first, stand for a face of their own."""
    areas = (edges[:, 2] - edges[:, 0]) * (edges[:, 3] - edges[:, 1])
    left = np.arange(len(edges))
    kept = []
    while len(left):
        best, rest = left[0], left[1:]
        kept.append(int(best))
        low = np.maximum(edges[best, :2], edges[rest, :2])
        high = np.minimum(edges[best, 2:], edges[rest, 2:])
        shared = np.prod((high - low).clip(min=0), axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):  # boxes without an area stay
            left = rest[~(shared / (areas[best] + areas[rest] - shared) > most)]
    return kept
