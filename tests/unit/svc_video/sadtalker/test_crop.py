from __future__ import annotations

import numpy as np
import pytest
from tests.bench.sadtalker.front_questions import ARITHMETIC, digest, faces, noise
from tests.fakes.face_points import face_points

from svc_video.engines.sadtalker.crop import crop_of, cut, uncut, within
from troupe.wire.errors import NoFace

GOLDEN = dict(np.load(ARITHMETIC))  # upstream's answers: tests/bench/sadtalker/record_front.py
CASES = list(enumerate(faces()))


@pytest.mark.parametrize(("number", "case"), CASES)
def test_the_numbers_are_upstreams(number, case):
    width, height, points = case
    crop = crop_of(points, width, height, upstream=True)
    assert list(crop.outer) == GOLDEN[f"crop{number}.outer"].tolist()
    assert list(crop.inner) == GOLDEN[f"crop{number}.inner"].tolist()


@pytest.mark.parametrize(("number", "case"), CASES)
def test_the_pixels_are_upstreams(number, case):
    width, height, points = case
    image = np.arange(width, dtype=np.uint8)[None, :, None] ^ np.arange(height, dtype=np.uint8)[:, None, None]
    picture = np.repeat(image, 3, axis=2)
    crop = crop_of(points, width, height, upstream=True)
    for wide, mode in enumerate(("crop", "extcrop")):
        part = within(picture, crop, mode)
        assert part.shape[:2] == tuple(GOLDEN[f"crop{number}.shape{wide}"])
        assert digest(part) == GOLDEN[f"crop{number}.digest{wide}"]


def test_a_tall_picture_is_cut_where_the_face_ends_and_not_at_the_pictures_width():
    width, height, points = CASES[2][1]
    picture = noise(width, height, 0)
    as_upstream, mended = (cut(picture, points, "crop", upstream=upstream) for upstream in (True, False))
    assert as_upstream.crop.inner[3] == width  # a height, held below a width
    assert mended.crop.inner[3] > width
    assert mended.image.shape[0] > as_upstream.image.shape[0]


@pytest.mark.parametrize("number", [3, 4])
def test_what_is_told_at_an_edge_is_what_was_cut(number):
    width, height, points = CASES[number][1]
    for mode in ("crop", "extcrop"):
        part = cut(noise(width, height, 0), points, mode)
        assert part.shape == part.image.shape[1::-1]


def test_a_face_well_inside_is_cut_as_upstream_does():
    width, height, points = CASES[0][1]
    assert crop_of(points, width, height) == crop_of(points, width, height, upstream=True)


def test_the_shape_told_of_the_wider_cut_is_its_own_or_upstreams():
    width, height, points = CASES[1][1]
    picture = noise(width, height, 0)
    assert cut(picture, points, "extcrop").shape == (480, 495)
    assert cut(picture, points, "extcrop", upstream=True).shape == (422, 422)


@pytest.mark.parametrize("mode", ["crop", "extfull"])
@pytest.mark.parametrize("number", [0, 7])
def test_points_move_with_the_pixels(mode, number):
    width, height, points = CASES[number][1]
    picture = np.zeros((height, width, 3), np.uint8)
    x, y = points[30]
    mark = width // 40
    picture[int(y) - mark : int(y) + mark, int(x) - mark : int(x) + mark] = 255
    part = cut(picture, points, mode)
    lit = np.argwhere(part.squeezed(256)[..., 0] > 127).mean(axis=0)[::-1]
    np.testing.assert_allclose(part.moved(points, 256)[30], lit, atol=1.5)


def test_the_whole_picture_is_squeezed():
    part = uncut(noise(300, 200, 1))
    assert (part.shape, part.crop, part.squeezed(256).shape) == ((300, 200), None, (256, 256, 3))
    np.testing.assert_allclose(part.moved(np.array([[150.0, 100.0]], np.float32), 256), [[128, 128]])


@pytest.mark.parametrize(
    "points",
    [
        np.zeros((68, 2), np.float32),  # a point
        np.full((68, 2), np.nan, np.float32),
        face_points(5000, 5000, 100),  # outside
        face_points(100, 100, 3),  # a speck
    ],
)
def test_what_is_no_face_is_told_as_such(points):
    with pytest.raises(NoFace, match="engine portrait"):
        cut(noise(200, 200, 2), points, "crop")
