import time

import cv2
import numpy as np
import pytest

GOAL_S = 0.15  # on an idle core


def test_an_avatar_is_inside_its_mask_and_the_backdrop_outside(finder, avatars):
    for rgb in avatars.values():
        mask = finder.person(rgb)
        assert mask.shape == rgb.shape[:2]
        assert mask.dtype == np.uint8
        assert mask[430:680, 430:600].min() == 255  # the face
        assert mask[980:, 300:720].min() == 255  # shoulders
        assert mask[:60].max() == 0  # above freya's bun
        assert mask[:700, :150].max() == 0


def test_the_edge_stands_where_the_colours_end(finder, avatars):
    """Ada's hair is dark before a light backdrop: the mask ends within two pixels of it."""
    rgb = avatars["ada"]
    dark = rgb[400].mean(axis=1) < 110
    drawn = np.flatnonzero(dark)
    masked = np.flatnonzero(finder.person(rgb)[400] >= 128)
    assert abs(int(masked[0]) - int(drawn[0])) <= 2
    assert abs(int(masked[-1]) - int(drawn[-1])) <= 2


@pytest.mark.parametrize("size", [(512, 912), (912, 512), (65, 99)])
def test_a_picture_of_any_shape_gets_a_mask_of_its_own(finder, avatars, size):
    rgb = cv2.resize(avatars["leo"], size, interpolation=cv2.INTER_AREA)
    mask = finder.person(rgb)
    assert mask.shape == (size[1], size[0])
    assert mask[size[1] // 2, size[0] // 2] == 255
    assert mask[2, 2] == 0


def test_of_two_people_the_one_asked_for_is_kept(finder, avatars):
    pair = np.hstack([avatars["leo"], avatars["maya"]])
    right = finder.person(pair, (1536.0, 560.0))
    assert right[560, 1536] == 255
    assert right[560, 512] == 0
    left = finder.person(pair, (512.0, 560.0))
    assert left[560, 512] == 255
    assert left[560, 1536] == 0


def test_nobody_is_an_empty_mask(finder):
    assert finder.person(np.full((300, 400, 3), 128, np.uint8)).mean() < 10


def test_it_is_quick(finder, avatars):
    finder.person(avatars["ada"])
    start = time.perf_counter()
    finder.person(avatars["ada"])
    assert time.perf_counter() - start < 5 * GOAL_S
