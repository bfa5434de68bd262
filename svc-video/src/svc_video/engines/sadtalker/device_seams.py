"""The seams on the device of the renders, whole batches of planes (N, 3, h, w): `seams`, `poisson`, `drift` again."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from svc_video.engines.sadtalker.drift import GREY, GRID, MOST, SLOW, WINDOWS, Drift, window_of
from svc_video.engines.sadtalker.placing import Place
from svc_video.engines.sadtalker.poisson import CUT, DRAWN_IN, RIM, Direction
from svc_video.engines.sadtalker.seams import CELLS, MOST_TINT, Cloned, Feather, Seam
from svc_video.engines.sadtalker.shaping import filter_of


def seam_on(device: Any, seam: Seam | None, place: Place) -> FeatherOnDevice | ClonedOnDevice | None:
    """The same seam on a device; none for one that is cv2's alone."""
    if isinstance(seam, Feather):
        return FeatherOnDevice(seam, place, device)
    return ClonedOnDevice(seam, place, device) if isinstance(seam, Cloned) else None


class FeatherOnDevice:
    """`Feather` for planes (N, 3, h, w)."""

    def __init__(self, seam: Feather, place: Place, device: Any) -> None:
        height, width = place.target.shape[:2]
        self._target, self._share = planes_on(device, place.target), on(device, seam.share)
        self._rows = on(device, filter_of(height, CELLS, cv2.INTER_AREA).T)
        self._columns = on(device, filter_of(width, CELLS, cv2.INTER_AREA))
        self._edge = on(device, np.flatnonzero(seam.tint.edge))
        self._around, self._fit = on(device, seam.tint.target.T), on(device, seam.tint.fit.T)
        self._plane = on(device, seam.tint.plane.reshape(-1, 3).T)
        self._led, self._drift = on(device, seam.led), DriftOnDevice(seam.drift, device, (height, width))

    def joined(self, heads: Tensor) -> Tensor:
        """The heads, fading in."""
        cells = levels(self._rows @ heads @ self._columns).flatten(2)[:, :, self._edge]
        differ = (self._around - cells).clamp(-MOST_TINT, MOST_TINT)  # (N, 3, cells)
        tint = (differ @ self._fit @ self._plane).unflatten(2, heads.shape[2:])
        led = levels(moved_by(heads, self._drift.of(heads) * self._led))
        return torch.lerp(self._target, levels(led + tint), self._share)


class DriftOnDevice:
    """`Drift` for planes (N, 3, h, w): windows are products with what cv2's blur makes of a unit matrix."""

    def __init__(self, drift: Drift, device: Any, box: tuple[int, int]) -> None:
        self._details = on(device, drift.details)
        self._gradients = [on(device, slope) for slope in drift.gradients]
        self._inverses = [[on(device, part) for part in drift.inverses[sigma]] for sigma in WINDOWS]
        self._windows = {sigma: on(device, window_of(sigma)) for sigma in _sigmas()}
        self._grey = on(device, GREY).view(3, 1, 1)
        self._rows = on(device, filter_of(box[0], GRID, cv2.INTER_AREA).T)
        self._columns = on(device, filter_of(box[1], GRID, cv2.INTER_AREA))
        self._to_rows = on(device, filter_of(GRID, box[0], cv2.INTER_LINEAR).T)
        self._to_columns = on(device, filter_of(GRID, box[1], cv2.INTER_LINEAR))

    def of(self, heads: Tensor) -> Tensor:
        """How far the picture's pixels drifted, in cells, (N, h, w, 2)."""
        grey = (levels(self._rows @ heads @ self._columns) * self._grey).sum(1, keepdim=True)
        details = grey - self._blurred(grey, SLOW)
        drift = torch.zeros_like(details).expand(-1, 2, -1, -1)
        for sigma, (xx, xy, yy) in zip(WINDOWS, self._inverses, strict=True):
            missing = self._details - moved_by(details, drift.permute(0, 2, 3, 1))
            to_right, to_below = (self._blurred(slope * missing, sigma) for slope in self._gradients)
            step = torch.cat([xx * to_right + xy * to_below, xy * to_right + yy * to_below], 1)
            drift = self._blurred(drift + step, sigma / 2).clamp(-MOST, MOST)
        return (self._to_rows @ drift @ self._to_columns).permute(0, 2, 3, 1)

    def _blurred(self, cells: Tensor, sigma: float) -> Tensor:
        return self._windows[sigma].T @ cells @ self._windows[sigma]


class ClonedOnDevice:
    """`Poisson` for planes (N, 3, h, w), all waves everywhere: products are what a device is good at."""

    def __init__(self, seam: Cloned, place: Place, device: Any) -> None:
        self._target = planes_on(device, place.target)
        self._lines = [on(device, line) for line in seam.poisson.lines]
        self._down, self._across = (_Waves(axis, device) for axis in (seam.poisson.down, seam.poisson.across))

    def joined(self, heads: Tensor) -> Tensor:
        """The heads, cloned in."""
        edge, rim = DRAWN_IN + 1, DRAWN_IN + RIM
        joined = self._target.expand(len(heads), -1, -1, -1).clone()
        inside = slice(rim, -rim)
        joined[:, :, inside, inside] = heads[:, :, inside, inside]
        seen = heads[:, :, inside, rim], heads[:, :, inside, -rim], heads[:, :, rim, inside], heads[:, :, -rim, inside]
        left, right, top, bottom = (ours - theirs for ours, theirs in zip(self._lines, seen, strict=True))
        added = self._down.summed(left, right) + self._across.summed(top, bottom).transpose(2, 3)
        joined[:, :, edge:-edge, edge:-edge] += added - CUT
        return joined


class _Waves:
    """`Direction` on a device."""

    def __init__(self, axis: Direction, device: Any) -> None:
        self._sines, self._first, self._last = (on(device, part) for part in (axis.sines, axis.first, axis.last))

    def summed(self, first: Tensor, last: Tensor) -> Tensor:
        """What the differences along two lines, each (N, 3, length), add up to: (N, 3, n, m)."""
        part = self._sines[RIM - 1 : RIM - 1 + first.shape[2]]
        answers = (first @ part).unsqueeze(3) * self._first + (last @ part).unsqueeze(3) * self._last
        return self._sines @ answers


def moved_by(planes: Tensor, distance: Tensor) -> Tensor:
    """Planes (N, c, h, w), each pixel taken from (across, down) pixels away, (N, h, w, 2); the edge repeats itself."""
    height, width = planes.shape[2:]
    rows = torch.arange(height, device=planes.device, dtype=planes.dtype)
    columns = torch.arange(width, device=planes.device, dtype=planes.dtype)
    across = (distance[..., 0] + columns) * (2 / (width - 1)) - 1
    down = (distance[..., 1] + rows[:, None]) * (2 / (height - 1)) - 1
    where = torch.stack([across, down], 3)
    return torch.nn.functional.grid_sample(planes, where, padding_mode="border", align_corners=True)


def _sigmas() -> set[float]:
    return {SLOW, *WINDOWS, *(sigma / 2 for sigma in WINDOWS)}


def levels(planes: Tensor) -> Tensor:
    """Rounded to whole levels, 0..255, still floats."""
    return planes.round().clamp(0, 255)


def planes_on(device: Any, image: Any) -> Tensor:
    """An image uint8 (h, w, 3) as float planes (3, h, w) on the device."""
    return on(device, image).permute(2, 0, 1).to(torch.float32)


def on(device: Any, values: Any) -> Tensor:
    """A copy of an array on the device."""
    return torch.from_numpy(np.array(values)).to(device)
