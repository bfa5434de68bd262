"""The mouth: lips and jaw by two layers, and what is seen between the lips.

The inside is painted from back to front: cavity, tongue and lower teeth (they go with the jaw), upper teeth (they stay
with the skull), and a shadow that the lips throw on all of it. A picture that shows teeth lends its own.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from svc_video.engines.portrait import teeth
from svc_video.engines.portrait.blendshapes import MOUTH_BASES, Blendshapes
from svc_video.engines.portrait.contour import Rim, outline
from svc_video.engines.portrait.warp import (
    Float,
    Layer,
    Mask,
    Pixels,
    Region,
    SplitWarp,
    blend,
    polygon_mask,
    region_around,
)
from svc_video.faces import landmarks as lm

OPEN_PART = 0.05  # of the mouth's width: a picture with a larger gap shows its teeth
JAW_TEETH_PART = 0.88  # the lower teeth's part of the lower lip's way
TONGUE_PART = 0.52
ROUNDED_HIDES = 0.1  # mouth widths by which fully rounded lips hide drawn upper teeth
PUCKER = MOUTH_BASES.index("pucker")
RIM_BLUR = 0.012  # mouth widths
SHADOW_BLUR = 0.075  # mouth widths
SHADOW_DEPTH = 0.86


@dataclass(frozen=True, slots=True)
class Canvas:
    """The part of the frame where the inside can be seen, and its pixels in mouth units."""

    region: Region
    across: Mask  # -1..1 from corner to corner
    down: Mask  # mouth widths below the line of the closed lips


class Mouth:
    """Renders the lower face of one portrait."""

    def __init__(self, picture: Pixels, shapes: Blendshapes) -> None:
        self._shapes = shapes
        face = shapes.points
        unit = shapes.mouth_width
        reach = np.concatenate([face[lm.OVAL][8:29], face[[2, 50, 280]]])
        margins = (unit * 0.25, unit * 0.1, unit * 0.25, unit * 0.75)
        self.region = region_around(reach, margins, picture.shape[:2])
        upper, lower = _sides(face, shapes)
        layers = [Layer(self.region, face[v], shapes.mouth[:, v]) for v in (upper, lower)]
        self._warp = SplitWarp(self.region, *layers)
        self._rim = self._make_rim()
        self._canvas = _canvas(shapes, self.region, self._middle)
        self._inside = _Inside(picture, self._canvas, shapes, self._rest_gap())

    def apply(self, picture: Pixels, weights: Float) -> Pixels:
        """The region's pixels for coefficients of MOUTH_BASES."""
        upper, lower = self._rim.at(weights)
        skin = self._warp.apply(picture, weights, (upper + lower) / 2)
        box = self._canvas.region
        gap = outline(upper, lower) - (box.left, box.top)
        opening = (lower - upper) @ self._shapes.axes[1]
        if opening.max() < 0.5:
            return skin
        mask = polygon_mask(gap, (box.height, box.width), max(self._shapes.mouth_width * RIM_BLUR, 0.6))
        jaw, rounded = self._jaw(weights), float(weights[PUCKER])
        row, column = box.top - self.region.top, box.left - self.region.left
        part = skin[row : row + box.height, column : column + box.width]
        part[:] = blend(part, self._inside.paint(mask, jaw, rounded), mask)
        return skin

    @property
    def _middle(self) -> Float:
        """The line where the lips meet when closed, (11, 2)."""
        face = self._shapes.points
        return np.asarray((face[lm.UPPER_INNER] + face[lm.LOWER_INNER]) / 2)

    def _is_open(self) -> bool:
        face = self._shapes.points
        gap = ((face[lm.LOWER_INNER] - face[lm.UPPER_INNER]) @ self._shapes.axes[1])[4:7].mean()
        return bool(gap > OPEN_PART * self._shapes.mouth_width)

    def _make_rim(self) -> Rim:
        """A closed mouth's rims lie on one line: the detector's noise between them must not open it."""
        shapes, face = self._shapes, self._shapes.points
        lines = (face[lm.UPPER_INNER], face[lm.LOWER_INNER]) if self._is_open() else (self._middle, self._middle)
        moves = (shapes.mouth[:, lm.UPPER_INNER].copy(), shapes.mouth[:, lm.LOWER_INNER].copy())
        if not self._is_open():
            moves[0][-1] = moves[1][-1] = 0
        return Rim(lines, moves, shapes.axes[1])

    def _rest_gap(self) -> Float | None:
        face = self._shapes.points
        return outline(face[lm.UPPER_INNER], face[lm.LOWER_INNER]) if self._is_open() else None

    def _jaw(self, weights: Float) -> float:
        """Pixels by which the chin is dropped, down the face."""
        return float(np.tensordot(weights, self._shapes.mouth[:, 200], axes=1) @ self._shapes.axes[1])


