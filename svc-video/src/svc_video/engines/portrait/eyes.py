"""The eyes: lids by two layers over an eyeball that stays, brows with the upper one, the iris shifted for gaze."""

import cv2
import numpy as np
from numpy.typing import NDArray

from svc_video.engines.portrait.blendshapes import Blendshapes
from svc_video.engines.portrait.contour import Rim, outline
from svc_video.engines.portrait.warp import (
    Float,
    Layer,
    Map,
    Pixels,
    SplitWarp,
    blend,
    polygon_mask,
    region_around,
)
from svc_video.faces import landmarks as lm

RIM_BLUR = 0.7  # pixels
GAZE_ACROSS = 0.13  # eye widths that the iris goes for a full look to the side
GAZE_DOWN = 0.05


class Eye:
    """Renders one eye and its brow."""

    def __init__(self, picture: Pixels, points: lm.Points, shapes: Blendshapes, *, left: bool) -> None:
        face = shapes.points
        upper, lower = (lm.UPPER_LID_LEFT, lm.LOWER_LID_LEFT) if left else (lm.UPPER_LID_RIGHT, lm.LOWER_LID_RIGHT)
        brow = lm.BROW_LEFT if left else lm.BROW_RIGHT
        self._width = float(np.linalg.norm(face[upper[-1]] - face[upper[0]]))
        self.region = self._make_region(face, np.concatenate([upper, lower, brow]), picture.shape[:2], left=left)
        above, below = _sides(face, shapes, upper, lower)
        layers = [Layer(self.region, face[v], shapes.eyes[:, v]) for v in (above, below)]
        self._warp = SplitWarp(self.region, *layers)
        moves = (shapes.eyes[:, upper], shapes.eyes[:, lower])
        self._rim = Rim((face[upper], face[lower]), moves, shapes.axes[1], yielding=0)
        iris = points[(lm.IRIS_LEFT if left else lm.IRIS_RIGHT) :][:5, :2].astype(np.float64)
        self._look = self._look_field(iris, (face[upper[0]] + face[upper[-1]]) / 2)
        self._axes = shapes.axes

    def apply(self, picture: Pixels, weights: Float, gaze: tuple[float, float]) -> Pixels:
        """The region's pixels for coefficients of EYE_BASES and a gaze of -1..1 across and down."""
        upper, lower = self._rim.at(weights)
        skin = self._warp.apply(picture, weights, (upper + lower) / 2)
        gap = outline(upper, lower) - (self.region.left, self.region.top)
        mask = polygon_mask(gap, skin.shape[:2], RIM_BLUR)
        return blend(skin, self._eyeball(picture, gaze), mask)

    def _make_region(self, face: Float, around: NDArray[np.int64], frame: tuple[int, int], *, left: bool):  # noqa: ANN202
        margin = self._width * 0.45
        inner = min(margin, abs(face[133 if left else 362] - face[168]).max() * 0.9)
        sides = (margin, inner) if left else (inner, margin)
        return region_around(face[around], (sides[0], margin, sides[1], margin * 1.4), frame)

    def _look_field(self, iris: Float, middle: Float) -> Map:
        """How much of a gaze's shift each pixel takes: all of it in the iris, none at the eye's corners, (H, W)."""
        radius = max(float(np.linalg.norm(iris[1:] - iris[0], axis=1).mean()), 1.0)
        del middle
        distance = np.linalg.norm(self.region.pixels() - iris[0].astype(np.float32), axis=-1)
        t = np.clip((distance - radius * 1.1) / (self._width * 0.5 - radius * 0.6), 0, 1)
        return np.asarray((1 - t * t * (3 - 2 * t))[..., None], dtype=np.float32)

    def _eyeball(self, picture: Pixels, gaze: tuple[float, float]) -> Pixels:
        rows, columns = self.region.part
        if gaze == (0.0, 0.0):
            return np.asarray(picture[rows, columns])
        shift = gaze[0] * GAZE_ACROSS * self._axes[0] + gaze[1] * GAZE_DOWN * self._axes[1]
        source = self.region.pixels() - self._look * (shift * self._width).astype(np.float32)
        return np.asarray(cv2.remap(picture, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _sides(
    face: Float, shapes: Blendshapes, upper: NDArray[np.int64], lower: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Points of the upper and of the lower layer; beside the eye they share all."""
    middle = (face[upper] + face[lower]) / 2
    centre = middle.mean(axis=0)
    place, line = (face - centre) @ shapes.axes.T, (middle - centre) @ shapes.axes.T
    near = np.linalg.norm(place, axis=1) < np.ptp(line[:, 0]) * 1.6
    inside = np.abs(place[:, 0]) < np.ptp(line[:, 0]) * 0.47
    is_below = place[:, 1] > np.interp(place[:, 0], line[:, 0], line[:, 1])
    for ring, side in ((upper[1:-1], False), (lower[1:-1], True)):
        is_below[ring], inside[ring] = side, True
    return np.flatnonzero(near & ~(inside & is_below)), np.flatnonzero(near & ~(inside & ~is_below))
