"""Heights towards the viewer, in units: bumps, grooves and swellings that a sculptor would set."""

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_parts.grid import Field, Grid
from avatar_parts.shapes import Curve, resampled

PARTS = 20  # straight parts that a furrow is made of
REACH = 3.0  # radii at which a bump has faded


class Relief:
    """A field of heights over the whole grid; forms are added in place."""

    def __init__(self, grid: Grid, height: Field | float = 0.0) -> None:
        self.grid = grid
        self.height = np.zeros((grid.side, grid.side), dtype=np.float32) + np.float32(height)

    def copy(self) -> "Relief":
        """The same heights, to go on from."""
        return Relief(self.grid, self.height)

    def bump(self, x: float, y: float, rx: float, ry: float, height: float, *, turn: float = 0.0) -> None:
        """A soft hill (or hollow, when `height` is negative); `turn` in degrees, clockwise."""
        grid, reach = self.grid, REACH * max(rx, ry)
        axis = grid.axis()
        columns = slice(*np.searchsorted(axis - 512, [x - reach, x + reach]))
        rows = slice(*np.searchsorted(axis, [y - reach, y + reach]))
        dx, dy = (axis[columns] - 512 - x)[None, :], (axis[rows] - y)[:, None]
        cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        along, across = (dx * cos + dy * sin) / rx, (dy * cos - dx * sin) / ry
        self.height[rows, columns] += np.float32(height) * np.exp(-(along**2 + across**2)).astype(np.float32)

    def pair(self, x: float, y: float, rx: float, ry: float, height: float, *, turn: float = 0.0) -> None:
        """The same bump on both sides of the middle line, mirrored."""
        self.bump(x, y, rx, ry, height, turn=turn)
        self.bump(-x, y, rx, ry, height, turn=-turn)

    def groove(self, line: Curve, width: float, depth: float) -> None:
        """A furrow along a line (a ridge, when `depth` is negative), fading at both ends."""
        box, far, along = self.grid.distance(resampled(line, min(len(line), PARTS)), REACH * width)
        fade = np.sqrt(np.sin(np.pi * np.clip(along, 0.02, 0.98)))
        self.height[box] -= (np.float32(depth) * fade * np.exp(-((far / width) ** 2))).astype(np.float32)

    def swell(self, mask: Field, radius: float, height: float, blur: float = 1.5) -> None:
        """Raises what a mask covers by `height`, rounded over `radius` units from its edge."""
        inside = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5) / self.grid.scale
        part = 1 - np.clip(inside / radius, 0, 1)
        self.height += self.grid.soft(np.sqrt(1 - part**2).astype(np.float32) * np.float32(height), blur)

    def normal(self) -> NDArray[np.float32]:
        """Unit vectors out of the surface, (side, side, 3): right, down, towards the viewer."""
        down, right = np.gradient(self.height, 1 / self.grid.scale)
        field = np.stack([-right, -down, np.ones_like(right)], axis=2)
        return np.asarray(field / np.linalg.norm(field, axis=2, keepdims=True), dtype=np.float32)