def _sides(face: Float, shapes: Blendshapes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Points of the upper and of the lower layer: beside the mouth they share all, so that no seam is seen there."""
    middle = (face[lm.UPPER_INNER] + face[lm.LOWER_INNER]) / 2
    centre = middle.mean(axis=0)
    place, line = (face - centre) @ shapes.axes.T, (middle - centre) @ shapes.axes.T
    inside = np.abs(place[:, 0]) < shapes.mouth_width * 0.46
    is_below = place[:, 1] > np.interp(place[:, 0], line[:, 0], line[:, 1])
    is_below[lm.LOWER_LIP[:, 1:-1].ravel()] = True
    is_below[lm.UPPER_LIP[:, 1:-1].ravel()] = False
    inside[lm.LOWER_LIP[:, 1:-1].ravel()] = inside[lm.UPPER_LIP[:, 1:-1].ravel()] = True
    return np.flatnonzero(~(inside & is_below)), np.flatnonzero(~(inside & ~is_below))


def _canvas(shapes: Blendshapes, inside: Region, middle: Float) -> Canvas:
    unit = shapes.mouth_width
    box = region_around(middle, (unit * 0.12, unit * 0.2, unit * 0.12, unit * 0.62), (10**6, 10**6))
    left, top = max(box.left, inside.left), max(box.top, inside.top)
    width = min(box.left + box.width, inside.left + inside.width) - left
    height = min(box.top + box.height, inside.top + inside.height) - top
    region = Region(left, top, width, height)
    place = (region.pixels().astype(np.float64) - middle[[0, -1]].mean(axis=0)) @ shapes.axes.T
    line = (middle - middle[[0, -1]].mean(axis=0)) @ shapes.axes.T
    rest = np.interp(place[..., 0], line[:, 0], line[:, 1])
    across, down = place[..., 0] / (unit / 2), (place[..., 1] - rest) / unit
    return Canvas(region, across.astype(np.float32), down.astype(np.float32))


class _Inside:
    """What lies between the lips, as flat layers that are moved and shaded."""

    def __init__(self, picture: Pixels, canvas: Canvas, shapes: Blendshapes, rest_gap: Float | None) -> None:
        box = canvas.region
        self._unit, self._down = shapes.mouth_width, shapes.axes[1]
        self._shape = (box.height, box.width)
        light = teeth.lighting(picture, shapes)
        self._cavity = teeth.cavity(canvas.across, canvas.down, light)
        self._tongue, self._tongue_alpha = teeth.tongue(canvas.across, canvas.down, light)
        self._lower, self._lower_alpha = teeth.lower_teeth(canvas.across, canvas.down, light)
        self._upper, self._upper_alpha = teeth.upper_teeth(canvas.across, canvas.down, light)
        self._teeth_height = ROUNDED_HIDES * self._unit
        self._rest_shadow: Mask = np.ones(self._shape, dtype=np.float32)
        if rest_gap is not None:
            gap = polygon_mask(rest_gap - (box.left, box.top), self._shape, 0)
            self._upper, self._upper_alpha = teeth.own_teeth(picture[box.part], gap, self._unit)
            self._teeth_height = float((gap > 0.5).sum(axis=0).max())
            self._rest_shadow = self._shadow(gap)

    def paint(self, mask: Mask, jaw: float, rounded: float) -> Pixels:
        """The inside for a gap's mask, a jaw dropped by pixels and lips rounded by 0..1, which hide the teeth."""
        out = self._cavity
        out = blend(out, *self._moved(self._tongue, self._tongue_alpha, self._down * jaw * TONGUE_PART))
        out = blend(out, *self._moved(self._lower, self._lower_alpha, self._down * jaw * JAW_TEETH_PART))
        lift = -self._down * rounded * self._teeth_height
        out = blend(out, *self._moved(self._upper, self._upper_alpha, lift if rounded else None))
        shade = np.minimum(self._shadow(mask) / self._rest_shadow, 1)
        return np.asarray(cv2.blendLinear(out, out, shade, np.zeros_like(shade)), dtype=np.uint8)

    def _moved(self, pixels: Pixels, alpha: Mask, by: Float | None) -> tuple[Pixels, Mask]:
        """A layer shifted by (x, y) pixels."""
        if by is None:
            return pixels, alpha
        shift, size = np.array([[1, 0, by[0]], [0, 1, by[1]]]), self._shape[::-1]
        moved = cv2.warpAffine(pixels, shift, size, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, dtype=np.uint8), np.asarray(cv2.warpAffine(alpha, shift, size), dtype=np.float32)

    def _shadow(self, mask: Mask) -> Mask:
        """Light that reaches the inside: less near the lips."""
        soft = cv2.GaussianBlur(mask, (0, 0), self._unit * SHADOW_BLUR)
        return np.asarray(1 - SHADOW_DEPTH * (1 - soft), dtype=np.float32)
