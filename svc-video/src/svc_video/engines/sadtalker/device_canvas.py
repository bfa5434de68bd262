"""A canvas on the device of the renders, so that finished frames alone are copied from it: same geometry, same seams.

- Every resize is two products with cv2's own filters, which are read off by resizing a unit matrix.
- Whole batches; no call waits for the device, so it may be part of a CUDA graph.
- Frames differ from `Canvas` by a level or two, where roundings meet.
- The seam `upstream` is cv2's alone: its frames take the way over the CPU.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from svc_video.engines.sadtalker.canvas import Canvas
from svc_video.engines.sadtalker.placing import Place
from svc_video.engines.sadtalker.poisson import CUT, DRAWN_IN, RIM, Direction
from svc_video.engines.sadtalker.seams import CELLS, MOST_TINT, Cloned, Feather
from svc_video.engines.sadtalker.shaping import filter_of

# BT.601, limited range, as cv2 has it: 20 bits behind the point.
LUMA = (269_484, 528_482, 102_760)
BLUE = (-155_188, -305_135, 460_324)
RED = (460_324, -385_875, -74_448)
POINT = 20
HALF = 1 << (POINT - 1)


class DeviceCanvas:
    """Makes frames of renders that lie on a device."""

    def __init__(self, canvas: Canvas, device: Any) -> None:
        """Put what `canvas` worked out on the device."""
        self._canvas = canvas
        self._down, self._across = (_on(device, part) for part in canvas.shaping.filters(canvas.source.size))
        self._background = None if canvas.place is None else _on(device, canvas.place.background)
        self._joiner: _FeatherOnDevice | _ClonedOnDevice | None = None
        if canvas.place is not None and isinstance(canvas.joiner, Feather):
            self._joiner = _FeatherOnDevice(canvas.joiner, canvas.place, device)
        elif canvas.place is not None and isinstance(canvas.joiner, Cloned):
            self._joiner = _ClonedOnDevice(canvas.joiner, canvas.place, device)

    def compose(self, renders: Tensor) -> Tensor:
        """The frames uint8 (N, H, W, 3) for renders uint8 (N, size, size, 3), both on the device."""
        return self.placed(self.heads(renders))

    def heads(self, renders: Tensor) -> Tensor:
        """What changes from frame to frame, uint8 (N, h, w, 3)."""
        if self._canvas.joiner is not None and self._joiner is None:
            return _on(renders.device, self._canvas.heads(renders.cpu().numpy()))
        planes = renders.permute(0, 3, 1, 2).to(torch.float32)
        heads = _levels(self._down @ planes @ self._across)
        if self._joiner is not None:
            heads = _levels(self._joiner.joined(heads))
        return heads.to(torch.uint8).permute(0, 2, 3, 1).contiguous()

    def placed(self, heads: Tensor) -> Tensor:
        """The frames uint8 (N, H, W, 3) with those heads in them."""
        place = self._canvas.place
        if place is None or self._background is None:
            return heads
        frames = self._background.expand(len(heads), -1, -1, -1).clone()
        rows, columns = place.seen
        frames[:, rows.frame, columns.frame] = heads[:, rows.head, columns.head]
        return frames


class _FeatherOnDevice:
    """`Feather` for planes (N, 3, h, w)."""

    def __init__(self, seam: Feather, place: Place, device: Any) -> None:
        height, width = place.target.shape[:2]
        self._target, self._share = _planes(device, place.target), _on(device, seam.share)
        self._rows = _on(device, filter_of(height, CELLS, cv2.INTER_AREA).T)
        self._columns = _on(device, filter_of(width, CELLS, cv2.INTER_AREA))
        self._edge = _on(device, np.flatnonzero(seam.tint.edge))
        self._around, self._fit = _on(device, seam.tint.target.T), _on(device, seam.tint.fit.T)
        self._plane = _on(device, seam.tint.plane.reshape(-1, 3).T)

    def joined(self, heads: Tensor) -> Tensor:
        """The heads, fading in."""
        cells = _levels(self._rows @ heads @ self._columns).flatten(2)[:, :, self._edge]
        differ = (self._around - cells).clamp(-MOST_TINT, MOST_TINT)  # (N, 3, cells)
        tint = (differ @ self._fit @ self._plane).unflatten(2, heads.shape[2:])
        return torch.lerp(self._target, _levels(heads + tint), self._share)


class _ClonedOnDevice:
    """`Poisson` for planes (N, 3, h, w), all waves everywhere: products are what a device is good at."""

    def __init__(self, seam: Cloned, place: Place, device: Any) -> None:
        self._target = _planes(device, place.target)
        self._lines = [_on(device, line) for line in seam.poisson.lines]
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
        self._sines, self._first, self._last = (_on(device, part) for part in (axis.sines, axis.first, axis.last))

    def summed(self, first: Tensor, last: Tensor) -> Tensor:
        """What the differences along two lines, each (N, 3, length), add up to: (N, 3, n, m)."""
        part = self._sines[RIM - 1 : RIM - 1 + first.shape[2]]
        answers = (first @ part).unsqueeze(3) * self._first + (last @ part).unsqueeze(3) * self._last
        return self._sines @ answers


def to_i420(frames: Tensor) -> Tensor:
    """RGB uint8 (N, H, W, 3) as planes uint8 (N, H * 3 / 2, W): to the bit what cv2 makes of each."""
    height, width = frames.shape[1:3]
    whole = frames.to(torch.int32)
    # cv2 takes the chroma of the first pixel of each four.
    quarter = whole[:, ::2, ::2]
    planes = _weighed(whole, LUMA, 16), _weighed(quarter, BLUE, 128), _weighed(quarter, RED, 128)
    joined = torch.cat([plane.flatten(1) for plane in planes], 1).to(torch.uint8)
    return joined.unflatten(1, (height * 3 // 2, width))


def _weighed(pixels: Tensor, weights: tuple[int, int, int], offset: int) -> Tensor:
    red, green, blue = pixels.unbind(-1)
    return (red * weights[0] + green * weights[1] + blue * weights[2] + HALF + (offset << POINT)) >> POINT


def _levels(planes: Tensor) -> Tensor:
    return planes.round().clamp(0, 255)


def _planes(device: Any, image: Any) -> Tensor:
    return _on(device, image).permute(2, 0, 1).to(torch.float32)


def _on(device: Any, values: Any) -> Tensor:
    return torch.from_numpy(np.array(values)).to(device)
