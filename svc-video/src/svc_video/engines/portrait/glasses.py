"""Whether a face wears glasses: their rims are edges where bare faces have none.

A bridge crosses the nose's root, a rim crosses the cheek below each eye: there skin changes slowly. The steepest change
along the face, averaged across it, is at most 3 (of the skin's luminance per eye distance) on bare faces, photographed
or drawn, at 256 to 1024 pixels; on a face with dark rims it was 9 to 12.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from svc_video.engines.portrait.blendshapes import Blendshapes
from svc_video.engines.portrait.warp import Float, Pixels

RIM_CONTRAST = 4.5  # of the skin's luminance per eye distance
BLUR = 0.008  # eye distances
BRIDGE = ((-0.1, 0.1), (-0.12, 0.35))  # across and down from the nose's root (168), in eye distances
CHEEK = ((-0.2, 0.2), (0.14, 0.6))  # the same from each eye's middle
CORNERS = ((33, 133), (362, 263))
NOSE_ROOT = 168
SAMPLES = 90


def wears_glasses(picture: Pixels, shapes: Blendshapes) -> bool:
    """Whether rims cross both the nose's root and the cheeks."""
    face = shapes.points
    eyes = [face[list(pair)].mean(axis=0) for pair in CORNERS]
    unit = max(float(np.linalg.norm(eyes[1] - eyes[0])), 1.0)
    grey = np.asarray(
        cv2.cvtColor(cv2.GaussianBlur(picture, (0, 0), max(BLUR * unit, 0.4)), cv2.COLOR_RGB2GRAY), dtype=np.uint8
    )
    bridge = _steepest(grey, face[NOSE_ROOT], shapes.axes * unit, BRIDGE)
    cheeks = [_steepest(grey, eye, shapes.axes * unit, CHEEK) for eye in eyes]
    return min(bridge, sum(cheeks) / 2) > RIM_CONTRAST


def _steepest(grey: NDArray[np.uint8], origin: Float, axes: Float, box: tuple[tuple[float, float], ...]) -> float:
    """The largest change of brightness down the face, in parts of the usual brightness per unit of the axes."""
    u, v = np.meshgrid(np.linspace(*box[0], SAMPLES // 3), np.linspace(*box[1], SAMPLES))
    at = (origin + u[..., None] * axes[0] + v[..., None] * axes[1]).astype(np.float32)
    x, y = np.ascontiguousarray(at[..., 0]), np.ascontiguousarray(at[..., 1])
    seen = np.asarray(cv2.remap(grey, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), dtype=np.float64)
    step = (box[1][1] - box[1][0]) / (SAMPLES - 1)
    change = np.abs(np.gradient(seen.mean(axis=1), step))
    return float(change.max() / max(float(np.median(seen)), 1.0))
