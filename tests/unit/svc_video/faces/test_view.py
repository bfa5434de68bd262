import cv2
import numpy as np
import pytest

from svc_video.faces.view import View


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(5).integers(0, 255, (100, 100, 3), dtype=np.uint8)


def test_a_view_inside_the_picture_is_its_pixels(noise):
    cut, known = View(10, 20, 1.0, (64, 64)).cut(noise)
    np.testing.assert_array_equal(cut, noise[20:84, 10:74])
    assert known == (0, 64, 0, 64)


def test_a_view_beyond_it_says_what_is_known(noise):
    cut, known = View(-50, -10, 2.0, (400, 220)).cut(noise)
    assert cut.shape == (220, 400, 3)
    assert known == (20, 220, 100, 300)


def test_it_is_softer_the_further_from_the_picture(noise):
    cut, _ = View(-150, 0, 1.0, (400, 100)).cut(noise)
    rough = [cv2.Laplacian(cut[:, at : at + 40], cv2.CV_64F).std() for at in (180, 100, 10)]
    assert rough[0] > 5 * rough[1]
    assert rough[1] >= rough[2]


def test_points_move_with_the_pixels():
    points = np.array([[30, 40, 5]], dtype=np.float32)
    assert View(10, 20, 2.0, (64, 64)).moved(points).tolist() == [[40, 40, 10]]
