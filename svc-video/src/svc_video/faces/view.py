"""Where the frame lies in the picture, and its pixels: composition by the head, by shape of the frame.

What lies outside the picture is its edge drawn out, ever more out of focus the further away it is. A frame is placed
so that little of that is below the head: a body that dissolves is seen, a plain wall above it is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from svc_video.faces import landmarks as lm
from svc_video.faces.picture import Rgb
from svc_video.framing import Aspect

Box = tuple[int, int, int, int]
"""Rows from and to, columns from and to."""

PADDING_BLUR = 0.06  # frame heights, at the picture's edge ...
FAR_BLUR = 0.15  # ... and far from it


@dataclass(frozen=True, slots=True)
class Composition:
    """How a head stands in a frame, in frame heights; `loosest` and `tightest` are forehead to chin."""

    loosest: float
    tightest: float
    eye_line: float  # from the top
    below: float  # how much of the frame may lie under the picture


COMPOSITIONS: Mapping[Aspect, Composition] = {
    "square": Composition(0.3, 0.72, 0.43, 0.3),
    "portrait": Composition(0.24, 0.36, 0.37, 0.03),
    "landscape": Composition(0.26, 0.44, 0.42, 0.08),
}


@dataclass(frozen=True, slots=True)
class View:
    """The frame in the picture: left and top in the picture's pixels, scale from those to the frame's."""

    left: float
    top: float
    scale: float
    size: tuple[int, int]  # width, height of the frame

    def moved(self, points: lm.Points) -> lm.Points:
        """Landmarks of the picture as points of the frame."""
        moved = points * self.scale
        moved[:, :2] -= (self.left * self.scale, self.top * self.scale)
        return moved

    def cut(self, rgb: Rgb) -> tuple[Rgb, Box]:
        """The frame's pixels, and the part of them that the picture covers."""
        source, factor = rgb, 1.0
        if self.scale < 0.5:  # area-average first: the warp alone would alias
            factor = self.scale * 2
            source = np.asarray(cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA))
        step = self.scale / factor
        shift = step / 2 - 0.5
        matrix = np.array([[step, 0, -self.left * self.scale + shift], [0, step, -self.top * self.scale + shift]])
        flags = cv2.INTER_AREA if self.scale == 1 else cv2.INTER_CUBIC
        drawn_out = cv2.warpAffine(source, matrix, self.size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        frame = np.asarray(drawn_out, dtype=np.uint8)
        known = self._known(rgb.shape[:2])
        return (frame if known == (0, self.size[1], 0, self.size[0]) else _blurred_outside(frame, known)), known

    def _known(self, picture: tuple[int, ...]) -> Box:
        rows = np.array([-self.top, picture[0] - self.top]) * self.scale
        columns = np.array([-self.left, picture[1] - self.left]) * self.scale
        (up, down), (start, stop) = np.clip(rows, 0, self.size[1]), np.clip(columns, 0, self.size[0])
        # Rounded first: 511.9999 is the whole frame.
        return (
            int(np.ceil(round(float(up), 3))),
            int(np.floor(round(float(down), 3))),
            int(np.ceil(round(float(start), 3))),
            int(np.floor(round(float(stop), 3))),
        )


def framed(points: lm.Points, picture: tuple[int, ...], size: tuple[int, int], aspect: Aspect) -> View:
    """The view of a picture (height, width) with that face in it.

    The frame is the largest that fits into the picture, a closer one around a small face, or a wider one around a face
    that fills it; "original" is the whole picture.
    """
    if aspect == "original":
        scale = min(size[0] / picture[1], size[1] / picture[0])
        left, top = (picture[1] - size[0] / scale) / 2, (picture[0] - size[1] / scale) / 2
        return View(left, top, scale, size)
    how = COMPOSITIONS[aspect]
    face_height = lm.face_height(points)
    largest = min(picture[0], picture[1] * size[1] / size[0])
    height = float(np.clip(largest, face_height / how.tightest, face_height / how.loosest))
    width = height * size[0] / size[1]
    eyes = (lm.eye_centre(points, left=True) + lm.eye_centre(points, left=False)) / 2
    left = _inside(float(points[lm.OVAL, 0].mean()) - width / 2, width, picture[1])
    top = _inside(float(eyes[1]) - how.eye_line * height, height, picture[0])
    top = min(top, picture[0] - (1 - how.below) * height)
    return View(left, top, size[1] / height, size)


def _inside(start: float, length: float, available: int) -> float:
    """The start moved so that the frame stays in the picture, or where it was where it cannot."""
    if length > available:
        return start
    return min(max(start, 0.0), available - length)


def _blurred_outside(frame: Rgb, known: Box) -> Rgb:
    """The frame with what lies outside `known` blurred, the more the further away it is."""
    near, far = (_blur(frame, part * len(frame)) for part in (PADDING_BLUR, FAR_BLUR))
    up, down, start, stop = known
    inside = np.zeros(frame.shape[:2], dtype=np.uint8)
    inside[up:down, start:stop] = 255
    reach = PADDING_BLUR * len(frame)
    within = _ramp(cv2.distanceTransform(inside, cv2.DIST_L2, 3) / reach)  # 0 at the edge, 1 well inside
    beyond = _ramp(cv2.distanceTransform(255 - inside, cv2.DIST_L2, 3) / (2 * reach))
    soft = near * (1 - beyond) + far * beyond
    return np.round(frame * within + soft * (1 - within)).astype(np.uint8)


def _blur(frame: Rgb, sigma: float) -> NDArray[np.float32]:
    """A Gaussian blur, computed on a small copy: nothing sharp is left in it."""
    factor = max(1, int(sigma / 4))
    size = frame.shape[1], frame.shape[0]
    small = cv2.resize(frame, (-(-size[0] // factor), -(-size[1] // factor)), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small.astype(np.float32), (0, 0), sigma / factor, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(soft, size, interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def _ramp(x: NDArray[Any]) -> NDArray[np.float32]:
    """0..1 without a kink at either end, (H, W, 1)."""
    x = np.clip(x, 0, 1)
    return np.asarray((x * x * (3 - 2 * x))[..., None], dtype=np.float32)
