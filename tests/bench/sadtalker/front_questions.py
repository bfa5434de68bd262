"""What upstream's front was asked once, and ours is asked in tests: made by seed. No torch, no package of either."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from tests.fakes.face_points import face_points

SEED = 7
WIDTH = 1 / 8  # of the networks
TESTS = Path(__file__).parents[2]
ARITHMETIC = TESTS / "unit" / "svc_video" / "sadtalker" / "golden" / "front.npz"
NETWORKS = TESTS / "engines_torch" / "sadtalker" / "golden" / "front.npz"
LEAST = 0.5  # score of the boxes that are compared: a random detector is not sure of anything

Rgb = npt.NDArray[np.uint8]
Array = npt.NDArray[np.float32]

FACES = (
    # picture's width and height, then the face's middle, width and turn
    (640, 480, 300, 220, 150, 0),
    (480, 640, 240, 300, 200, 12),
    (400, 900, 200, 700, 300, 0),  # tall, the face fills the width: upstream's slip of `ry`
    (900, 400, 120, 200, 260, -20),  # over the left edge
    (300, 300, 260, 150, 220, 5),  # over the right edge
    (256, 256, 128, 120, 250, 0),  # fills the picture
    (128, 128, 64, 60, 20, 45),
    (4000, 3000, 2000, 1500, 1500, 3),  # shrunk to a half
    (4300, 4500, 2200, 2300, 2300, 0),  # shrunk further
    (2400, 2400, 1200, 1200, 900, 0),  # large, and not shrunk
)


def faces() -> Iterator[tuple[int, int, Array]]:
    """(width, height, points) of pictures to be cut."""
    for number, (width, height, x, y, wide, turn) in enumerate(FACES):
        yield width, height, face_points(x, y, wide, turn, seed=number)


def squares() -> Iterator[tuple[Rgb, Array]]:
    """Networks' squares, and points to align them by."""
    for number, (size, wide, turn) in enumerate(((256, 130, 0), (256, 60, 10), (256, 240, -8), (512, 260, 3))):
        yield noise(size, size, number), face_points(size * 0.52, size * 0.48, wide, turn, seed=100 + number)


def heat_maps() -> Iterator[Array]:
    """(98, 64, 64): peaks anywhere, then one in the last row, then one in the first."""
    random = np.random.default_rng(SEED)
    for edge in (None, 63, 0):
        maps = random.standard_normal((98, 64, 64)).astype(np.float32)
        maps[:, :2] = maps[:, -2:] = -9.0
        if edge is not None:
            maps[5, edge, 10] = 9.0
        yield maps


def noise(width: int, height: int, seed: int) -> Rgb:
    """A picture of coloured clouds."""
    random = np.random.default_rng(1000 + seed)
    small = random.random((height // 8 + 2, width // 8 + 2, 3)).astype(np.float32)
    wide = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide * 255, np.uint8)


def crops() -> Rgb:
    """(2, 224, 224, 3) for face reconstruction."""
    return np.stack([noise(224, 224, 20), noise(224, 224, 21)])


def picture() -> Rgb:
    """(150, 210, 3), for the detector and the landmarks."""
    return noise(210, 150, 30)


def digest(array: Rgb) -> int:
    """A number for what is too large to keep."""
    return zlib.crc32(np.ascontiguousarray(array))
