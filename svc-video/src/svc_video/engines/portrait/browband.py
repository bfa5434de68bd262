"""The band of skin that goes with the brows: where it begins and ends, and how far each column of it goes."""

import cv2
import numpy as np

from svc_video.engines.portrait.blendshapes import EYE_BASES, Blendshapes
from svc_video.engines.portrait.eyeshape import LID_SHARE, LID_SKIN, smooth
from svc_video.engines.portrait.warp import Float, Map, Mask, Pixels, region_around
from svc_video.faces import landmarks as lm

IS_BROW = np.array(["brow" in name for name in EYE_BASES])
GRID_STEP = 0.023  # eye distances between the points where a move is worked out; 2 pixels at 512
THICKNESS = 0.025  # eye distances added above and below the brow's landmarks
FOREHEAD = 0.5  # eye distances above the brow over which its move fades
LEAST_FOREHEAD = 0.05
SIDE = 0.25  # eye distances beside the brows over which their move fades
BELOW = 0.16  # eye distances below the brows, of which nothing moves in the last third
HAIR_CONTRAST, NOT_SKIN = 70, 120  # sums of the channels' differences: from the skin nearby, from the face's own
HAIR_DISTANCE = 0.02  # eye distances that moving skin keeps from the hair
SQUEEZE = 0.55  # of the skin between brow and hair or lid: more a moving brow does not take up
LINES, LINE_WIDTH = 3, 0.2  # lines of a raised forehead; their width in parts of their distance
CREASE = (0.075, 0.022, 0.075)  # of a frown: eye distances from the middle, and its half sizes across and down


