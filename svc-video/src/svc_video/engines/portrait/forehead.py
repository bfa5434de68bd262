"""Brows and forehead: a band of skin that slides over the skull, between lids and hair that stay.

How far each column goes comes from the blendshapes; which part of the face goes along is measured in the picture
(`browband`). Raised brows deepen the lines of the forehead, lowered ones the crease between them, by a few per cent.
"""

from functools import lru_cache

import cv2
import numpy as np

from svc_video.engines.portrait.blendshapes import EYE_BASES, Blendshapes
from svc_video.engines.portrait.browband import IS_BROW, BrowBand
from svc_video.engines.portrait.warp import Float, Map, Mask, Pixels, remapped
from svc_video.faces.glasses import wears_glasses

BROW_STEPS = 64  # positions of each brow shape
KEPT_BYTES = 4 << 20  # of drawn positions
INVERSE_STEPS = 5
LINE_DEPTH, FROWN_DEPTH = 0.035, 0.09  # what a raised forehead's lines and a frown's crease take from the light


class Brows:
    """Renders both brows and the forehead."""

    def __init__(self, picture: Pixels, shapes: Blendshapes) -> None:
        glasses = wears_glasses(picture, shapes.points)
        band = BrowBand(picture, shapes, glasses=glasses)
        self.region = band.region
        self._picture, self._pixels = picture, band.region.pixels()
        self._axes = shapes.axes.astype(np.float32)
        self._step = band.step
        self._part, self._room = band.part, band.room
        self._moves = band.moves(shapes)
        self._most = max(float(np.abs(self._moves[0, ..., 1]).max()), 1e-3)  # pixels of the whole brow's full move
        self._lines, self._crease = LINE_DEPTH * band.lines(), FROWN_DEPTH * band.frown()
        self._black = np.zeros((band.region.height, band.region.width, 3), dtype=np.uint8)
        size = band.region.width * band.region.height * 3
        self._kept = lru_cache(maxsize=max(4, min(64, KEPT_BYTES // size)))(self._drawn)

    def apply(self, picture: Pixels, weights: Float | float) -> Pixels:
        """The region's pixels for coefficients of EYE_BASES, or for both brows raised by -1..1.

        What lies in the region moves with nothing else, so it is taken from the portrait itself and kept.
        """
        given = np.asarray(weights, dtype=np.float64)
        if given.ndim == 0:
            given = np.array([float(given) if name == "brow" else 0.0 for name in EYE_BASES])
        key = tuple(np.round(given[IS_BROW] * BROW_STEPS).astype(int).tolist())
        return self._kept(key).copy() if any(key) else picture[self.region.part].copy()

    def _drawn(self, key: tuple[int, ...]) -> Pixels:
        weights = (np.array(key) / BROW_STEPS).astype(np.float32)
        across, down = (np.tensordot(weights, self._moves[..., i], axes=1) for i in (0, 1))
        raised, lowered = (float(np.clip(sign * down.mean() / self._most * 1.3, 0, 1)) for sign in (-1, 1))
        down = np.clip(down, -self._room[0], self._room[1])
        full = cv2.resize(self._source(across, down), self._pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        moved = remapped(self._picture, np.asarray(full + self._pixels, dtype=np.float32))
        dark = raised * self._lines + lowered * self._crease
        return np.asarray(cv2.blendLinear(self._black, moved, dark, 1 - dark), dtype=np.uint8)

    def _source(self, across: Mask, down: Mask) -> Map:
        """Where each point of the grid comes from, as a displacement (rows, columns, 2) in the frame."""
        move = across[..., None] * self._axes[0] + down[..., None] * self._axes[1]
        rows, columns = self._part.shape
        x, y = np.meshgrid(np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32))
        part = self._part
        for _ in range(INVERSE_STEPS):
            back = part[..., None] * move / self._step
            at = np.ascontiguousarray(x - back[..., 0]), np.ascontiguousarray(y - back[..., 1])
            found = cv2.remap(self._part, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            part = np.asarray((part + found) / 2, dtype=np.float32)
        return np.asarray(-part[..., None] * move, dtype=np.float32)
