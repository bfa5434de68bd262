import cv2
import numpy as np
import pytest

from svc_video.faces.backdrop import composed
from svc_video.framing import Background

SIDE = 128
RED, BLUE = np.array([200, 30, 20]), np.array([20, 40, 210])


@pytest.fixture(scope="module")
def disc():
    """A red disc before a blue wall, its edge a mixture of both over some pixels; and its mask."""
    hard = np.zeros((SIDE, SIDE), np.uint8)
    cv2.circle(hard, (64, 64), 40, 255, -1)
    mask = cv2.GaussianBlur(hard, (0, 0), 2)
    share = mask[..., None] / 255
    return np.round(RED * share + BLUE * (1 - share)).astype(np.uint8), mask


def test_to_keep_changes_nothing(disc):
    picture, mask = disc
    assert composed(picture, mask, Background()) is picture


def test_no_halo_of_the_old_background_is_left(disc):
    picture, mask = disc
    made = composed(picture, mask, Background("colour", (255, 255, 255))).astype(int)
    share = mask[..., None] / 255
    assert np.abs(made - (RED * share + 255 * (1 - share))).max() < 12
    # Mixed without care, blue would be seen: this is what the test can tell apart.
    careless = picture * share + 255 * (1 - share)
    assert np.abs(careless - (RED * share + 255 * (1 - share))).max() > 40


def test_a_flat_colour_is_flat(disc):
    picture, mask = disc
    made = composed(picture, mask, Background("colour", (0, 177, 64)))
    assert (made[mask == 0] == (0, 177, 64)).all()


def test_blurred_the_wall_shows_no_ghost_of_the_person(disc):
    picture, mask = disc
    made = composed(picture, mask, Background("blur"))
    assert np.abs(made[mask == 0].astype(int) - BLUE).max() < 6
    assert np.abs(made[mask == 255].astype(int) - RED).max() < 12


def test_a_picture_covers_the_frame_from_its_middle(disc):
    picture, mask = disc
    wide = np.zeros((50, 200, 3), np.uint8)
    wide[:, 75:125] = (10, 220, 30)  # the middle square
    made = composed(picture, mask, Background("image", key="k", picture=lambda: wide))
    assert np.abs(made[mask == 0].astype(int)[:, 1] - 220).mean() < 8


def test_a_person_that_fills_the_frame_needs_no_background(disc):
    picture, _ = disc
    whole = np.full((SIDE, SIDE), 255, np.uint8)
    for background in (Background("blur"), Background("colour", (1, 2, 3))):
        assert np.abs(composed(picture, whole, background).astype(int) - picture).max() <= 1
