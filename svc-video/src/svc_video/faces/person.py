"""Which pixels of a picture are the person: head, hair and body.

A small network (MediaPipe's selfie segmentation, 256 x 256) says roughly where the person is. Its edge is then made to
follow the picture's own with a guided filter (He, Sun, Tang 2013, colour guide; computed small and applied large as in
"Fast Guided Filter", 2015), so that hair and shoulders end where their colours end.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from svc_video.faces.net import Net
from svc_video.faces.picture import Rgb

Mask = NDArray[np.uint8]  # (H, W): 255 = the person
Plane = NDArray[np.float32]  # (H, W)

SIDE = 256  # pixels, the network's input
GUIDE_SIDE = 384  # pixels of the longer side on which the filter's coefficients are computed
RADIUS = 0.02  # of the longer side: how far the network's edge may be off
EPSILON = 4e-4  # colour variance (0..1 squared) below which an area is taken to be flat
SURE = (0.12, 0.88)  # what is below the first becomes 0, what is above the second 1
PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))  # of the guide's colours
LIKELY = (0.3, 0.8)  # the network's likelihoods that become 0 and 1
DEEP = 7.0  # pixels of SIDE; so far inside the person nothing is in doubt
CORE = 0.5  # parts are told apart where the network is at least so sure


class PersonMask:
    """The network, loaded once and shared by all threads."""

    def __init__(self, data: Path) -> None:
        self._net = Net(data / "person.npz")

    def __call__(self, rgb: Rgb, at: tuple[float, float] | None = None) -> Mask:
        """The mask (H, W) of the picture; of several people the one at (x, y), else the largest. Blocking."""
        rough = self.rough(rgb)
        rough = _filled(_decided(rough) * _one_person(rough, _scaled(at, rgb)))
        return np.asarray(np.round(_follow(rgb, rough) * 255), dtype=np.uint8)

    def rough(self, rgb: Rgb) -> Plane:
        """The network's own opinion (SIDE, SIDE), 0..1: the whole picture, stretched to a square."""
        flags = cv2.INTER_AREA if min(rgb.shape[:2]) >= SIDE else cv2.INTER_LINEAR
        small = np.asarray(cv2.resize(rgb, (SIDE, SIDE), interpolation=flags), dtype=np.float32)
        small /= np.float32(255)
        # Seen from both sides: what the network takes for a person in one of them only is mostly none.
        one, other = (next(iter(self._net(np.ascontiguousarray(x)[None]).values())) for x in (small, small[:, ::-1]))
        return np.asarray((one[0, :, :, 0] + other[0, :, ::-1, 0]) / 2, dtype=np.float32)


def _scaled(at: tuple[float, float] | None, rgb: Rgb) -> tuple[int, int] | None:
    """A point of the picture as (row, column) of the network's square."""
    if at is None:
        return None
    column, row = (int(np.clip(value * SIDE / n, 0, SIDE - 1)) for value, n in zip(at, rgb.shape[1::-1], strict=True))
    return row, column


def _decided(rough: Plane) -> Plane:
    """Without the haze of what is hardly likely, nor the doubts of what is very."""
    low, high = LIKELY
    return np.asarray(np.clip((rough - low) / (high - low), 0, 1), dtype=np.float32)


def _filled(rough: Plane) -> Plane:
    """The mask without holes: whatever does not hang together with what is beside or above the person is the person."""
    behind = np.pad((rough < CORE).astype(np.uint8), ((1, 0), (1, 1)), constant_values=1)
    _, labels = cv2.connectedComponents(behind, connectivity=4)
    outside = (labels == labels[0, 0])[1:, 1:-1]
    deep = cv2.distanceTransform((~outside).astype(np.uint8), cv2.DIST_L2, 3) > DEEP
    return np.asarray(np.maximum(rough, deep), dtype=np.float32)


def _one_person(rough: Plane, at: tuple[int, int] | None) -> Plane:
    """1 where the person in question is or may be, 0 on what belongs to others."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((rough >= CORE).astype(np.uint8))
    if count <= 1:
        return np.ones_like(rough)
    label = int(labels[at]) if at else 0
    wanted = label or 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    others = ((labels > 0) & (labels != wanted)).astype(np.uint8)
    reach = cv2.dilate(others, np.ones((9, 9), np.uint8)) & (labels != wanted)
    return np.asarray(1 - reach, dtype=np.float32)


def _follow(rgb: Rgb, rough: Plane) -> Plane:
    """The rough mask at the picture's size, 0..1, its edge on the picture's edges."""
    height, width = rgb.shape[:2]
    scale = min(1.0, GUIDE_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    guide = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.float32) / np.float32(255)
    mask = np.asarray(cv2.resize(rough, size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)
    small = _guided(guide, mask, max(2, round(RADIUS * max(size))))
    slope, offset = (cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR) for part in small)
    followed = np.einsum("hwc,hwc->hw", slope, rgb.astype(np.float32) / 255) + offset
    low, high = SURE
    return np.asarray(np.clip((followed - low) / (high - low), 0, 1), dtype=np.float32)


def _guided(guide: NDArray[np.float32], mask: Plane, radius: int) -> tuple[NDArray[np.float32], Plane]:
    """Slope (h, w, 3) and offset (h, w) of the mask as a local linear function of the guide's colour."""

    def mean(x: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(x, (2 * radius + 1, 2 * radius + 1)), dtype=np.float32)

    centre, level = mean(guide), mean(mask)
    with_mask = mean(guide * mask[..., None]) - centre * level[..., None]
    pair = {(i, j): mean(guide[..., i] * guide[..., j]) - centre[..., i] * centre[..., j] for i, j in PAIRS}
    slope = _solved(pair, with_mask)
    offset = level - np.einsum("hwc,hwc->hw", slope, centre)
    return mean(slope), mean(offset)


def _solved(spread: dict[tuple[int, int], Plane], right: NDArray[np.float32]) -> NDArray[np.float32]:
    """`right` (h, w, 3) divided by the symmetric 3 x 3 matrices `spread` + EPSILON, by cofactors."""
    rr, gg, bb = (spread[i, i] + EPSILON for i in range(3))
    rg, rb, gb = spread[0, 1], spread[0, 2], spread[1, 2]
    one, two, three = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    four, five, six = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    rows = np.stack((one, two, three, two, four, five, three, five, six), -1).reshape(*one.shape, 3, 3)
    whole = rr * one + rg * two + rb * three
    return np.asarray(np.einsum("hwij,hwj->hwi", rows, right) / whole[..., None], dtype=np.float32)
