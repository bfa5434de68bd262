from __future__ import annotations

import cv2
import numpy as np
import pytest

from svc_video.engines.sadtalker.placing import Place
from svc_video.engines.sadtalker.seams import BAND, Feather, fade, seam_of

CLOSED = (False, False, False, False)


def place(target: np.ndarray, open_sides=CLOSED) -> Place:
    return Place(target, target, 0, 0, open_sides)


def test_a_head_fades_in_from_nothing_to_all_of_it() -> None:
    share = fade(100, 200, CLOSED)
    band = round(BAND * 100)
    assert share[0].max() < 0.01
    assert share[:, -1].max() < 0.01
    assert np.all(share[band:-band, band:-band] == 1)
    assert np.all(np.diff(share[50, : band + 1]) > 0)


def test_it_does_not_fade_where_the_picture_ends() -> None:
    share = fade(100, 100, (True, False, False, True))
    assert share[99, 0] == 1
    assert share[0].max() < 0.01
    assert share[:, 99].max() < 0.01


@pytest.mark.parametrize("tint", [(12, -8, 5), (-20, -20, -20)])
def test_a_tint_of_the_network_leaves_no_rectangle(tint) -> None:
    target = np.full((120, 100, 3), 128, np.uint8)
    target[30:90, 30:70] = (200, 150, 120)
    head = (target.astype(int) + tint).astype(np.uint8)
    joined = Feather(place(target)).joined(head)
    assert np.abs(joined.astype(int) - target).max() <= 1


def test_a_tint_that_slopes_is_met_too() -> None:
    target = np.full((120, 100, 3), 128, np.uint8)
    slope = np.linspace(-15, 15, 120)[:, None, None]
    joined = Feather(place(target)).joined((target + slope).astype(np.uint8))
    assert np.abs(joined.astype(int) - target).max() <= 3


def test_what_moves_across_the_edge_hardly_tints_the_face() -> None:
    target = np.full((120, 120, 3), 128, np.uint8)
    head = target.copy()
    head[100:, 40:60] = 10  # an arm, where the picture has none
    joined = Feather(place(target)).joined(head)
    assert np.abs(joined[30:90, 30:90].astype(int) - 128).max() <= 2


def test_the_middle_is_the_head_itself() -> None:
    target = np.full((100, 100, 3), 128, np.uint8)
    head = target.copy()
    head[30:70, 30:70] = np.random.default_rng(0).integers(0, 256, (40, 40, 3))
    assert np.array_equal(Feather(place(target)).joined(head)[25:75, 25:75], head[25:75, 25:75])


def test_a_head_that_fills_the_picture_is_given_whole() -> None:
    head = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    target = cv2.GaussianBlur(head, (0, 0), 2)
    joined = Feather(place(target, (True, True, True, True))).joined(head)
    assert np.abs(joined.astype(int) - head).max() <= 3


def test_a_box_of_a_few_pixels_is_feathered() -> None:
    tiny = place(np.zeros((9, 10, 3), np.uint8))
    assert isinstance(seam_of("poisson", tiny), Feather)
    assert isinstance(seam_of("upstream", tiny), Feather)
