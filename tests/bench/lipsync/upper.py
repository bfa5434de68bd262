"""Does the upper face stay the person's? SSIM against a still of the same pose, encoded again by the same codec.

The film's first open-eyed frame is laid on every other one by an affine fit of landmarks that speech does not move
(corners of the eyes, ridge of the nose, temples, edge of the forehead), sharpened on the pixels (ECC, Evangelidis and
Psarakis 2008). That film of a still is encoded and decoded, so that grain lost by the codec is lost on both sides.
SSIM (Wang et al. 2004, 11 x 11 Gaussian of 1.5 px, luma) is averaged over eyes, brows and lower forehead. Frames with
shut eyes do not count; brows that move and eyes that look about do.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.bench.lipsync.curves import eyes_open
from tests.bench.lipsync.face import Track, affine
from tests.bench.lipsync.footage import Rgb, encoded_again, frame_rate, shots

from svc_video.faces import landmarks as lm

Grey = NDArray[np.float32]

LOWER_FOREHEAD, BRIDGE = (151, 108, 337, 69, 299), (168, 6, 197)
REGION = np.concatenate([lm.BROW_LEFT, lm.BROW_RIGHT, lm.LOWER_LID_LEFT, lm.LOWER_LID_RIGHT, LOWER_FOREHEAD, BRIDGE])
WINDOW, SIGMA = (11, 11), 1.5  # pixels
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
REFINEMENTS = 12  # steps of the pixels' own fit
ENOUGH = 1e-4  # its least gain
BLUR = 5  # pixels, of the pictures that are fitted


def upper_ssim(path: Path, track: Track) -> NDArray[np.float64]:
    """SSIM of each open-eyed frame's upper face; blocking, about 20 ms a frame."""
    counted = eyes_open(track.eyes)
    first = int(np.argmax(counted))
    with tempfile.TemporaryDirectory() as folder:
        still = Path(folder) / "still.mp4"
        encoded_again(posed(path, track, first), still, frame_rate(path))
        pairs = zip(shots(path), shots(still), track.points, counted, strict=True)
        return np.array([alike(shot.rgb, posing.rgb, points) for shot, posing, points, counts in pairs if counts])


def posed(path: Path, track: Track, first: int) -> Iterator[Rgb]:
    """The film's frame number `first` in the pose of every frame."""
    rest = next(shot.rgb for number, shot in enumerate(shots(path)) if number == first)
    rest_grey, rest_region = grey(rest), region(track.points[first], rest)
    height, width = rest.shape[:2]
    for shot, points in zip(shots(path), track.points, strict=True):
        part = box(points, shot.rgb)
        seen = grey(shot.rgb[part[1] : part[3], part[0] : part[2]])
        matrix = refined(affine(points, track.points[first]), seen, part[:2], rest_grey, rest_region)
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        warped = cv2.warpAffine(rest, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        yield np.asarray(warped, dtype=np.uint8)


def refined(
    matrix: NDArray[np.float64], seen: Grey, corner: tuple[int, int], rest: Grey, rest_region: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """The matrix (frame to rest) fitted to the pixels; the landmarks' own where that does not converge.

    `seen` is the part of the frame that begins at `corner` (x, y); only the region of `rest` counts.
    """
    shift = np.array([[1.0, 0.0, corner[0]], [0.0, 1.0, corner[1]], [0.0, 0.0, 1.0]])
    start = (np.vstack([matrix, [0, 0, 1]]) @ shift)[:2].astype(np.float32)
    steps = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, REFINEMENTS, ENOUGH)
    try:
        _, found = cv2.findTransformECC(seen, rest, start, cv2.MOTION_AFFINE, steps, rest_region, BLUR)
    except cv2.error:
        return matrix
    return np.asarray((np.vstack([found, [0, 0, 1]]) @ np.linalg.inv(shift))[:2], dtype=np.float64)


def alike(rgb: Rgb, still: Rgb, points: lm.Points) -> float:
    """Mean SSIM over the region that the points span."""
    left, top, right, bottom = box(points, rgb)
    part = np.s_[top:bottom, left:right]
    return float(ssim(grey(rgb[part]), grey(still[part]))[region(points, rgb)[part] > 0].mean())


def ssim(one: Grey, other: Grey) -> NDArray[np.float64]:
    """The map of structural similarity of two pictures, 0..255."""
    one, other = one.astype(np.float64), other.astype(np.float64)
    mean_one, mean_other = blurred(one), blurred(other)
    var_one, var_other = blurred(one * one) - mean_one**2, blurred(other * other) - mean_other**2
    shared = blurred(one * other) - mean_one * mean_other
    above = (2 * mean_one * mean_other + C1) * (2 * shared + C2)
    return np.asarray(above / ((mean_one**2 + mean_other**2 + C1) * (var_one + var_other + C2)))


def blurred(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The local mean."""
    return np.asarray(cv2.GaussianBlur(values, WINDOW, SIGMA), dtype=np.float64)


def grey(rgb: Rgb) -> Grey:
    """Luma."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.float32)


def region(points: lm.Points, rgb: Rgb) -> NDArray[np.uint8]:
    """255 where the upper face is: the hull of its landmarks."""
    mask = np.zeros(rgb.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(points[REGION, :2]).astype(np.int32)), 255)
    return mask


def box(points: lm.Points, rgb: Rgb) -> tuple[int, int, int, int]:
    """Left, top, right, bottom around the region, a window's width more on every side."""
    low = np.floor(points[REGION, :2].min(axis=0)).astype(int) - WINDOW[0]
    high = np.ceil(points[REGION, :2].max(axis=0)).astype(int) + WINDOW[0]
    height, width = rgb.shape[:2]
    return max(0, int(low[0])), max(0, int(low[1])), min(width, int(high[0])), min(height, int(high[1]))
