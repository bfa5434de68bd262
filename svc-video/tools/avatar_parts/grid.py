"""The pixels that everything is modelled on, and masks of curves on them."""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_parts.shapes import UNITS, Curve

Field = NDArray[np.float32]  # (side, side)
Colour = tuple[float, float, float]  # RGB 0..255, as on a screen
Box = tuple[slice, slice]

SHIFT = 4  # sub-pixel bits of OpenCV's drawing
COARSE_BLUR = 12.0  # pixels above which a blur is done on a quarter-size field
GAMMA = 2.2


@dataclass(frozen=True, slots=True)
class Grid:
    """A square of side x side pixels that shows the 1024 units."""

    side: int

    @property
    def scale(self) -> float:
        """Pixels per unit."""
        return self.side / UNITS

    def x(self) -> Field:
        """Units to the right of the middle line, (side, side)."""
        return np.broadcast_to(self.axis() - UNITS / 2, (self.side, self.side))

    def y(self) -> Field:
        """Units below the top edge, (side, side)."""
        return np.broadcast_to(self.axis()[:, None], (self.side, self.side))

    def axis(self) -> NDArray[np.float32]:
        """Units of the pixels' middles along one edge."""
        return ((np.arange(self.side, dtype=np.float32) + 0.5) / self.scale).astype(np.float32)

    def pixels(self, curve: Curve) -> NDArray[np.float64]:
        """Pixel coordinates of a curve in units."""
        return np.asarray((curve + np.array([UNITS / 2, 0.0])) * self.scale - 0.5)

    def mask(self, outline: Curve, blur: float = 0.0) -> Field:
        """Where the outline's inside is, 0..1; `blur` in units."""
        flat = np.zeros((self.side, self.side), dtype=np.uint8)
        cv2.fillPoly(flat, [np.round(self.pixels(outline) * (1 << SHIFT)).astype(np.int32)], 255, cv2.LINE_AA, SHIFT)
        return self.soft(np.asarray(flat / np.float32(255), dtype=np.float32), blur)

    def soft(self, field: Field, blur: float) -> Field:
        """The field blurred by `blur` units."""
        sigma = blur * self.scale
        if sigma <= 0:
            return field
        if sigma < COARSE_BLUR:
            return np.asarray(cv2.GaussianBlur(field, (0, 0), sigma))
        small = cv2.resize(field, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        blurred = cv2.GaussianBlur(small, (0, 0), sigma / 4)
        return np.asarray(cv2.resize(blurred, field.shape[1::-1], interpolation=cv2.INTER_CUBIC))

    def distance(self, curve: Curve, reach: float) -> tuple[Box, Field, Field]:
        """Units from an open curve, and the nearest place along it (0..1), in the box within `reach` units of it."""
        points = self.pixels(curve)
        margin = reach * self.scale + 2
        low = np.clip(np.floor(points.min(axis=0) - margin), 0, self.side - 1).astype(int)
        high = np.clip(np.ceil(points.max(axis=0) + margin), low + 1, self.side).astype(int)
        y, x = np.mgrid[low[1] : high[1], low[0] : high[0]].astype(np.float32)
        nearest = np.full(x.shape, np.inf, dtype=np.float32)
        along = np.zeros(x.shape, dtype=np.float32)
        for k, (a, b) in enumerate(pairwise(points)):
            run, length = b - a, float(max((b - a) @ (b - a), 1e-9))
            t = np.clip(((x - a[0]) * run[0] + (y - a[1]) * run[1]) / length, 0, 1)
            far = np.hypot(x - a[0] - t * run[0], y - a[1] - t * run[1])
            along = np.where(far < nearest, (k + t) / (len(points) - 1), along)
            nearest = np.minimum(nearest, far)
        return (slice(low[1], high[1]), slice(low[0], high[0])), np.asarray(nearest / np.float32(self.scale)), along

    def noise(self, rng: np.random.Generator, grain: float, stretch: float = 1.0) -> Field:
        """Smooth noise of deviation 1; `grain` units across, `stretch` times as high."""
        cells = (max(int(UNITS / (grain * stretch)), 2), max(int(UNITS / grain), 2))
        coarse = rng.normal(size=cells).astype(np.float32)
        return np.asarray(cv2.resize(coarse, (self.side, self.side), interpolation=cv2.INTER_CUBIC))


def linear(colour: Colour) -> NDArray[np.float32]:
    """A screen colour as amounts of light, 0..1."""
    return np.asarray((np.asarray(colour, dtype=np.float32) / 255) ** GAMMA, dtype=np.float32)


def mix(a: Colour, b: Colour, part: float) -> Colour:
    """`part` of b in a."""
    return tuple(x * (1 - part) + y * part for x, y in zip(a, b, strict=True))  # type: ignore[return-value]  # three
