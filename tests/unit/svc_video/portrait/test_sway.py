import cv2
import numpy as np
import pytest

from svc_video.engines.portrait.params import FaceParams
from svc_video.engines.portrait.sway import Sway, moves
from svc_video.faces import landmarks as lm


@pytest.fixture(scope="module")
def head(prepared):
    return prepared["ada"]


@pytest.fixture(scope="module")
def person(head):
    """A head with wide hair, a neck, shoulders; and somebody else far from them."""
    mask = np.zeros((head.height, head.width), np.uint8)
    chin, width = head.points[lm.CHIN, :2], lm.face_width(head.points)
    middle = head.points[lm.OVAL, :2].mean(axis=0)
    cv2.ellipse(mask, tuple(int(v) for v in middle), (int(width * 0.9), int(width)), 0, 0, 360, 255, -1)
    x, y = (int(v) for v in chin)
    cv2.rectangle(mask, (x - 40, y - 20), (x + 40, head.height), 255, -1)
    mask[: head.height // 8, : head.width // 10] = 255
    return mask


def stripes(head):
    """A picture whose every column says where it came from."""
    x = np.arange(head.width)
    return np.repeat(np.stack([x // 2, x // 2, x // 2], axis=-1)[None], head.height, axis=0).astype(np.uint8)


def moved(head, person, **params):
    """Columns by which each pixel has moved to the right, (H, W)."""
    before = stripes(head)
    after = Sway((head.height, head.width), head.points, person).apply(before.copy(), FaceParams(**params))
    return (before.astype(int) - after)[..., 0] * 2


def test_all_of_the_head_moves_as_one_and_the_shoulders_stand_still(head, person):
    shift = moved(head, person, dx=0.08)
    pixels = 0.08 * lm.face_width(head.points)
    face, chin = head.points[lm.OVAL, :2].mean(axis=0).astype(int), head.points[lm.CHIN, :2].astype(int)
    beside = int(lm.face_width(head.points) * 0.7)  # in the hair
    for x in (face[0] - beside, face[0], face[0] + beside):
        assert shift[face[1] - 5 : face[1] + 5, x].mean() == pytest.approx(pixels, abs=2.0)
    collar = chin[1] + int(0.6 * np.linalg.norm(head.points[lm.CHIN, :2] - head.points[lm.FOREHEAD, :2]))
    assert np.abs(shift[collar:]).max() <= 2


def test_the_background_rests_and_so_do_other_people(head, person):
    shift = moved(head, person, dx=0.08)
    assert np.abs(shift[: head.height // 8, : head.width // 10]).max() == 0
    assert np.abs(shift[:, [0, -1]]).max() == 0


def test_the_neck_bends_little_by_little(head, person):
    shift = moved(head, person, dx=0.08)
    x, y = head.points[lm.CHIN, :2].astype(int)
    column = cv2.blur(shift[y : y + 140, x - 6 : x + 7].mean(axis=1)[:, None], (1, 9))[:, 0]
    assert (np.diff(column) <= 0.6).all()
    assert np.abs(np.diff(column)).max() < 1.0


def test_at_rest_nothing_moves(head, person):
    assert not moves(FaceParams(jaw=1))
    picture = head.picture.copy()
    Sway((head.height, head.width), head.points, person).apply(picture, FaceParams())
    np.testing.assert_array_equal(picture, head.picture)


def test_a_picture_without_a_mask_moves_too(head):
    shift = moved(head, None, dx=-0.08)
    x, y = head.points[lm.NOSE_TIP, :2].astype(int)
    assert shift[y, x] < -4


def test_a_turn_shows_depth(head, person):
    shift = moved(head, person, yaw=6.0)
    x, y = head.points[lm.NOSE_TIP, :2].astype(int)
    ear = head.points[lm.CHEEK_LEFT, :2].astype(int)
    assert shift[y - 3 : y + 3, x].mean() > shift[ear[1] - 3 : ear[1] + 3, ear[0]].mean() + 2
