"""The eyeball: an iris that slides over a white completed behind it, and the light on both that stays.

Once per portrait the picture's eye is taken apart: the upper lid's shadow is divided out, the iris is found (Daugman
1993: the circle across which brightness jumps most), completed where lids hide it, freed of its catch-light, and the
white behind it is filled from the white beside it. At rest the parts put together give the picture again.
"""

import cv2
import numpy as np

from svc_video.engines.portrait.eyeshape import EyeShape, smooth
from svc_video.engines.portrait.warp import Float, Mask, Pixels
from svc_video.faces import landmarks as lm

GAZE_ACROSS = 0.13  # eye widths that the iris goes for a full look to the side
GAZE_DOWN = 0.05
GLINT_PART = 0.25  # of the iris's way: a reflection stays with its lamp
SHADOW_DEPTH, SHADOW_REACH = 0.3, 0.06  # the upper lid's shadow on the eyeball, and eye widths over which it fades
EDGE_BAND = 0.04  # eye widths beside the lids where the picture shows lashes more than eyeball
RIM_SOFTNESS = 0.2  # iris radii over which iris turns to white
SEARCH = (0.12, 0.2)  # iris radii by which the landmarks' centre and radius may be off
GLINT_EDGE = 0.025  # eye widths around a reflection that are still lit by it
IRIS_RINGS = 18  # of which the outer 6 lie beyond its edge
GLINT = 0.35  # of the way from the iris's usual brightness to white: brighter is a reflection


class Eyeball:
    """One eyeball without its lids."""

    def __init__(self, picture: Pixels, shape: EyeShape, points: lm.Points, *, left: bool) -> None:
        self._shape = shape
        seen = picture[shape.region.part].astype(np.float32) / shadow(shape, shape.upper)[..., None]
        band = EDGE_BAND * shape.width
        known = _edge(shape.v - shape.upper - band) * _edge(shape.lower - band - shape.v) * (1 - shape.still)
        landmarks = points[(lm.IRIS_LEFT if left else lm.IRIS_RIGHT) :][:5, :2].astype(np.float64)
        self.centre, self.radius = _circle(picture, shape, landmarks)
        distance = np.linalg.norm(shape.region.pixels() - self.centre.astype(np.float32), axis=-1)
        soft = RIM_SOFTNESS * self.radius + 0.5
        cover = smooth((self.radius + soft - distance) / (1.3 * soft))
        self._white = _completed_white(seen, known * (cover == 0), shape)
        iris = _completed_iris(seen, known * (cover > 0.98), distance, self.radius)
        iris, glint = _without_glint(iris, known, cover, self.centre - (shape.region.left, shape.region.top), shape)
        inside = (known * (cover > 0))[..., None]
        ideal = iris * cover[..., None]
        layer = ideal + inside * (seen - glint - self._white * (1 - cover[..., None]) - ideal)
        self._iris = np.ascontiguousarray(np.dstack([layer, cover]), dtype=np.float32)
        self._glint = glint

    def adopt(self, rest: Mask) -> Mask:
        """Takes what the picture shows beyond the iris, in proportion to its cover; returns what it took.

        What is darker is iris and goes with it, what is lighter is a reflection.
        """
        above = (self._shape.v < self._shape.lower - 2 * EDGE_BAND * self._shape.width)[..., None]
        taken = np.asarray(np.where(above, rest, np.minimum(rest, 0)) * self._iris[..., 3:], dtype=np.float32)
        self._iris[..., :3] += np.minimum(taken, 0)
        self._glint += np.maximum(taken, 0)
        return taken

    def look(self, gaze: tuple[float, float], rows: slice, columns: slice) -> Mask:
        """Colours (height, width, 3), unshadowed, of a part of the region for a gaze of -1..1 across and down."""
        white, axes = self._white[rows, columns], self._shape.axes
        way = (gaze[0] * GAZE_ACROSS * axes[0] + gaze[1] * GAZE_DOWN * axes[1]) * self._shape.width
        iris = _shifted(self._iris[rows, columns], way)
        out = white * (1 - iris[..., 3:])
        out += iris[..., :3]
        out += _shifted(self._glint[rows, columns], way * GLINT_PART)
        return np.asarray(out)


def shadow(shape: EyeShape, lid: Mask) -> Mask:
    """The part of the light (height, width) that a lid whose edge is at `lid` lets fall on the eyeball."""
    below = np.maximum(shape.v - lid, 0)
    return np.asarray(1 - SHADOW_DEPTH * np.exp(-below / (SHADOW_REACH * shape.width)), dtype=np.float32)


