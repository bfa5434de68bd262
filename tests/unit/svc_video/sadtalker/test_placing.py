from __future__ import annotations

import cv2
import numpy as np
import pytest

from svc_video.engines.sadtalker.placing import cut_box, head_box, natural_size, place_of, visible
from svc_video.framing import MAX_PIXELS, MAX_SIDE


def test_the_boxes_are_upstreams(picture, source_of) -> None:
    crop = source_of(picture).crop
    assert cut_box(crop, extended=False) == (90, 70, 210, 201)  # floats cut off, not rounded
    assert cut_box(crop, extended=True) == (70, 50, 230, 221)


def test_a_picture_shrunk_for_the_face_gets_its_head_where_it_was(picture, source_of) -> None:
    shrunk = source_of(picture, (45, 35, 105, 100), seen=(180, 200))
    assert head_box(shrunk, (360, 400)) == (90, 70, 210, 200)


def test_a_box_beyond_the_picture_is_held_in_it(picture, source_of) -> None:
    assert head_box(source_of(picture, (90, 300, 210, 420)), (360, 400))[3] == 400


@pytest.mark.parametrize(
    ("mode", "expected"), [("crop", (64, 68)), ("extcrop", (64, 68)), ("resize", (64, 70)), ("full", (360, 400))]
)
def test_the_natural_size_is_even(picture, source_of, mode, expected) -> None:
    assert natural_size(source_of(picture, mode=mode), (360, 400)) == expected


def test_a_large_picture_is_made_as_small_as_a_film_may_be(picture, source_of) -> None:
    width, height = natural_size(source_of(picture), (6000, 4000))
    assert width <= MAX_SIDE
    assert width * height <= MAX_PIXELS
    assert width / height == pytest.approx(1.5, abs=0.01)


def test_the_natural_frame_is_the_picture_itself(source_of) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (301, 257, 3), dtype=np.uint8)
    place = place_of(source_of(picture, (60, 50, 180, 171)), picture, (256, 300))
    assert np.array_equal(place.background, picture[:300, :256])
    assert np.array_equal(place.target, picture[50:171, 60:180])
    assert (place.left, place.top) == (60, 50)


@pytest.mark.parametrize("frame", [(180, 200), (128, 128), (64, 200), (512, 912), (912, 512), (96, 64)])
def test_the_box_stands_on_whole_pixels_exactly_where_the_picture_has_it(source_of, frame) -> None:
    # A picture whose colour is its place: the target's pixels tell where in the picture they are.
    rows, columns = np.mgrid[0:400, 0:360] + 0.5
    picture = np.stack([columns / 360 * 255, rows / 400 * 255, 0 * rows], 2).round().astype(np.uint8)
    box = 90, 70, 210, 201
    place = place_of(source_of(picture, box), picture, frame)
    assert place.background.shape == (frame[1], frame[0], 3)
    for axis, (start, stop, picture_side) in enumerate(((90, 210, 360), (70, 201, 400))):
        points = place.target.shape[1 - axis]
        expected = start + (np.arange(points) + 0.5) * (stop - start) / points
        seen = place.target[:, :, axis].astype(float).mean(axis) / 255 * picture_side
        assert np.abs(seen - expected).max() < 1.6  # pixels of the picture; a level is 1.5 of them
        assert abs((seen - expected).mean()) < 0.2
    if place.left >= 0 and place.top >= 0:
        height, width = place.target.shape[:2]
        window = place.background[place.top : place.top + height, place.left : place.left + width]
        assert np.array_equal(window, place.target[: window.shape[0], : window.shape[1]])


def test_the_head_stays_in_an_upright_frame(source_of, picture) -> None:
    lying = cv2.resize(picture, (800, 400))
    place = place_of(source_of(lying, (10, 100, 170, 260)), lying, (200, 400))
    assert place.left >= 0
    assert place.left + place.target.shape[1] <= 200


def test_a_head_larger_than_the_frame_is_in_its_middle(source_of, picture) -> None:
    lying = cv2.resize(picture, (800, 400))
    place = place_of(source_of(lying, (200, 20, 560, 380)), lying, (200, 400))
    beyond = place.left + place.target.shape[1] - 200
    assert place.left < 0 < beyond
    assert abs(-place.left - beyond) <= 1


def test_it_is_told_where_the_picture_ends(source_of, picture) -> None:
    place = place_of(source_of(picture, (0, 70, 120, 400)), picture, (180, 200))
    assert place.open_sides == (True, False, False, True)
    assert place.left == 0


@pytest.mark.parametrize(
    ("frame", "expected"),
    [((64, 64), (0, 3, 64, 61)), ((64, 128), (14, 0, 49, 64)), ((128, 64), (0, 17, 64, 46))],
)
def test_a_square_covers_a_frame_with_its_middle(picture, source_of, frame, expected) -> None:
    box = visible(source_of(picture, mode="crop"), frame)
    assert np.abs(np.subtract(box, expected)).max() <= 1
