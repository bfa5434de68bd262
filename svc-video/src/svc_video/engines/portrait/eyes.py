"""The eyes: lids by two layers over an eyeball that stays, the iris shifted for gaze; and the brows above them."""

import numpy as np
from numpy.typing import NDArray

from svc_video.engines.portrait.blendshapes import EYE_BASES, Blendshapes
from svc_video.engines.portrait.contour import Rim, outline
from svc_video.engines.portrait.warp import (
    Float,
    Layer,
    Map,
    Mask,
    Pixels,
    SplitWarp,
    Warp,
    blend,
    polygon_mask,
    region_around,
    remapped,
)
from svc_video.faces import landmarks as lm

Indices = NDArray[np.int64]

RIM_BLUR = 0.7  # pixels
GAZE_ACROSS = 0.13  # eye widths that the iris goes for a full look to the side
GAZE_DOWN = 0.05
# eye widths by which the lids' edges are taken inside the lashes, so that no white goes with a lid or stays under it
UPPER_INSET, LOWER_INSET = 0.03, 0.04
LASH_WIDTH = 0.035  # eye widths
LASH_FROM = 0.35  # blink from which the closing lids' lashes are drawn
LASH_OPACITY = 0.68
BROWS = np.array([float(name.startswith("brow")) for name in EYE_BASES])
SHARED = [EYE_BASES.index(name) for name in ("lids", "squint", "lid")]  # those that both eyes share


class Brows:
    """Renders both brows and the forehead."""

    def __init__(self, picture: Pixels, shapes: Blendshapes) -> None:
        face, unit = shapes.points, shapes.mouth_width
        around = np.concatenate([face[lm.BROW_LEFT], face[lm.BROW_RIGHT]])
        margins = (unit * 0.4, unit * 0.9, unit * 0.4, unit * 0.4)
        self.region = region_around(around, margins, picture.shape[:2])
        low, high = np.min(around, axis=0) - unit, np.max(around, axis=0) + unit
        near = np.flatnonzero(((face > low) & (face < high)).all(axis=1))
        self._warp = Warp(self.region, Layer(self.region, face[near], shapes.eyes[:, near]))

    def apply(self, picture: Pixels, weights: Float) -> Pixels:
        """The region's pixels for coefficients of EYE_BASES, of which only the brows' count."""
        return self._warp.apply(picture, BROWS * weights)


