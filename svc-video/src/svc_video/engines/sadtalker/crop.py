"""Which part of a picture the networks see: a rectangle around the 68 points of the face, as FFHQ's square is laid.

Whole pixels as upstream has them. Two of its slips are mended, because they stretch faces, unless `upstream` asks for
them: the inner cut's right and lower edges are held inside the outer cut (upstream held both below the *width* of the
whole picture, so that where a face reaches the picture's edge, what was cut and what was told differ), and the shape
told of the `ext` modes is that of the outer cut, which is what the networks see there.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from svc_video.engines.sadtalker.source import Crop, Floats, Mode, Rgb
from troupe.wire.errors import NoFace

TARGET = 512  # pixels; a picture is shrunk by whole numbers while the face's square would still have twice as many
BORDER = 0.1  # of the square's side, around it on each side
MIN_BORDER = 3  # pixels
MIN_CUT = 16  # pixels of a side; less holds no face
EYE_TO_EYE, EYE_TO_MOUTH = 2.0, 1.8  # half the square's side, in those distances: the larger one counts
DOWN = 0.1  # of the way from the eyes to the mouth, where the square's middle lies

LEFT_EYE, RIGHT_EYE, MOUTH_LEFT, MOUTH_RIGHT = slice(36, 42), slice(42, 48), 48, 54
OUTER: frozenset[Mode] = frozenset({"extcrop", "extfull"})  # modes that show the outer cut
NO_SHAPE = (
    "What looked like a face has no eyes and mouth where a face has them, or lies outside of the picture. Send a photo "
    "of one whole face, seen from the front; drawn and stylised faces are animated by the engine portrait."
)


@dataclass(frozen=True, slots=True)
class Cut:
    """What was cut out of a picture, and from where."""

    image: Rgb
    crop: Crop | None  # none = all of it
    shape: tuple[int, int]  # (width, height) as it is told, pixels
    origin: tuple[int, int]  # left and top of the image in the shrunk picture
    scale: tuple[float, float]  # of x and y, from the picture to the shrunk one

    def squeezed(self, size: int) -> Rgb:
        """(size, size, 3): the networks' square."""
        return np.asarray(cv2.resize(self.image, (size, size)), np.uint8)

    def moved(self, points: Floats, size: int) -> Floats:
        """Points of the picture (n, 2) as they lie in the networks' square."""
        height, width = self.image.shape[:2]
        there = points * self.scale - self.origin
        return (there * (size / width, size / height)).astype(np.float32)


def square(points: Floats) -> tuple[npt.NDArray[np.float64], float]:
    """The square around a face (68, 2), and its side: upper left, lower left, lower right, upper right corner (4, 2).

    Raises `NoFace` where the points are no face's.
    """
    left, right = points[LEFT_EYE].mean(axis=0), points[RIGHT_EYE].mean(axis=0)
    eyes, across = (left + right) * 0.5, right - left
    down = (points[MOUTH_LEFT] + points[MOUTH_RIGHT]) * 0.5 - eyes
    x = across - down[::-1] * [-1, 1]
    if not np.isfinite(x).all() or not x.any():
        raise NoFace(NO_SHAPE)
    x = x / np.hypot(*x) * max(np.hypot(*across) * EYE_TO_EYE, np.hypot(*down) * EYE_TO_MOUTH)
    y = x[::-1] * [-1, 1]
    middle = eyes + down * DOWN
    return np.stack([middle - x - y, middle - x + y, middle + x + y, middle + x - y]), float(np.hypot(*x) * 2)


def crop_of(points: Floats, width: int, height: int, *, upstream: bool = False) -> Crop:
    """Where to cut a picture of that size whose face has these points (68, 2). Raises `NoFace`."""
    corners, side = square(points)
    shrinkage = int(np.floor(side / TARGET * 0.5))
    if shrinkage > 1:
        width, height = int(np.rint(width / shrinkage)), int(np.rint(height / shrinkage))
        corners, side = corners / shrinkage, side / shrinkage
    border = max(int(np.rint(side * BORDER)), MIN_BORDER)
    low = np.floor(corners.min(axis=0)).astype(int) - border
    high = np.ceil(corners.max(axis=0)).astype(int) + border
    outer = (max(int(low[0]), 0), max(int(low[1]), 0), min(int(high[0]), width), min(int(high[1]), height))
    limits = (width, width) if upstream else (outer[2] - outer[0], outer[3] - outer[1])
    return Crop((width, height), outer, _inner(corners - outer[:2] + 0.5, limits))


def cut(picture: Rgb, points: Floats, mode: Mode, *, upstream: bool = False) -> Cut:
    """The part that a mode shows the networks; the face has these points (68, 2). Raises `NoFace`."""
    height, width = picture.shape[:2]
    crop = crop_of(points, width, height, upstream=upstream)
    image = within(picture, crop, mode)
    left, top, right, bottom = map(int, crop.inner)
    shape = (right - left, bottom - top)
    origin = (crop.outer[0] + left, crop.outer[1] + top)
    if mode in OUTER:
        origin = crop.outer[:2]
        shape = shape if upstream else (image.shape[1], image.shape[0])
    if min(*image.shape[:2], *shape) < MIN_CUT:
        raise NoFace(NO_SHAPE)
    return Cut(image, crop, shape, origin, (crop.picture[0] / width, crop.picture[1] / height))


def uncut(picture: Rgb) -> Cut:
    """All of the picture: the mode resize."""
    return Cut(picture, None, (picture.shape[1], picture.shape[0]), (0, 0), (1.0, 1.0))


def within(picture: Rgb, crop: Crop, mode: Mode) -> Rgb:
    """What a crop shows of a picture of the size for which it was made."""
    if crop.picture != (picture.shape[1], picture.shape[0]):
        picture = np.asarray(cv2.resize(picture, crop.picture), np.uint8)
    left, top, right, bottom = crop.outer
    outer = picture[top:bottom, left:right]
    if mode in OUTER:
        return outer
    left, top, right, bottom = map(int, crop.inner)
    return outer[top:bottom, left:right]


def _inner(corners: npt.NDArray[np.float64], limits: tuple[int, int]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the upright rectangle between the square's corners, held inside the limits."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
    return (
        float(max(min(x0, x1), 0)),
        float(max(min(y0, y3), 0)),
        float(min(max(x2, x3), limits[0])),
        float(min(max(y1, y2), limits[1])),
    )
