"""From the networks' square to the crop of 224 pixels that face reconstruction reads: scaled and moved, never turned.

Five points of the face are laid over five points of a mean face by least squares ("POS", as in Deep3DFaceRecon); the
scale and place found become the last three coefficients of a frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from svc_video.engines.sadtalker.heatmaps import Points64
from svc_video.engines.sadtalker.source import Floats, Rgb
from troupe.wire.errors import NoFace

SIDE = 224  # pixels of the crop
MEAN_FACE = 102.0  # pixels in the crop per unit of the mean face
LARGEST = 8192  # pixels of a side while the square is scaled; a face that needs more is a speck
NOSE, LEFT_EYE, RIGHT_EYE, MOUTH_LEFT, MOUTH_RIGHT = 30, (36, 39), (42, 45), 48, 54
"""Of the 68 points; an eye is the middle between its corners."""
_TOO_SMALL = (
    "The face is too small to be understood in the square of {side} pixels that the networks see. Choose the mode crop "
    "or full, or send a picture that shows the face larger."
)


@dataclass(frozen=True, slots=True)
class Aligned:
    """What face reconstruction is given, and how it was laid."""

    image: Rgb  # (224, 224, 3)
    place: Floats  # (3,): the scale from the square to the crop, and x and y (from below) of the mean face's middle


def five_points(points: Floats) -> Floats:
    """(68, 2) -> (5, 2): left and right eye, tip of the nose, left and right corner of the mouth."""
    left, right = points[list(LEFT_EYE)].mean(axis=0), points[list(RIGHT_EYE)].mean(axis=0)
    return np.stack([left, right, points[NOSE], points[MOUTH_LEFT], points[MOUTH_RIGHT]])


def align(square: Rgb, points: Floats, mean_points: npt.NDArray[np.floating]) -> Aligned:
    """Lay a square picture whose face has these points (68, 2) over the mean face (5, 3). Raises `NoFace`."""
    height, width = square.shape[:2]
    upward = np.stack([points[:, 0], height - 1 - points[:, 1]], axis=1)  # y counts from below here
    middle, extent = posed(five_points(upward), mean_points)
    if not np.isfinite(extent) or not extent or max(width, height) * MEAN_FACE / extent > LARGEST:
        raise NoFace(_TOO_SMALL.format(side=width))
    scale = MEAN_FACE / extent
    place = np.array([scale, *middle], np.float64).astype(np.float32)
    return Aligned(_cropped(square, scale, middle), place)


def posed(seen: Floats, mean_points: npt.NDArray[np.floating]) -> tuple[Points64, float]:
    """Where the origin of a solid (n, 3) lies in a picture, (2,), and how large its unit is there, in pixels.

    `seen` (n, 2) are its points in the picture. Least squares for a camera without perspective: each axis of
    the picture is a linear function of the solid.
    """
    count = len(seen)
    known = np.zeros((2 * count, 8))
    known[0::2, 0:3] = known[1::2, 4:7] = mean_points
    known[0::2, 3] = known[1::2, 7] = 1.0
    found = np.linalg.lstsq(known, seen.astype(np.float64).reshape(-1, 1))[0][:, 0]
    extent = (np.linalg.norm(found[0:3]) + np.linalg.norm(found[4:7])) / 2
    return np.array([found[3], found[7]], np.float64), float(extent)


def _cropped(square: Rgb, scale: float, middle: Points64) -> Rgb:
    """The square, scaled, and 224 pixels of it around that point (y from below); black where it has none."""
    height, width = square.shape[:2]
    wide, high = int(width * scale), int(height * scale)
    left = int(wide / 2 - SIDE / 2 + (middle[0] - width / 2) * scale)
    top = int(high / 2 - SIDE / 2 + (height / 2 - middle[1]) * scale)
    scaled = Image.fromarray(square).resize((wide, high), Image.Resampling.BICUBIC)
    return np.asarray(scaled.crop((left, top, left + SIDE, top + SIDE)), np.uint8)
