from __future__ import annotations

import cv2
import numpy as np
import pytest

from svc_video.engines.sadtalker.source import Crop, Source


def smooth(seed: int, height: int, width: int, sigma: float = 6.0) -> np.ndarray:
    """Noise as soft as a photograph's background, over all levels."""
    noise = np.random.default_rng(seed).random((height, width, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), sigma)
    return np.clip((soft - soft.min()) / np.ptp(soft) * 255, 0, 255).astype(np.uint8)


@pytest.fixture
def picture() -> np.ndarray:
    return smooth(0, 400, 360)


@pytest.fixture
def source_of():
    """A source whose inner box is `box` in the picture, and whose outer one is 20 pixels larger where it can be."""

    def make(picture, box=(90, 70, 210, 201), mode="full", size=64, seen=None) -> Source:
        width, height = seen or (picture.shape[1], picture.shape[0])
        left, top = max(0, box[0] - 20), max(0, box[1] - 20)
        outer = left, top, min(width, box[2] + 20), min(height, box[3] + 20)
        inner = tuple(side - corner + 0.7 for side, corner in zip(box, (left, top, left, top), strict=True))
        wide = outer if mode.startswith("ext") else box
        x0, y0, x1, y1 = wide
        shown = cv2.resize(picture, (width, height))[y0:y1, x0:x1]
        square = cv2.resize(shown, (size, size))
        crop = None if mode == "resize" else Crop((width, height), outer, inner)
        cut = (width, height) if mode == "resize" else (x1 - x0, y1 - y0)
        square = cv2.resize(picture, (size, size)) if mode == "resize" else square
        return Source(square, np.zeros(73, np.float32), mode, cut, crop)

    return make
