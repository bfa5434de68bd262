"""A made-up face as 68 points, and landmarks that are told instead of found: no network sees a face in noise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from svc_video.engines.sadtalker.anchors import Box

Array = npt.NDArray[np.float32]
Points64 = npt.NDArray[np.float64]

MEAN_POINTS = np.array(
    [[-0.3, 0.28, 0.1], [0.3, 0.28, 0.1], [0.0, -0.02, 0.42], [-0.24, -0.34, 0.2], [0.24, -0.34, 0.2]], np.float32
)
"""Eyes, nose and mouth of a mean face (5, 3) that nobody has."""


def face_points(x: float, y: float, width: float, turn: float = 0.0, seed: int | None = None) -> Array:
    """(68, 2): a face around x, y of that width, turned by degrees; a seed makes it less even."""
    parts = [
        _arc((0.0, -0.1), (0.5, 0.62), (180, 0), 17),  # chin
        _arc((-0.22, -0.24), (0.13, 0.06), (180, 360), 5),
        _arc((0.22, -0.24), (0.13, 0.06), (180, 360), 5),  # brows
        np.stack([np.zeros(4), np.linspace(-0.14, 0.08, 4)], axis=1),
        _arc((0.0, 0.1), (0.1, 0.04), (180, 0), 5),  # nose
        _ring((-0.22, -0.13), (0.08, 0.03), 6),
        _ring((0.22, -0.13), (0.08, 0.03), 6),  # eyes
        _ring((0.0, 0.26), (0.17, 0.06), 12),
        _ring((0.0, 0.26), (0.13, 0.02), 8),  # mouth
    ]
    points = np.concatenate(parts)
    if seed is not None:
        points += np.random.default_rng(seed).normal(0, 0.01, points.shape)
    angle = math.radians(turn)
    turned = points @ np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return (turned * width + (x, y)).astype(np.float32)


def box_of(points: Array, score: float = 1.0) -> Box:
    """The box around them."""
    return Box.of((*points.min(axis=0), *points.max(axis=0), score))


class TellsPoints:
    """A `FaceLandmarks` that knows where faces are: by the size of a picture (width, height), in the order given."""

    def __init__(self, known: Mapping[tuple[int, int], Sequence[Array]]) -> None:
        self.known = known
        self.asked: list[tuple[int, bool]] = []  # (pictures, square) of each call of `boxes`

    def boxes(self, pictures: Sequence[npt.NDArray[np.uint8]], *, square: bool) -> list[list[Box]]:
        self.asked.append((len(pictures), square))
        return [[box_of(points) for points in self._of(picture)] for picture in pictures]

    def points(self, pictures: Sequence[npt.NDArray[np.uint8]], boxes: Sequence[Box]) -> Array:
        found = [
            next(points for points in self._of(picture) if box_of(points) == box)
            for picture, box in zip(pictures, boxes, strict=True)
        ]
        return np.stack(found) if found else np.zeros((0, 68, 2), np.float32)

    def _of(self, picture: npt.NDArray[np.uint8]) -> Sequence[Array]:
        return self.known.get((picture.shape[1], picture.shape[0]), ())


class MiddleOfPicture(TellsPoints):
    """A face in the middle of every picture, half as wide as its shorter side."""

    def __init__(self) -> None:
        super().__init__({})

    def _of(self, picture: npt.NDArray[np.uint8]) -> Sequence[Array]:
        height, width = picture.shape[:2]
        return (face_points(width / 2, height / 2, min(width, height) / 2),)


def middle_of_picture(folder: Path, device: str) -> MiddleOfPicture:
    """For PROVIDER settings: tests.fakes.face_points:middle_of_picture."""
    return MiddleOfPicture()


def _arc(centre: tuple[float, float], radii: tuple[float, float], turns: tuple[float, float], count: int) -> Points64:
    """Points of an ellipse between two angles in degrees, 180 being its left end and 270 its top."""
    angles = np.radians(np.linspace(*turns, count))
    return np.stack([centre[0] + radii[0] * np.cos(angles), centre[1] + radii[1] * np.sin(angles)], axis=1)


def _ring(centre: tuple[float, float], radii: tuple[float, float], count: int) -> Points64:
    """Clockwise from the left, as eyes and lips are counted."""
    return _arc(centre, radii, (180, 180 + 360 * (count - 1) / count), count)
