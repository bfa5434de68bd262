"""How the light on the lower face changes with its shapes: folds, the hollow under the lip, the gleam of rounded lips.

A shape brightens and darkens the skin by a field of gains, made once on a grid of half the pixels. A frame sums the
fields by what the face does and multiplies the picture with them before the skin is moved, so that light and shadow
stay with their place on it. At rest every gain is exactly 1.

A picture that laughs has its folds in it: one more field takes them back while the lips are rounded or shut.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from svc_video.engines.portrait.blendshapes import MOUTH_BASES, Blendshapes
from svc_video.engines.portrait.light import Light
from svc_video.engines.portrait.warp import REACH, Float, Mask, Pixels, Region
from svc_video.faces import landmarks as lm

STEP = 2  # pixels of the picture per node of a field
FADE = 0.2  # mouth widths over which a field falls to zero at the region's edge
TINT = np.array([0.8, 1.08, 1.2], dtype=np.float32)  # of the gains: shadows on skin are warm
MARGIN = REACH  # pixels around the region that the warp reads
LIMITS = (-0.3, 0.4)  # of all fields together
FOLDS = ((203, 206, 216, 212), (423, 426, 436, 432))  # from the nose to beside the mouth
UNDER_LIP, CHIN_TOP, CHIN_LOW, PHILTRUM = 18, 199, 175, 164
HOLLOWS = (207, 427)  # of the cheeks
APPLES = (205, 425)
CHIN_SIDES = (208, 428)
FOLD_WIDTH = 0.045  # mouth widths; sigma, as all reaches here
FOLD_SMOOTH, FOLD_FINE = 0.2, 0.02
RELAXED_REACH = 0.13
RELAXED_LEAST, RELAXED_MOST = -0.06, 0.6
UNBURNT, BURNT = 150, 230  # grey levels
GLEAM_PLACE = 0.42  # from the lower lip's outer edge to its inner one


class Shading:
    """The gains of one face."""

    def __init__(self, picture: Pixels, region: Region, shapes: Blendshapes, light: Light, smile: float) -> None:
        """`smile` is how much of an open smile the picture itself has, 0..1."""
        self._region, self._smile = region, smile
        brush = _Brush(region, shapes)
        fields = _fields(brush, light, _headroom(picture, region))
        edge = brush.edge()
        self._relaxed = (_relaxed(picture, region, brush) * (edge * smile)[..., None]).astype(np.float32)
        self._names = tuple(fields)
        self._fields = np.stack([(field * edge).ravel() for field in fields.values()]).astype(np.float32)
        self._shape = edge.shape

    def apply(self, picture: Pixels, weights: Float) -> Pixels:
        """A picture whose region (and nothing else) is lit for coefficients of MOUTH_BASES.

        Only the region and a margin around it may be read.
        """
        amounts, relaxed = self._amounts(weights)
        if not amounts.any() and not relaxed:
            return picture
        out, box = np.empty_like(picture), self._region
        around = slice(max(box.top - MARGIN, 0), box.top + box.height + MARGIN)
        beside = slice(max(box.left - MARGIN, 0), box.left + box.width + MARGIN)
        out[around, beside] = picture[around, beside]
        out[box.part] = cv2.multiply(picture[box.part], self._gain(amounts, relaxed), dtype=cv2.CV_8U)
        return out

    def _gain(self, amounts: Mask, relaxed: float) -> NDArray[np.float32]:
        """(height, width, 3), around 1."""
        field = np.clip(amounts @ self._fields, *LIMITS).reshape(self._shape)
        gain = field[..., None] * TINT + np.float32(1)
        if relaxed:
            gain += np.float32(relaxed) * self._relaxed
        size = (self._region.width, self._region.height)
        return np.asarray(cv2.resize(gain, size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)

    def _amounts(self, weights: Float) -> tuple[Mask, float]:
        """How strong each field is, and how far the picture's own smile is taken back."""
        given = dict(zip(MOUTH_BASES, weights.tolist(), strict=True))
        smile, closed = max(given["smile"], 0.0), given["close_rest"]
        speaking = max(given["pucker"], 0.8 * closed, 0.45 * given["jaw"])
        amounts = {**given, "smile": smile, "sad": max(-given["smile"], 0.0)}
        amounts["closed"] = max(closed - given["pucker"], 0.0)
        relaxed = max(speaking - smile, 0.0) if self._smile else 0.0
        return np.array([amounts[name] for name in self._names], dtype=np.float32), relaxed


