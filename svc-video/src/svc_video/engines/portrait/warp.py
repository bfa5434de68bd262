"""Moves the skin around a gap (mouth, eye): two smooth layers that meet at the gap's middle.

Notable choices: each layer is a thin-plate spline through the mesh's points on its side of the gap, sampled on a coarse
grid once per portrait. A frame sums the grids, inverts the map by Newton's method (a warp needs to know where a pixel
comes from), scales the result up and lets cv2.remap do the rest. Neither triangles nor their creases are ever seen.

OpenCV 5 moves four channels with floating-point maps twice as fast as three with fixed-point ones (their conversion
included), so pixels get a fourth channel on their way through `remapped`.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Map = NDArray[np.float32]  # (rows, columns, 2): x and y
Pixels = NDArray[np.uint8]  # (H, W, 3)
Mask = NDArray[np.float32]  # (H, W) of 0..1

NODES = 22  # of a grid along the region's shorter side
STEPS = (4, 20)  # pixels between two nodes, at least and at most
NEWTON_STEPS = 3  # leaves at most half a pixel in the widest open jaw, a tenth in speech
MIN_DETERMINANT = 0.15  # below it the map nearly folds, and Newton's step would leap
BORDER_FADE = 2.5  # nodes over which a layer's displacement falls to zero at the region's edge
SEAM_BLUR = 0.9  # pixels
LINE_SHIFT = 4  # sub-pixel bits of cv2's polygons
REACH = 24  # pixels around a region that its pixels may come from


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the frame, in pixels; width and height are multiples of the step between the nodes of its grid."""

    left: int
    top: int
    width: int
    height: int
    step: int = STEPS[0]

    @property
    def part(self) -> tuple[slice, slice]:
        """Rows and columns of the frame."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    def nodes(self) -> Map:
        """Positions (rows, columns, 2) of the grid's nodes in the frame: the centres of its cells."""
        x = self.left + (np.arange(self.width // self.step) + 0.5) * self.step - 0.5
        y = self.top + (np.arange(self.height // self.step) + 0.5) * self.step - 0.5
        return np.stack(np.meshgrid(x, y), axis=-1).astype(np.float32)

    def pixels(self) -> Map:
        """Positions (height, width, 2) of the pixels in the frame."""
        x = np.arange(self.left, self.left + self.width)
        return np.stack(np.meshgrid(x, np.arange(self.top, self.top + self.height)), axis=-1).astype(np.float32)

    def border(self) -> Float:
        """Points around the region that never move, (n, 2)."""
        x, y = np.linspace(0, self.width, 7), np.linspace(0, self.height, 7)
        edges = [(a, b) for a in x for b in (0, self.height)] + [(a, b) for a in (0, self.width) for b in y[1:-1]]
        return np.asarray(np.array(edges) + np.array([self.left, self.top]))


def region_around(points: Float, margins: tuple[float, float, float, float], frame: tuple[int, int]) -> Region:
    """The region holding the points with margins (left, top, right, bottom), inside a frame (height, width)."""
    low = points.min(axis=0) - margins[:2]
    high = points.max(axis=0) + margins[2:]
    left, top = (int(max(v, 0)) for v in low)
    right, bottom = int(min(high[0], frame[1])), int(min(high[1], frame[0]))
    step = int(np.clip(min(right - left, bottom - top) // NODES, *STEPS))
    width, height = ((n // step) * step for n in (right - left, bottom - top))
    return Region(left, top, max(width, step * 4), max(height, step * 4), step)


def thin_plate(at: Float, values: Float, where: Float, stiffness: float = 1e-4) -> Float:
    """Values (n, k) at points (n, 2), interpolated at `where` (m, 2) with the least bending (Bookstein 1989)."""
    scale = np.ptp(at, axis=0).max()
    at, where = at / scale, where / scale
    count = len(at)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _kernel(at, at) + stiffness * np.eye(count)
    system[:count, count:] = np.c_[np.ones(count), at]
    system[count:, :count] = system[:count, count:].T
    right = np.zeros((count + 3, values.shape[1]))
    right[:count] = values
    solution = np.linalg.solve(system, right)
    return np.asarray(_kernel(where, at) @ solution[:count] + np.c_[np.ones(len(where)), where] @ solution[count:])


def _kernel(a: Float, b: Float) -> Float:
    squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - 2 * a @ b.T
    np.maximum(squared, 1e-12, out=squared)
    return np.asarray(0.5 * squared * np.log(squared))


class Layer:
    """One side of a gap: displacement grids of all bases, and the inverse of their weighted sum."""

    def __init__(self, region: Region, points: Float, moves: Float) -> None:
        """`points` (n, 2) in the frame and their `moves` (bases, n, 2) in pixels."""
        self._nodes = region.nodes()
        self._step = region.step
        self._origin = self._nodes[0, 0]
        rows, columns = self._nodes.shape[:2]
        border = region.border()
        at = np.concatenate([points, border])
        values = np.concatenate([moves, np.zeros((len(moves), len(border), 2))], axis=1)
        flat = values.transpose(1, 0, 2).reshape(len(at), -1)
        grids = thin_plate(at, flat, self._nodes.reshape(-1, 2).astype(np.float64))
        grids = grids.reshape(rows, columns, len(moves), 2) * _fade(rows, columns)[..., None, None]
        by_basis = grids.transpose(2, 0, 1, 3)
        self._bases = by_basis.reshape(len(moves), -1).astype(np.float32)
        self._slopes = np.stack([_slopes(grid, region.step).ravel() for grid in by_basis]).astype(np.float32)

    def backward(self, weights: Float) -> Map:
        """Where the picture at each node comes from, as a displacement (rows, columns, 2) in pixels."""
        nodes = self._nodes
        part = weights.astype(np.float32)
        moved = (part @ self._bases).reshape(nodes.shape)
        slopes = (part @ self._slopes).reshape(*nodes.shape[:2], 4)
        source = nodes - moved
        for _ in range(NEWTON_STEPS):
            at = (source - self._origin) / self._step
            error = source + _sample(moved, at) - nodes
            source = source - _newton_step(error, _sample(slopes, at))
        return np.asarray(source - nodes)


def _fade(rows: int, columns: int) -> Float:
    """1 inside, falling to 0 at the region's edge, (rows, columns)."""
    lines = [np.clip(np.minimum(np.arange(n), n - 1 - np.arange(n)) / BORDER_FADE, 0, 1) for n in (rows, columns)]
    smooth = [line * line * (3 - 2 * line) for line in lines]
    return np.asarray(smooth[0][:, None] * smooth[1][None])


def _slopes(moved: Float, step: int) -> Float:
    """Derivatives (rows, columns, 4) per pixel of a displacement: xx, xy, yx, yy."""
    down, across = (np.asarray(slope) for slope in np.gradient(moved, step, axis=(0, 1)))
    return np.stack([across[..., 0], down[..., 0], across[..., 1], down[..., 1]], axis=-1)


def _sample(grid: Map, at: Map) -> Map:
    """The grid's values at places counted in nodes.

    Two maps, not one of two channels: OpenCV 5.0.0 computes nonsense for 1, 3 and 4 channels with such a map and an
    empty second one.
    """
    x, y = np.ascontiguousarray(at[..., 0]), np.ascontiguousarray(at[..., 1])
    return np.asarray(cv2.remap(grid, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), dtype=np.float32)


def _newton_step(error: Map, slopes: Map) -> Map:
    """(I + slopes)^-1 error, with the determinant kept away from zero."""
    a, b, c, d = slopes[..., 0] + 1, slopes[..., 1], slopes[..., 2], slopes[..., 3] + 1
    determinant = np.maximum(a * d - b * c, MIN_DETERMINANT)
    x, y = error[..., 0], error[..., 1]
    step = np.stack([(d * x - b * y) / determinant, (a * y - c * x) / determinant], axis=-1)
    return step.astype(np.float32, copy=False)


class Mover:
    """Takes the pixels of one region from wherever a coarse displacement says."""

    def __init__(self, region: Region) -> None:
        left, top = min(region.left, REACH), min(region.top, REACH)
        bottom, right = region.top + region.height + REACH, region.left + region.width + REACH
        self._around = slice(region.top - top, bottom), slice(region.left - left, right)
        self._columns = np.tile(np.arange(left, left + region.width, dtype=np.float32), (region.height, 1))
        self._rows = np.tile(np.arange(top, top + region.height, dtype=np.float32)[:, None], (1, region.width))

    def source(self, displacement: Map) -> Map:
        """Columns and rows (2, height, width) that the region's pixels come from, for a grid of displacements."""
        height, width = self._columns.shape
        full = np.empty((2, height, width), dtype=np.float32)
        for axis, still in enumerate((self._columns, self._rows)):
            one = np.ascontiguousarray(displacement[..., axis])
            cv2.resize(one, (width, height), dst=full[axis], interpolation=cv2.INTER_LINEAR)
            full[axis] += still
        return full

    def near(self, picture: Pixels) -> Pixels:
        """The part of the picture (h, w, 4) that pixels may come from."""
        return np.asarray(cv2.cvtColor(picture[self._around], cv2.COLOR_RGB2RGBA), dtype=np.uint8)


def taken(near: Pixels, source: Map, rows: slice = slice(None)) -> Pixels:
    """Rows of a region (rows, width, 3), each pixel from its place in `near` (h, w, 4)."""
    columns, lines = source[0, rows], source[1, rows]
    moved = cv2.remap(near, columns, lines, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.cvtColor(moved, cv2.COLOR_RGBA2RGB), dtype=np.uint8)


class SplitWarp:
    """Two layers of one region and the line where they meet."""

    def __init__(self, region: Region, upper: Layer, lower: Layer) -> None:
        self.region = region
        self._upper, self._lower = upper, lower
        self._mover = Mover(region)

    def apply(self, picture: Pixels, weights: Float, seam: Float) -> Pixels:
        """The region (height, width, 3) moved: above the seam line (n, 2) by one layer, below it by the other.

        The seam is given in the frame's pixels from left to right and is prolonged level to the region's edges.
        """
        near = self._mover.near(picture)
        upper, lower = (self._mover.source(layer.backward(weights)) for layer in (self._upper, self._lower))
        line = np.concatenate([[[-1e4, seam[0, 1]]], seam, [[1e4, seam[-1, 1]]]]) - (self.region.left, self.region.top)
        top = int(np.clip(line[:, 1].min() - 3, 0, self.region.height - 1))
        bottom = int(np.clip(line[:, 1].max() + 4, top + 1, self.region.height))
        out = np.empty((self.region.height, self.region.width, 3), dtype=np.uint8)
        out[:bottom] = taken(near, upper, slice(bottom))
        if bottom < self.region.height:
            out[bottom:] = taken(near, lower, slice(bottom, None))
        below = taken(near, lower, slice(top, bottom))
        mask = below_line(line - (0, top), (bottom - top, self.region.width))
        out[top:bottom] = blend(out[top:bottom], below, mask)
        return out


def remapped(picture: Pixels, source: Map) -> Pixels:
    """The picture with every pixel taken from its place in `source` (height, width, 2)."""
    columns, lines = np.ascontiguousarray(source[..., 0]), np.ascontiguousarray(source[..., 1])
    moved = cv2.remap(picture, columns, lines, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.uint8)


def blend(under: Pixels, over: Pixels, mask: Mask) -> Pixels:
    """`over` where the mask is 1, `under` where it is 0."""
    return np.asarray(cv2.blendLinear(over, under, mask, 1 - mask), dtype=np.uint8)


def below_line(line: Float, shape: tuple[int, int]) -> Mask:
    """1 below a line from left to right, with an antialiased edge."""
    outline = np.concatenate([line, [[1e4, 1e4], [-1e4, 1e4]]])
    return polygon_mask(outline, shape, SEAM_BLUR)


def polygon_mask(outline: Float, shape: tuple[int, int], blur: float) -> Mask:
    """1 inside the outline (n, 2), its edge softened by `blur` pixels."""
    mask = np.zeros(shape, dtype=np.uint8)
    corners = np.round(np.clip(outline, -2e4, 2e4) * (1 << LINE_SHIFT)).astype(np.int32)
    cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, LINE_SHIFT)
    soft = cv2.GaussianBlur(mask, (0, 0), blur) if blur > 0 else mask
    return np.asarray(np.asarray(soft, dtype=np.float32) / 255, dtype=np.float32)
