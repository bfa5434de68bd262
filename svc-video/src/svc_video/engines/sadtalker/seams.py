"""How a head is joined to the picture around it, when it is set back into the whole of it.

- `feather`, the usual one: the head fades in over a band inside its box. Before that its colours are moved by what they
  differ by around the edge, as a plane over the box, so that a network's own tint leaves no rectangle; and what moved
  along with the head is led back to its place towards the edge, so that it is not seen twice. Nothing of the picture
  bleeds into the face, whatever moves across the edge.
- `poisson`: upstream's picture to one level (`poisson` tells how), several times as fast.
- `upstream`: cv2.seamlessClone itself, frame by frame, for equality.

The last two resize a render as upstream does, in two steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol, get_args

import cv2
import numpy as np
import numpy.typing as npt

from svc_video.engines.sadtalker.drift import GRID, Drift
from svc_video.engines.sadtalker.placing import Place
from svc_video.engines.sadtalker.poisson import SMALLEST, Poisson
from svc_video.engines.sadtalker.source import Floats, Rgb

Name = Literal["feather", "poisson", "upstream"]
NAMES: tuple[Name, ...] = get_args(Name)

BAND = 0.12  # of the shorter side of the box: how deep the head fades in
CELLS = 16  # per side: the colours around the edge are compared in cells of this many
MOST_TINT = 24.0  # levels: what differs by more has moved, and is no tint


class Seam(Protocol):
    """One place, any number of heads."""

    def joined(self, head: Rgb) -> Rgb:
        """What stands in the box (h, w, 3) for a head of that size."""


class Feather:
    """A head that fades in over a band, its colours moved to those around it."""

    def __init__(self, place: Place) -> None:
        self._target = place.target
        height, width = place.target.shape[:2]
        self.share = fade(height, width, place.open_sides)
        self._rest = 1 - self.share
        self.tint, self.drift = Tint(place), Drift(place.target)
        rows, columns = np.indices((height, width), np.float32)
        self._rows, self._columns = rows, columns
        self.led = led_by(self._rest)

    def joined(self, head: Rgb) -> Rgb:
        """What stands in the box (h, w, 3)."""
        tinted = cv2.add(self._led_back(head), self.tint.of(head), dtype=cv2.CV_8U)
        return np.asarray(cv2.blendLinear(tinted, self._target, self.share, self._rest), np.uint8)

    def _led_back(self, head: Rgb) -> Rgb:
        """The head, what drifted led back to its place the nearer it is to the edge."""
        height, width = self.share.shape
        moved = cv2.resize(self.drift.of(head), (width, height), interpolation=cv2.INTER_LINEAR)
        across, down = cv2.split(cv2.multiply(moved, self.led))
        across, down = cv2.add(across, self._columns), cv2.add(down, self._rows)
        return np.asarray(cv2.remap(head, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


class Tint:
    """What a head's colours differ by from those around it: a plane over the box, fitted to cells around its edge."""

    def __init__(self, place: Place) -> None:
        height, width = place.target.shape[:2]
        self.edge = _edge_cells(place.open_sides)
        self.target = _cells(place.target)[self.edge]
        middles = (np.indices((CELLS, CELLS)).transpose(1, 2, 0)[self.edge] + 0.5) / CELLS - 0.5
        # Few cells (three sides open) say nothing of a slope: the ridge keeps it small.
        basis = np.concatenate([np.ones((len(middles), 1)), middles], 1)
        ridge = np.diag([0.0, 0.1, 0.1]) * len(middles) / 10
        self.fit: Floats = (np.linalg.inv(basis.T @ basis + ridge) @ basis.T).astype(np.float32)
        down, across = ((np.arange(points) + 0.5) / points - 0.5 for points in (height, width))
        self.plane = _plane(down, across)

    def of(self, head: Rgb) -> Floats:
        """What to add to the head, (h, w, 3)."""
        differ = np.clip(self.target - _cells(head)[self.edge], -MOST_TINT, MOST_TINT)
        return np.asarray(cv2.transform(self.plane, (self.fit @ differ).T), np.float32)


class Cloned:
    """OpenCV's seamless cloning, all frames with the same constants."""

    def __init__(self, place: Place) -> None:
        self.poisson = Poisson(place.target)

    def joined(self, head: Rgb) -> Rgb:
        """What stands in the box (h, w, 3)."""
        return self.poisson.cloned(head)


class Upstream:
    """cv2.seamlessClone, as upstream calls it; only that it gets the box and not the picture, to the same effect."""

    def __init__(self, place: Place) -> None:
        self._target = place.target
        self._mask = np.full_like(place.target, 255)

    def joined(self, head: Rgb) -> Rgb:
        """What stands in the box (h, w, 3)."""
        height, width = head.shape[:2]
        middle = width // 2, height // 2
        return np.asarray(cv2.seamlessClone(head, self._target, self._mask, middle, cv2.NORMAL_CLONE), np.uint8)


SEAMS: Mapping[Name, Callable[[Place], Seam]] = {"feather": Feather, "poisson": Cloned, "upstream": Upstream}


def seam_of(name: Name, place: Place) -> Seam:
    """That seam for a place; a box of a few pixels has no inside to solve for, and is feathered."""
    small = min(place.target.shape[:2]) < SMALLEST
    return Feather(place) if small else SEAMS[name](place)


def fade(height: int, width: int, open_sides: tuple[bool, bool, bool, bool]) -> Floats:
    """The share of the head at each pixel of the box, (h, w), 0..1: none at the edge, all behind the band.

    Where the picture ends with the box (left, top, right, bottom) there is nothing to fade from.
    """
    band = max(1.0, BAND * min(height, width))
    left, top, right, bottom = open_sides
    across, down = _ramp(width, band, left, right), _ramp(height, band, top, bottom)
    return np.ascontiguousarray(down[:, None] * across[None], np.float32)


def led_by(rest: Floats) -> Floats:
    """Pixels per cell of drift by which the box is led back, (h, w, 2): all at the edge, none behind the band."""
    height, width = rest.shape
    cell = np.array((width / GRID, height / GRID), np.float32)  # pixels
    return np.ascontiguousarray(rest[:, :, None] * cell)


def _ramp(points: int, band: float, first_open: bool, last_open: bool) -> npt.NDArray[np.float64]:
    deep = (np.arange(points) + 0.5) / band
    first = np.ones(points) if first_open else np.minimum(deep, 1)
    last = np.ones(points) if last_open else np.minimum(deep[::-1], 1)
    ramp = np.minimum(first, last)
    smooth: npt.NDArray[np.float64] = ramp * ramp * (3 - 2 * ramp)
    return smooth


def _edge_cells(open_sides: tuple[bool, bool, bool, bool]) -> npt.NDArray[np.bool_]:
    edge = np.zeros((CELLS, CELLS), bool)
    left, top, right, bottom = open_sides
    edge[:, 0], edge[0], edge[:, -1], edge[-1] = not left, not top, not right, not bottom
    return edge if edge.any() else ~edge  # the head fills the picture: all of it is compared


def _cells(image: Rgb) -> Floats:
    return np.asarray(cv2.resize(image, (CELLS, CELLS), interpolation=cv2.INTER_AREA), np.float32)


def _plane(down: npt.NDArray[np.float64], across: npt.NDArray[np.float64]) -> Floats:
    """(h, w, 3): one, how far down, how far across."""
    rows, columns = np.meshgrid(down, across, indexing="ij")
    return np.ascontiguousarray(np.stack([np.ones_like(rows), rows, columns], 2), np.float32)