class Eye:
    """Renders one eye."""

    def __init__(self, picture: Pixels, points: lm.Points, shapes: Blendshapes, *, left: bool) -> None:
        face = shapes.points
        upper, lower = (lm.UPPER_LID_LEFT, lm.LOWER_LID_LEFT) if left else (lm.UPPER_LID_RIGHT, lm.LOWER_LID_RIGHT)
        self._width = width = float(np.linalg.norm(face[upper[-1]] - face[upper[0]]))
        nose = width * 0.35  # the other eye's region begins beyond the nose's ridge
        sides = (width * 0.5, nose) if left else (nose, width * 0.5)
        margins = (sides[0], width * 0.5, sides[1], width * 0.6)
        self.region = region_around(face[np.concatenate([upper, lower])], margins, picture.shape[:2])
        layers = [Layer(self.region, face[v], shapes.eyes[:, v]) for v in _sides(face, shapes, upper, lower)]
        self._warp = SplitWarp(self.region, *layers)
        moves = (shapes.eyes[:, upper], shapes.eyes[:, lower])
        edges = (face[upper].copy(), face[lower].copy())
        edges[0][1:-1] -= shapes.axes[1] * width * UPPER_INSET
        edges[1][1:-1] += shapes.axes[1] * width * LOWER_INSET
        self._rim = Rim(edges, moves, shapes.axes[1], yielding=0)
        corner = (self.region.left, self.region.top)
        rest = self._rim.at(np.zeros(len(EYE_BASES)))
        self._rest_mask = polygon_mask(outline(*rest) - corner, (self.region.height, self.region.width), RIM_BLUR)
        iris = points[(lm.IRIS_LEFT if left else lm.IRIS_RIGHT) :][:5, :2].astype(np.float64)
        self._look = self._look_field(iris)
        self._lash = _lash_colour(picture, rest[0])
        self._axes, self._blink = shapes.axes, EYE_BASES.index("blink_left" if left else "blink_right")

    def is_still(self, weights: Float) -> bool:
        """Whether these coefficients leave the lids as they are."""
        return not (weights[self._blink] or weights[SHARED].any())

    def apply(self, picture: Pixels, weights: Float, gaze: tuple[float, float]) -> Pixels:
        """The region's pixels for coefficients of EYE_BASES and a gaze of -1..1 across and down."""
        if self.is_still(weights):
            return blend(picture[self.region.part].copy(), self._eyeball(picture, gaze), self._rest_mask)
        lids = weights * (1 - BROWS)  # the brows have moved before
        upper, lower = self._rim.at(lids)
        skin = self._warp.apply(picture, lids, (upper + lower) / 2)
        corner = (self.region.left, self.region.top)
        mask = polygon_mask(outline(upper, lower) - corner, skin.shape[:2], RIM_BLUR)
        out = blend(skin, self._eyeball(picture, gaze), mask)
        drawn = (float(weights[self._blink]) - LASH_FROM) / (1 - LASH_FROM)
        return self._with_lashes(out, upper - corner, drawn) if drawn > 0 else out

    def _with_lashes(self, eye: Pixels, line: Float, part: float) -> Pixels:
        """A shut eye is a dark line, thicker in its middle."""
        thickness = np.sin(np.linspace(0, np.pi, len(line)))[:, None] ** 0.5 * self._width * LASH_WIDTH / 2
        band = np.concatenate([line - thickness * self._axes[1], (line + thickness * self._axes[1])[::-1]])
        mask = polygon_mask(band, eye.shape[:2], RIM_BLUR) * np.float32(part * LASH_OPACITY)
        return blend(eye, np.broadcast_to(self._lash, eye.shape).copy(), mask)

    def _look_field(self, iris: Float) -> Map:
        """How much of a gaze's shift each pixel takes, (H, W, 1): all in the iris, none at the corners."""
        radius = max(float(np.linalg.norm(iris[1:] - iris[0], axis=1).mean()), 1.0)
        distance = np.linalg.norm(self.region.pixels() - iris[0].astype(np.float32), axis=-1)
        reach = max(self._width * 0.5 - radius * 0.6, radius)
        return (1 - _smooth((distance - radius * 1.1) / reach))[..., None]

    def _eyeball(self, picture: Pixels, gaze: tuple[float, float]) -> Pixels:
        rows, columns = self.region.part
        if gaze == (0.0, 0.0):
            return np.asarray(picture[rows, columns])
        shift = gaze[0] * GAZE_ACROSS * self._axes[0] + gaze[1] * GAZE_DOWN * self._axes[1]
        source = self.region.pixels() - self._look * (shift * self._width).astype(np.float32)
        return np.asarray(remapped(picture, source))


def _smooth(t: NDArray[np.float32]) -> Mask:
    """0 below 0, 1 above 1, smooth between."""
    t = np.clip(t, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def _lash_colour(picture: Pixels, line: Float) -> NDArray[np.uint8]:
    """The darkest colour along the upper lid, (3,)."""
    at = np.clip(np.concatenate([line + np.array([0, d]) for d in (-2, -1, 0)]).round().astype(int), 0, None)
    rows, columns = np.minimum(at[:, 1], picture.shape[0] - 1), np.minimum(at[:, 0], picture.shape[1] - 1)
    colours = picture[rows, columns]
    dark = colours[np.argsort(colours.sum(axis=1))[: len(colours) // 5]]
    return np.asarray(np.median(dark, axis=0), dtype=np.uint8)


def _sides(face: Float, shapes: Blendshapes, upper: Indices, lower: Indices) -> tuple[Indices, Indices]:
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
