"""A canvas on the device of the renders, so that finished frames alone are copied from it: same geometry, same seams.

- Every resize is two products with cv2's own filters, which are read off by resizing a unit matrix.
- Whole batches; no call waits for the device, so it may be part of a CUDA graph.
- Frames differ from `Canvas` by a level or two, where roundings meet.
- The seam `upstream` is cv2's alone: its frames take the way over the CPU.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from svc_video.engines.sadtalker.canvas import Canvas
from svc_video.engines.sadtalker.device_seams import levels, on, seam_on

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
        self._down, self._across = (on(device, part) for part in canvas.shaping.filters(canvas.source.size))
        self._background = None if canvas.place is None else on(device, canvas.place.background)
        self._joiner = None if canvas.place is None else seam_on(device, canvas.joiner, canvas.place)

    def compose(self, renders: Tensor) -> Tensor:
        """The frames uint8 (N, H, W, 3) for renders uint8 (N, size, size, 3), both on the device."""
        return self.placed(self.heads(renders))

    def heads(self, renders: Tensor) -> Tensor:
        """What changes from frame to frame, uint8 (N, h, w, 3)."""
        if self._canvas.joiner is not None and self._joiner is None:
            return on(renders.device, self._canvas.heads(renders.cpu().numpy()))
        planes = renders.permute(0, 3, 1, 2).to(torch.float32)
        heads = levels(self._down @ planes @ self._across)
        if self._joiner is not None:
            heads = levels(self._joiner.joined(heads))
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
