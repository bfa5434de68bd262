from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from svc_video.engines.sadtalker.drift import GRID, MOST, SLOW, Drift, blurred, details_of, window_of
from svc_video.engines.sadtalker.placing import Place
from svc_video.engines.sadtalker.seams import Feather

CELL = 3  # pixels
SIDE = GRID * CELL


def textured(seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).random((SIDE, SIDE, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 6)
    return ((soft - soft.min()) / np.ptp(soft) * 255).astype(np.uint8)


def shifted(image: np.ndarray, across: float, down: float) -> np.ndarray:
    move = np.array([[1, 0, across], [0, 1, down]], np.float32)
    return cv2.warpAffine(image, move, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)


@pytest.mark.parametrize("moved", [(1.5, 0.0), (0.0, -2.0), (2.0, 1.0)])
def test_a_shift_is_found_where_there_is_something_to_see(moved) -> None:
    picture = textured()
    found = Drift(picture).of(shifted(picture, moved[0] * CELL, moved[1] * CELL))
    inside = found[12:-12, 12:-12].reshape(-1, 2)
    assert np.abs(np.median(inside, 0) - moved).max() < 0.5  # cells


def test_nothing_moved_where_nothing_differs_or_only_the_tint() -> None:
    picture = textured()
    assert np.abs(Drift(picture).of(picture)).max() < 1e-3
    assert np.abs(Drift(picture).of(np.clip(picture.astype(int) + 9, 0, 255).astype(np.uint8))).max() < 0.2


def test_a_plain_picture_tells_of_no_motion_and_noise_is_bounded() -> None:
    plain = np.full((SIDE, SIDE, 3), 128, np.uint8)
    assert np.abs(Drift(plain).of(textured())).max() < 0.2
    assert np.abs(Drift(textured(1)).of(textured(2))).max() <= MOST


@pytest.mark.parametrize("sigma", [1.5, 3.0, SLOW])
def test_a_window_is_two_products(sigma) -> None:
    cells = details_of(textured())
    window = window_of(sigma)
    assert np.allclose(window.T @ cells @ window, blurred(cells, sigma), atol=1e-3)


def test_what_moved_along_is_not_seen_twice() -> None:
    picture = np.full((SIDE, SIDE, 3), 200, np.uint8)
    cv2.rectangle(picture, (100, SIDE - 90), (190, SIDE), (60, 60, 90), -1)  # a neck that leaves the box
    picture = cv2.GaussianBlur(picture, (0, 0), 1.5)
    head = shifted(picture, 7, 0)
    closed = (False, False, False, False)
    seam = Feather(Place(picture, picture, 0, 0, closed))
    near_the_edge = slice(SIDE - 14, SIDE)

    def apart(frame: np.ndarray) -> float:
        return float(np.abs(frame[near_the_edge].astype(int) - picture[near_the_edge]).mean())

    faded = cv2.blendLinear(head, picture, seam.share, 1 - seam.share)
    assert apart(seam.joined(head)) < 0.6 * apart(faded)


def test_a_small_motion_of_the_head_is_a_small_change_of_the_frame() -> None:
    picture = textured()
    seam = Feather(Place(picture, picture, 0, 0, (False, False, False, False)))
    frames = [seam.joined(shifted(picture, 3 + 0.2 * step, 1)) for step in range(6)]
    steps = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(frames)]
    assert max(steps) < 2 * min(steps) + 0.5  # levels: nothing jumps