def _shifted(layer: Mask, way: Float) -> Mask:
    if not way.any():
        return layer
    matrix = np.array([[1, 0, way[0]], [0, 1, way[1]]])
    size = layer.shape[1::-1]
    return np.asarray(cv2.warpAffine(layer, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _edge(inside: Mask) -> Mask:
    """1 where the pixel's middle lies inside."""
    return np.asarray(inside > 0, dtype=np.float32)


def spread(colours: Mask, weights: Mask, across: float, down: float) -> Mask:
    """Colours (height, width, 3) filled everywhere by the weighted mean of those around, nearer ones first."""
    total = np.zeros((*weights.shape, 4), dtype=np.float32)
    weighted = np.dstack([colours * weights[..., None], weights]).astype(np.float32)
    for scale, share in ((1.0, 1.0), (2.0, 0.03), (5.0, 1e-3)):
        total += share * cv2.GaussianBlur(weighted, (0, 0), max(across * scale, 0.4), None, max(down * scale, 0.4))
    return np.asarray(total[..., :3] / np.maximum(total[..., 3:], 1e-9), dtype=np.float32)


def _circle(picture: Pixels, shape: EyeShape, landmarks: Float) -> tuple[Float, float]:
    """Centre (x, y) and radius of the iris, the landmarks' own made exact by the picture."""
    radius = max(float(np.linalg.norm(landmarks[1:] - landmarks[0], axis=1).mean()), 1.0)
    steps = np.linspace(-1, 1, 5)
    dx, dy, dr = (
        g.ravel() for g in np.meshgrid(steps * SEARCH[0], steps * SEARCH[0], np.linspace(-1, 1, 9) * SEARCH[1])
    )
    sides = np.radians([*range(-35, 50, 8), *range(135, 220, 8)])  # the lids hide top and bottom
    rays = np.cos(sides)[:, None] * shape.axes[0] + np.sin(sides)[:, None] * shape.axes[1]
    middle = landmarks[0] + radius * np.stack([dx, dy], axis=-1)
    grey = cv2.GaussianBlur(cv2.cvtColor(picture[shape.region.part], cv2.COLOR_RGB2GRAY), (0, 0), 0.6).astype(
        np.float32
    )

    def ring(part: float) -> Float:
        reach = (radius * (1 + dr) * part)[:, None, None]
        at = (middle[:, None] + rays * reach - (shape.region.left, shape.region.top)).astype(np.float32)
        x, y = np.ascontiguousarray(at[..., 0]), np.ascontiguousarray(at[..., 1])
        return np.asarray(cv2.remap(grey, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), dtype=np.float64)

    jump = np.minimum(ring(1.13) - ring(0.87), 60).mean(axis=1) - 12 * np.abs(dr) - 8 * np.hypot(dx, dy)
    best = int(jump.argmax())
    return middle[best], radius * float(1 + dr[best])


def _completed_white(seen: Mask, known: Mask, shape: EyeShape) -> Mask:
    """The white of the eye without iris and lashes."""
    light = seen.mean(axis=2)
    bright = max(float(np.percentile(light[known > 0], 85)), 1.0) if known.any() else 255.0
    trust = known * np.clip(light / bright, 0.3, 1) ** 3  # what is dark there is lash or shadow
    filled = spread(seen, trust + 1e-6 * known, shape.width * 0.1, shape.width * 0.05)
    if not known.any():
        filled[:] = seen.reshape(-1, 3).max(axis=0)
    unknown = cv2.GaussianBlur(1 - known, (0, 0), max(0.02 * shape.width, 0.4))
    sure = known * np.clip(1 - 2 * unknown, 0, 1)  # no step where the picture's white ends
    return np.asarray(filled + sure[..., None] * (seen - filled), dtype=np.float32)


def _completed_iris(seen: Mask, known: Mask, distance: Mask, radius: float) -> Mask:
    """The iris as a whole disc: what the lids hide has the colour of its ring."""
    ring = np.clip(distance / max(radius, 1) * (IRIS_RINGS - 6), 0, IRIS_RINGS - 1)
    inner = np.floor(ring[known > 0]).astype(np.int64)
    count = np.bincount(inner, minlength=IRIS_RINGS).astype(np.float64)
    total = np.stack([np.bincount(inner, seen[known > 0, c], minlength=IRIS_RINGS) for c in range(3)], axis=1)
    rings = np.arange(IRIS_RINGS)
    kernel = np.exp(-(np.subtract.outer(rings, rings) ** 2) / 1.5) + 1e-6
    means = (kernel @ total) / np.maximum(kernel @ count, 1e-9)[:, None]
    filled = np.stack([np.interp(ring - 0.5, rings, means[:, c]) for c in range(3)], axis=-1)
    return np.asarray(filled + known[..., None] * (seen - filled), dtype=np.float32)


def _without_glint(iris: Mask, known: Mask, cover: Mask, centre: Float, shape: EyeShape) -> tuple[Mask, Mask]:
    """The iris without its reflections, and these (height, width, 3) to be added to it."""
    inside = (known > 0) & (cover > 0.9)
    light = iris.mean(axis=2)
    if inside.sum() < 6:
        return iris, np.zeros_like(iris)
    usual = float(np.median(light[inside]))
    level = usual + GLINT * max(255 - usual, 40)
    bright = smooth((light - level + 30) / 30) * (cover > 0.5)
    grown = 2 * max(round(GLINT_EDGE * shape.width), 1) + 1
    part = cv2.dilate(bright, np.ones((grown, grown), np.uint8)) * (cover > 0.5)
    part = np.asarray(part, dtype=np.float32)
    x = np.asarray(2 * centre[0] - np.arange(shape.region.width), dtype=np.float32)
    x, y = np.meshgrid(x, np.arange(shape.region.height, dtype=np.float32))  # the other half of the iris is like it
    across = [cv2.remap(layer, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for layer in (iris, part)]
    spare = spread(iris, (1 - part) * inside + 1e-6 * inside, 0.04 * shape.width, 0.04 * shape.width)
    instead = np.asarray(across[0] + across[1][..., None] * (spare - across[0]))
    glint = np.maximum(part[..., None] * (iris - instead), 0)
    return np.asarray(iris - glint, dtype=np.float32), np.asarray(glint * (known > 0)[..., None], dtype=np.float32)
