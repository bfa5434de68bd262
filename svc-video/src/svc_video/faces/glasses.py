"""Whether a face wears glasses: their bridge is a dark or bright bar across the nose, where bare skin is smooth."""

import cv2
import numpy as np
from numpy.typing import NDArray

from svc_video.faces.landmarks import eye_centre
from svc_video.faces.picture import Rgb

UNIT = 100  # pixels between the eyes in the upright patch that is looked at
PATCH = (120, 100)  # width and height of it; the eyes' line runs through (60, 50)
BRIDGE = np.s_[20:75, 52:68]  # rows and columns between the eyes: from the brows to the middle of the nose
EXTREMES = (5, 95)  # percentiles of the grey values whose distance is the patch's contrast
EDGE = 0.07  # of that contrast per pixel: horn rims measure 0.17, bare noses of 14 faces at most 0.036


def wears_glasses(rgb: Rgb, points: NDArray[np.floating]) -> bool:
    """True for rims with a visible bridge; rimless glasses and mere temples are not seen. Under 1 ms."""
    patch = _between_eyes(rgb, points)
    dark, light = np.percentile(patch, EXTREMES)
    along = patch[BRIDGE].mean(axis=1)
    return bool(np.abs(np.gradient(along)).max() > EDGE * max(light - dark, 1.0))


def _between_eyes(rgb: Rgb, points: NDArray[np.floating]) -> NDArray[np.float32]:
    """Grey values of the upright patch."""
    left, right = eye_centre(points, left=True), eye_centre(points, left=False)
    across = (right - left) / UNIT
    down = np.array([-across[1], across[0]])
    start = (left + right) / 2 - across * PATCH[0] / 2 - down * PATCH[1] / 2
    matrix = np.column_stack([across, down, start]).astype(np.float64)
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    softened = cv2.GaussianBlur(grey, (0, 0), max(float(np.linalg.norm(across)) / 2, 0.3))
    patch = cv2.warpAffine(softened, matrix, PATCH, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return np.asarray(patch, dtype=np.float32)