class _Brush:
    """Draws soft spots and strokes on the grid of a field, in mouth units."""

    def __init__(self, region: Region, shapes: Blendshapes) -> None:
        self._points, self._axes, self.unit = shapes.points, shapes.axes, shapes.mouth_width
        self._size = _size(region)
        x = region.left + (np.arange(self._size[0]) + 0.5) * STEP - 0.5
        y = region.top + (np.arange(self._size[1]) + 0.5) * STEP - 0.5
        self._nodes = np.stack(np.meshgrid(x, y), axis=-1)

    def at(self, *indices: int) -> Float:
        """The middle of some points of the mesh."""
        return np.asarray(self._points[list(indices)].mean(axis=0))

    def spot(self, place: Float, across: float, down: float) -> Float:
        """A Gaussian with its sigmas."""
        x, y = np.moveaxis((self._nodes - place) @ self._axes.T / self.unit, -1, 0)
        return np.asarray(np.exp(-0.5 * ((x / across) ** 2 + (y / down) ** 2)))

    def spots(self, indices: tuple[int, ...], reach: float) -> Float:
        """Round ones at points of the mesh."""
        return np.asarray(sum(self.spot(self._points[i], reach, reach) for i in indices))

    def strokes(self, lines: tuple[tuple[int, ...], ...], reach: float) -> Float:
        """Gaussian lines through points of the mesh, thinning out towards their ends."""
        return np.asarray(np.maximum.reduce([self._stroke(self._points[list(line)], reach) for line in lines]))

    def edge(self) -> Float:
        """1 inside, 0 at the region's edge."""
        lines = [np.clip((np.arange(n) + 0.5) * STEP / (FADE * self.unit), 0, 1) for n in self._size]
        x, y = (np.minimum(line, line[::-1]) for line in lines)
        smooth = [t * t * (3 - 2 * t) for t in (x, y)]
        return np.asarray(smooth[1][:, None] * smooth[0][None])

    def _stroke(self, line: Float, reach: float) -> Float:
        parts = np.linspace(0, len(line) - 1, 24)
        dense = np.stack([np.interp(parts, np.arange(len(line)), c) for c in line.T], axis=-1)
        strength = np.sin(np.pi * np.linspace(0.12, 0.88, len(dense))) ** 0.7
        apart = np.linalg.norm(self._nodes[..., None, :] - dense, axis=-1) / self.unit
        return np.asarray((strength * np.exp(-0.5 * (apart / reach) ** 2)).max(axis=-1))


def _fields(brush: _Brush, light: Light, headroom: Float) -> dict[str, Float]:
    """What each shape adds to the gain when it is 1."""
    fold = brush.strokes(FOLDS, FOLD_WIDTH) - 0.3 * brush.spots(APPLES, 0.16)
    corners = brush.spots((61, 291), 0.075)
    under_lip = brush.spot(brush.at(UNDER_LIP), 0.26, 0.07)
    chin = brush.spot(brush.at(CHIN_TOP), 0.2, 0.12)
    low_chin = brush.spot(brush.at(CHIN_LOW, lm.CHIN), 0.42, 0.12)
    gleam_at = brush.at(17) + GLEAM_PLACE * (brush.at(14) - brush.at(17)) + _towards(brush, light)
    gleam = brush.spot(gleam_at, 0.13, 0.035) * headroom
    lips = brush.spot(brush.at(13, 14), 0.5, 0.22)
    around = brush.spot(brush.at(13, 14), 0.62, 0.34) - lips
    hollows = brush.spots(HOLLOWS, 0.2)
    dimples = brush.spots(CHIN_SIDES, 0.06) + 0.6 * brush.spot(brush.at(CHIN_TOP), 0.05, 0.05)
    philtrum = brush.spot(brush.at(PHILTRUM), 0.06, 0.07)
    fields = {
        "jaw": -0.1 * under_lip - 0.07 * low_chin - 0.1 * hollows - 0.03 * fold + 0.05 * gleam,
        "wide": -0.06 * fold - 0.07 * corners - 0.05 * gleam + 0.03 * chin,
        "pucker": 0.2 * gleam - 0.12 * under_lip - 0.16 * around - 0.05 * hollows + 0.04 * chin - 0.05 * philtrum,
        "press": -0.1 * gleam - 0.11 * under_lip - 0.13 * corners - 0.07 * dimples + 0.05 * chin,
        "closed": -0.08 * corners - 0.04 * under_lip,
        "lower": -0.07 * under_lip + 0.04 * gleam,
        "fv": -0.1 * under_lip - 0.06 * gleam,
        "smile": -0.1 * fold - 0.1 * corners + 0.03 * chin,
        "sad": -0.1 * brush.spots((202, 422), 0.09) - 0.08 * corners - 0.06 * under_lip,
    }
    return {name: field * light.contrast for name, field in fields.items()}


def _towards(brush: _Brush, light: Light) -> Float:
    """How far a gleam is drawn to the side that the light comes from."""
    return np.asarray((brush.at(291) - brush.at(61)) * 0.2 * light.side)


def _size(region: Region) -> tuple[int, int]:
    """Columns and rows of a field; a region's odd pixel is left out."""
    return region.width // STEP, region.height // STEP


def _headroom(picture: Pixels, region: Region) -> Float:
    """0 where the picture is so bright already that a gleam would burn out, 1 where it can take it all."""
    grey = cv2.cvtColor(np.ascontiguousarray(picture[region.part]), cv2.COLOR_RGB2GRAY)
    half = cv2.resize(grey, _size(region), interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip((BURNT - half.astype(np.float64)) / (BURNT - UNBURNT), 0, 1))


def _relaxed(picture: Pixels, region: Region, brush: _Brush) -> Float:
    """What (rows, columns, 3) fills the picture's own nasolabial folds: towards the colours around them."""
    part = picture[region.part].astype(np.float32)
    half = cv2.resize(part, _size(region), interpolation=cv2.INTER_AREA)
    fine = cv2.GaussianBlur(half, (0, 0), max(FOLD_FINE * brush.unit / STEP, 0.8))  # grain stays
    smooth = cv2.GaussianBlur(half, (0, 0), FOLD_SMOOTH * brush.unit / STEP)
    filled = smooth / np.maximum(fine, 1) - 1
    filled *= np.clip(RELAXED_MOST / np.maximum(filled.max(axis=2, keepdims=True), RELAXED_MOST), 0, 1)
    return np.asarray(np.maximum(filled, RELAXED_LEAST) * brush.strokes(FOLDS, RELAXED_REACH)[..., None])
