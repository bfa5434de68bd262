"""Moves the skin around a gap (mouth, eye): two smooth layers that meet at the gap's middle.

Notable choices: each layer is a thin-plate spline through the mesh's points on its side of the gap, sampled on a coarse
grid once per portrait. A frame sums the grids, inverts the map by Newton's method (a warp needs to know where a pixel
comes from), scales the result up and lets cv2.remap do the rest. Neither triangles nor their creases are ever seen.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Map = NDArray[np.float32]  # (rows, columns, 2): x and y
Pixels = NDArray[np.uint8]  # (H, W, 3)
Mask = NDArray[np.float32]  # (H, W) of 0..1

NODE_STEP = 6  # pixels between the nodes of a grid
NEWTON_STEPS = 4
MIN_DETERMINANT = 0.15  # below it the map nearly folds, and Newton's step would leap
BORDER_FADE = 2.5  # nodes over which a layer's displacement falls to zero at the region's edge
SEAM_BLUR = 0.9  # pixels
LINE_SHIFT = 4  # sub-pixel bits of cv2's polygons
# cv2.convertMaps' second map where the first has two channels. OpenCV 5.0.0 computes nonsense when cv2.remap itself
# gets an empty array there (1, 3 or 4 channels, floating-point map), so remap never does.
NO_MAP = np.empty(0, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the frame, in pixels; width and height are multiples of NODE_STEP."""

    left: int
    top: int
    width: int
    height: int

    @property
    def part(self) -> tuple[slice, slice]:
        """Rows and columns of the frame."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    def nodes(self) -> Map:
        """Positions (rows, columns, 2) of the grid's nodes in the frame: the centres of its cells."""
        x = self.left + (np.arange(self.width // NODE_STEP) + 0.5) * NODE_STEP - 0.5
        y = self.top + (np.arange(self.height // NODE_STEP) + 0.5) * NODE_STEP - 0.5
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
    width, height = ((n // NODE_STEP) * NODE_STEP for n in (right - left, bottom - top))
    return Region(left, top, max(width, NODE_STEP * 4), max(height, NODE_STEP * 4))


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
        self._slopes = np.stack([_slopes(grid).ravel() for grid in by_basis]).astype(np.float32)

    def backward(self, weights: Float) -> Map:
        """Where the picture at each node comes from, as a displacement (rows, columns, 2) in pixels."""
        nodes = self._nodes
        part = weights.astype(np.float32)
        moved = (part @ self._bases).reshape(nodes.shape)
        slopes = (part @ self._slopes).reshape(*nodes.shape[:2], 4)
        source = nodes - moved
        for _ in range(NEWTON_STEPS):
            at = (source - self._origin) / NODE_STEP
            error = source + _sample(moved, at) - nodes
            source = source - _newton_step(error, _sample(slopes, at))
        return np.asarray(source - nodes)


def _fade(rows: int, columns: int) -> Float:
    """1 inside, falling to 0 at the region's edge, (rows, columns)."""
    lines = [np.clip(np.minimum(np.arange(n), n - 1 - np.arange(n)) / BORDER_FADE, 0, 1) for n in (rows, columns)]
    smooth = [line * line * (3 - 2 * line) for line in lines]
    return np.asarray(smooth[0][:, None] * smooth[1][None])


def _slopes(moved: Float) -> Float:
    """Derivatives (rows, columns, 4) per pixel of a displacement: xx, xy, yx, yy."""
    down, across = (np.asarray(slope) for slope in np.gradient(moved, NODE_STEP, axis=(0, 1)))
    return np.stack([across[..., 0], down[..., 0], across[..., 1], down[..., 1]], axis=-1)


def _sample(grid: Map, at: Map) -> Map:
    """The grid's values at places counted in nodes. Two maps, not one of two channels: see NO_MAP."""
    x, y = np.ascontiguousarray(at[..., 0]), np.ascontiguousarray(at[..., 1])
    return np.asarray(cv2.remap(grid, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), dtype=np.float32)


def _newton_step(error: Map, slopes: Map) -> Map:
    """(I + slopes)^-1 error, with the determinant kept away from zero."""
    a, b, c, d = slopes[..., 0] + 1, slopes[..., 1], slopes[..., 2], slopes[..., 3] + 1
    determinant = np.maximum(a * d - b * c, MIN_DETERMINANT)
    x, y = error[..., 0], error[..., 1]
    step = np.stack([(d * x - b * y) / determinant, (a * y - c * x) / determinant], axis=-1)
    return step.astype(np.float32, copy=False)


class Warp:
    """One layer that moves a whole region."""

    def __init__(self, region: Region, layer: Layer) -> None:
        self.region = region
        self._layer = layer
        self._pixels = region.pixels()

    def apply(self, picture: Pixels, weights: Float) -> Pixels:
        """The region (height, width, 3) of the picture moved."""
        return remapped(picture, _scaled_up(self._layer.backward(weights), self._pixels))


class SplitWarp:
    """Two layers of one region and the line where they meet."""

    def __init__(self, region: Region, upper: Layer, lower: Layer) -> None:
        self.region = region
        self._upper, self._lower = upper, lower
        self._pixels = region.pixels()

    def apply(self, picture: Pixels, weights: Float, seam: Float) -> Pixels:
        """The region (height, width, 3) moved: above the seam line (n, 2) by one layer, below it by the other.

        The seam is given in the frame's pixels from left to right and is prolonged level to the region's edges.
        """
        upper, lower = (_scaled_up(layer.backward(weights), self._pixels) for layer in (self._upper, self._lower))
        line = np.concatenate([[[-1e4, seam[0, 1]]], seam, [[1e4, seam[-1, 1]]]]) - (self.region.left, self.region.top)
        top = int(np.clip(line[:, 1].min() - 3, 0, self.region.height - 1))
        bottom = int(np.clip(line[:, 1].max() + 4, top + 1, self.region.height))
        out = np.empty((self.region.height, self.region.width, 3), dtype=np.uint8)
        remapped(picture, upper[:bottom], out[:bottom])
        if bottom < self.region.height:
            remapped(picture, lower[bottom:], out[bottom:])
        below = remapped(picture, lower[top:bottom])
        mask = below_line(line - (0, top), (bottom - top, self.region.width))
        out[top:bottom] = blend(out[top:bottom], below, mask)
        return out


def _scaled_up(displacement: Map, pixels: Map) -> Map:
    """A grid's displacement as the source of every pixel."""
    full = cv2.resize(displacement, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.add(full, pixels, out=full), dtype=np.float32)


def remapped(picture: Pixels, source: Map, out: Pixels | None = None) -> Pixels:
    """The picture with every pixel taken from its place in `source`; into `out` where it is given."""
    whole, part = cv2.convertMaps(source, NO_MAP, cv2.CV_16SC2)  # 1/32 pixel: twice as fast as floating point
    flags, border = cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
    return np.asarray(cv2.remap(picture, whole, part, flags, dst=out, borderMode=border), dtype=np.uint8)


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
