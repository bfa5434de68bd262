"""The mouth: lips and jaw by two layers, the light on them, and what is seen between the lips.

A picture that shows teeth lends its own; where its lips meet while it speaks, the line between them is drawn.
"""

import numpy as np
from numpy.typing import NDArray

from svc_video.engines.portrait import light
from svc_video.engines.portrait.blendshapes import MOUTH_BASES, Blendshapes
from svc_video.engines.portrait.contour import Rim
from svc_video.engines.portrait.inside import Canvas, Inside
from svc_video.engines.portrait.shading import Shading
from svc_video.engines.portrait.warp import Float, Layer, Pixels, SplitWarp, blend, region_around
from svc_video.faces import landmarks as lm

OPEN_PART = 0.05  # of the mouth's width: a picture with a larger gap shows its teeth
WHOLE_SMILE = 0.12  # of the mouth's width: how far the corners stand above the middle when a mouth laughs
PUCKER = MOUTH_BASES.index("pucker")
RIM_BLUR = 0.012  # mouth widths
LEAST_GAP = 0.15  # pixels
LINE_WIDTH = 0.03  # mouth widths: the line between lips that the picture shows apart
LINE_OPENS = 0.05  # mouth widths of opening at which it is gone
LINE_ENDS = 0.02  # mouth widths of opening in the picture from which it is whole
LINE_LEAST = 0.05
LINE_DARK = 0.5
LINE_STRENGTH = 0.75


class Mouth:
    """Renders the lower face of one portrait."""

    def __init__(self, picture: Pixels, shapes: Blendshapes) -> None:
        self._shapes = shapes
        face, unit = shapes.points, shapes.mouth_width
        reach = np.concatenate([face[lm.OVAL][8:29], face[[2, 50, 280]]])
        margins = (unit * 0.25, unit * 0.1, unit * 0.25, unit * 0.75)
        self.region = region_around(reach, margins, picture.shape[:2])
        upper, lower = _sides(face, shapes)
        layers = [Layer(self.region, face[v], shapes.mouth[:, v]) for v in (upper, lower)]
        self._warp = SplitWarp(self.region, *layers)
        self._rim = self._make_rim()
        self._canvas = Canvas.of(shapes, self._middle, self.region)
        lit = light.measure(picture, shapes)
        self._blur = max(unit * RIM_BLUR, 0.7 * lit.softness, 0.5)
        self._shows_teeth = self._is_open()
        rest = (face[lm.UPPER_INNER], face[lm.LOWER_INNER]) if self._shows_teeth else None
        self._inside = Inside(picture, self._canvas, lit, shapes, rest)
        self._chin_drops = shapes.mouth[:, 200] @ shapes.axes[1]
        self._rest_opening = self._opening(*self._rim.at(np.zeros(len(MOUTH_BASES))))
        self._gone_at = np.clip(self._rest_opening, 1e-3, LINE_OPENS * unit)
        self._parts = np.clip(self._rest_opening / (LINE_ENDS * unit), 0, 1)
        self._shading = Shading(picture, self.region, shapes, lit, self._open_smile())
        self._line = np.broadcast_to((lit.lip * LINE_DARK).astype(np.uint8), (*self._canvas.shape, 3)).copy()

    def apply(self, picture: Pixels, weights: Float, tongue: float = 0.0) -> Pixels:
        """The region's pixels for coefficients of MOUTH_BASES and a tongue raised by 0..1, at 1 between the teeth."""
        upper, lower = self._rim.at(weights)
        skin = self._warp.apply(self._shading.apply(picture, weights), weights, (upper + lower) / 2)
        opening = self._opening(upper, lower)
        row, column = self._canvas.region.top - self.region.top, self._canvas.region.left - self.region.left
        part = skin[row : row + self._canvas.region.height, column : column + self._canvas.region.width]
        if self._shows_teeth:
            self._draw_line(part, (upper + lower) / 2, opening)
        if opening.max() < LEAST_GAP:
            return skin
        mask = self._canvas.gap.mask(upper, lower, self._blur)
        parted = float(opening.max() - self._rest_opening.max())
        rounded, raised = (min(max(float(v), 0.0), 1.0) for v in (weights[PUCKER], tongue))
        inside = self._inside.paint(mask, float(weights @ self._chin_drops), rounded, raised, parted)
        part[:] = blend(part, inside, mask)
        return skin

    def _draw_line(self, part: Pixels, middle: Float, opening: Float) -> None:
        """The line of closed lips, where they were apart in the picture."""
        unit, down = self._shapes.mouth_width, self._shapes.axes[1]
        shut = np.maximum(1 - opening / self._gone_at, 0) * self._parts
        if shut.max() < LINE_LEAST:
            return
        half = (LINE_WIDTH / 2 * unit * shut)[:, None] * down
        mask = self._canvas.gap.mask(middle - half, middle + half, self._blur)
        part[:] = blend(part, self._line, mask * np.float32(LINE_STRENGTH))

    def _opening(self, upper: Float, lower: Float) -> Float:
        """Pixels between the rims, (dense,)."""
        return np.asarray((lower - upper) @ self._shapes.axes[1])

    def _open_smile(self) -> float:
        """How much of an open smile the picture has, 0..1."""
        if not self._is_open():
            return 0.0
        face = self._shapes.points
        rise = (face[[13, 14]].mean(axis=0) - face[[78, 308]].mean(axis=0)) @ self._shapes.axes[1]
        return float(np.clip(rise / (WHOLE_SMILE * self._shapes.mouth_width), 0, 1))

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