class BrowBand:
    """One portrait's band, on a grid for what moves and per pixel for what shades."""

    def __init__(self, picture: Pixels, shapes: Blendshapes, *, glasses: bool) -> None:
        face, axes = shapes.points, shapes.axes
        eyes = [face[list(corners)].mean(axis=0) for corners in ((33, 133), (362, 263))]
        self._origin, self._axes = (eyes[0] + eyes[1]) / 2, axes
        self._unit = unit = max(float(np.linalg.norm(eyes[1] - eyes[0])), 1.0)
        rims = [np.r_[lm.BROW_LEFT[part], lm.BROW_RIGHT[part]] for part in (slice(0, 5), slice(5, 10))]
        self._upper, self._lower = (self._line(face[rim]) for rim in rims)
        self._ring = np.r_[rims[0], rims[1], 8, 9]
        lids = np.r_[lm.UPPER_LID_LEFT, lm.UPPER_LID_RIGHT]
        self._lid = self._line(face[lids])
        margins = (SIDE * unit, FOREHEAD * unit, SIDE * unit, BELOW * unit)
        self.region = region_around(face[np.r_[rims[0], rims[1]]], margins, picture.shape[:2])
        self.step = max(round(GRID_STEP * unit), 1)
        pixels = self.region.pixels()
        u, v = self._place(pixels)
        hair = self._hairline(picture, u[0] if abs(axes[0][1]) < 1e-9 else np.linspace(u.min(), u.max(), u.shape[1]))
        self._hair, self._u, self._v = hair, u, v
        self._gu, self._gv = (_coarse(place, self.step) for place in (u, v))
        self.part, self.room = self._parts(self._gu, self._gv, glasses=glasses)

    def moves(self, shapes: Blendshapes) -> Mask:
        """Pixels (brow bases, rows, columns, 2) across and down that each basis moves the grid's columns of brow."""
        place = (shapes.points[self._ring] - self._origin) @ self._axes.T
        moves = shapes.eyes[IS_BROW][:, self._ring] @ self._axes.T
        nearness = np.exp(-(((self._gu[0][:, None] - place[:, 0]) / (0.09 * self._unit)) ** 2)) + 1e-9
        nearness /= nearness.sum(axis=1, keepdims=True)
        by_column = np.einsum("cv,bvk->bck", nearness, moves)
        return np.asarray(np.repeat(by_column[:, None], len(self._gu), axis=1), dtype=np.float32)

    def lines(self) -> Mask:
        """0..1 per pixel: the lines that a raised forehead shows."""
        low, high = np.interp(self._u, *self._upper) - 0.04 * self._unit, np.interp(self._u, *self._hair)
        space = np.maximum(low - high, 1)
        place = (self._v - high) / space + 0.02 * np.sin(self._u / self._unit * 9)
        nearest = np.abs((place * LINES) % 1 - 0.5) / LINE_WIDTH
        seen = np.clip(space / (0.3 * self._unit), 0, 1) * np.exp(-((self._u / (0.6 * self._unit)) ** 4))
        inside = np.sin(np.pi * np.clip(place, 0, 1)) * self._sides(self._u)
        return np.asarray(np.exp(-(nearest**2)) * inside * seen, dtype=np.float32)

    def frown(self) -> Mask:
        """0..1 per pixel: the crease beside the nose's root that lowered brows show."""
        middle = (np.interp(0, *self._upper) + np.interp(0, *self._lower)) / 2
        from_middle, across, down = (part * self._unit for part in CREASE)
        off = (np.abs(self._u) - from_middle) / across
        return np.asarray(np.exp(-(off**2) - ((self._v - middle) / down) ** 2), dtype=np.float32)

    def _place(self, points: Map | Float) -> tuple[Mask, Mask]:
        place = ((points - self._origin) @ self._axes.T).astype(np.float32)
        return np.ascontiguousarray(place[..., 0]), np.ascontiguousarray(place[..., 1])

    def _line(self, points: Float) -> tuple[Float, Float]:
        """U in rising order and v of points."""
        place = (points - self._origin) @ self._axes.T
        order = np.argsort(place[:, 0])
        return place[order, 0], place[order, 1]

    def _sides(self, u: Mask) -> Mask:
        """1 between the brows' outer ends, 0 beyond."""
        outside = np.maximum(self._upper[0][0] - u, u - self._upper[0][-1]) / (SIDE * self._unit) + 0.3
        return _falling(outside)

    def _parts(self, u: Mask, v: Mask, *, glasses: bool) -> tuple[Mask, Mask]:
        """How much of the move each point takes; pixels of room up and down (2, rows, columns)."""
        thick = THICKNESS * self._unit
        high, low = np.interp(u, *self._upper) - thick, np.interp(u, *self._lower) + thick
        lid = np.interp(u, *self._lid)
        width = 0.4 * self._unit  # an eye's, nearly
        stretch = np.clip(LID_SHARE * (lid - low + thick), LID_SKIN[0] * width, LID_SKIN[1] * width)
        end = np.maximum(lid - stretch, low + 0.02 * self._unit)
        if glasses:  # what is seen of the brow stands above the rim, and the rim stays
            end, low = low, high + thick
        hair = np.minimum(np.interp(u, *self._hair), high - LEAST_FOREHEAD * self._unit)
        bottom = float(v.max()) - BELOW / 3 * self._unit
        end, low = np.minimum(end, bottom), np.minimum(low, bottom - 1)
        part = _falling((v - low) / (end - low)) * _falling((high - v) / (high - hair)) * self._sides(u)
        return part, np.stack([high - hair, end - low]).astype(np.float32) * SQUEEZE

    def _hairline(self, picture: Pixels, u: Float) -> tuple[Float, Float]:
        """U and v of the lowest hair above the brows."""
        heights = np.arange(0, FOREHEAD * self._unit)
        start = np.interp(u, *self._upper) - (THICKNESS + 0.02) * self._unit
        at = self._origin + u[:, None] * self._axes[0] + (start - heights[:, None])[..., None] * self._axes[1]
        x, y = (np.ascontiguousarray(at[..., i], dtype=np.float32) for i in (0, 1))
        seen = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        seen = cv2.GaussianBlur(seen, (0, 0), max(0.01 * self._unit, 0.5)).astype(np.float32)
        middle = np.abs(u) < 0.15 * self._unit
        skin = np.median(seen[: max(int(0.1 * self._unit), 2), middle].reshape(-1, 3), axis=0)
        nearby = seen[: max(int(0.03 * self._unit), 2)].mean(axis=0)
        is_skin = np.abs(nearby - skin).sum(axis=-1, keepdims=True) < NOT_SKIN
        hair = np.abs(seen - np.where(is_skin, nearby, skin)).sum(axis=-1) > HAIR_CONTRAST
        free = np.where(hair.any(axis=0), hair.argmax(axis=0), len(heights)).astype(np.float32)
        wide = 2 * int(0.06 * self._unit) + 1
        free = cv2.GaussianBlur(cv2.erode(free[None], np.ones((1, wide))), (0, 0), max(0.05 * self._unit, 0.5))[0]
        return u, start - free + HAIR_DISTANCE * self._unit


def _coarse(place: Mask, step: int) -> Mask:
    return np.asarray(cv2.resize(place, None, fx=1 / step, fy=1 / step), dtype=np.float32)


def _falling(t: Float | Mask) -> Mask:
    """1 up to 0, 0 from 1 on, smooth between."""
    return 1 - smooth(t)
