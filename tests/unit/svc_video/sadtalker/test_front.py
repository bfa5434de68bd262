from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from tests.bench.sadtalker.front_questions import noise
from tests.fakes.face_points import MEAN_POINTS, MiddleOfPicture, TellsPoints, face_points

from svc_video.engines.sadtalker.alignment import align
from svc_video.engines.sadtalker.crop import cut
from svc_video.engines.sadtalker.front import Front
from svc_video.engines.sadtalker.source import MODES
from svc_video.faces.picture import decode
from troupe.wire.errors import NoFace

FACE = face_points(200, 150, 120)
IN_SQUARE = face_points(128, 128, 110)


def read(crops):
    """The mean of each crop, and how many there were at once."""
    assert crops.shape[1:] == (224, 224, 3)
    out = np.zeros((len(crops), 70), np.float32)
    out[:, 0] = crops.mean(axis=(1, 2, 3))
    return out


def front(known, **options):
    return Front(TellsPoints(known), read, MEAN_POINTS, **options)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [256, 512])
def test_a_picture_is_cut_squeezed_and_measured(mode, size):
    picture = noise(400, 300, 1)
    square_points = IN_SQUARE * (size / 256)
    source = front({(400, 300): [FACE], (size, size): [square_points]}).source(picture, mode, size)
    assert (source.mode, source.size, source.notes) == (mode, size, ())
    if mode == "resize":
        assert (source.crop, source.cut) == (None, (400, 300))
    else:
        np.testing.assert_array_equal(source.image, cut(picture, FACE, mode).squeezed(size))
    aligned = align(source.image, square_points, MEAN_POINTS)
    np.testing.assert_array_equal(source.coefficients[70:], aligned.place)
    assert source.coefficients[0] == pytest.approx(aligned.image.mean())
    assert source.coefficients.shape == (73,)


def test_the_square_is_asked_for_as_such():
    told = TellsPoints({(400, 300): [FACE], (256, 256): [IN_SQUARE]})
    Front(told, read, MEAN_POINTS).source(noise(400, 300, 1))
    assert told.asked == [(1, False), (1, True)]


def test_without_a_face_in_the_cut_the_points_of_the_picture_serve():
    picture = noise(400, 300, 1)
    source = front({(400, 300): [FACE]}).source(picture)
    moved = cut(picture, FACE, "crop").moved(FACE, 256)
    np.testing.assert_array_equal(source.coefficients[70:], align(source.image, moved, MEAN_POINTS).place)


@pytest.mark.parametrize("mode", MODES)
def test_no_face_is_a_sentence(mode):
    with pytest.raises(NoFace, match=r"No face was found in the picture.*engine portrait"):
        front({}).source(noise(400, 300, 1), mode)


def test_of_several_faces_the_largest_is_taken_and_told():
    small, large = face_points(60, 60, 40), face_points(250, 150, 120)
    source = front({(400, 300): [small, large], (256, 256): [IN_SQUARE]}).source(noise(400, 300, 1))
    assert source.crop == cut(noise(400, 300, 1), large, "crop").crop
    assert source.notes == ("2 faces found, the largest is used",)


def test_in_the_square_the_face_that_was_cut_out_is_measured_and_not_a_larger_one_beside_it():
    picture = noise(400, 300, 1)
    moved = cut(picture, FACE, "extcrop").moved(FACE, 256)
    beside = face_points(240, 30, 200)
    source = front({(400, 300): [FACE], (256, 256): [beside, moved]}).source(picture, "extcrop")
    np.testing.assert_array_equal(source.coefficients[70:], align(source.image, moved, MEAN_POINTS).place)


def test_a_small_face_and_one_at_the_edge_are_noted():
    tiny, edge = face_points(200, 150, 24), face_points(385, 150, 120)
    source = front({(400, 300): [tiny], (256, 256): [IN_SQUARE]}).source(noise(400, 300, 1))
    assert source.notes == ("the face is small in the picture and will look soft; a larger picture looks better",)
    source = front({(400, 300): [edge], (256, 256): [IN_SQUARE]}).source(noise(400, 300, 1))
    assert source.notes == ("the face is cut off at the edge of the picture",)
    far = face_points(128, 128, 40)
    for size in (256, 512):
        source = front({(size, size): [far * size / 256]}).source(noise(400, 300, 1), "resize", size)
        assert source.notes == ("the face is small in the networks' square; the modes crop and full show it better",)


def film(count, width=400, height=300):
    return (noise(width, height, 50 + i) for i in range(count))


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 21])
def test_a_film_gives_coefficients_for_each_frame(count):
    made = front({(400, 300): [FACE], (256, 256): [IN_SQUARE]})
    found = made.coefficients_of_film(film(count))
    assert found.shape == (count, 73)
    first = made.source(next(iter(film(1))))
    np.testing.assert_array_equal(found[0], first.coefficients)
    crop = cut(next(iter(film(1))), FACE, "crop").crop
    last = list(film(count))[-1]
    left, top, right, bottom = map(int, crop.inner)
    part = last[crop.outer[1] :, crop.outer[0] :][top:bottom, left:right]
    assert found[-1, 0] == pytest.approx(align(resized(part), IN_SQUARE, MEAN_POINTS).image.mean())


def resized(part):
    import cv2

    return cv2.resize(part, (256, 256))


class Flickering(TellsPoints):
    """A face in some squares only, by their number."""

    def __init__(self, seen, whole):
        super().__init__({})
        self.seen, self.whole, self.number = seen, whole, 0

    def boxes(self, pictures, *, square):
        out = []
        for picture in pictures:
            side = picture.shape[0]
            here = face_points(side / 2 + (self.number if square else 0), side / 2, side / 2.5)
            self.known = {(picture.shape[1], side): [here]}
            wanted = self.seen if square else self.whole
            out.append(super().boxes([picture], square=square)[0] if self.number in wanted else [])
            self.number += square
        return out

    def points(self, pictures, boxes):
        return np.stack([face_points((b.left + b.right) / 2, 128, 256 / 2.5) for b in boxes]) if boxes else []


def test_a_frame_without_a_face_has_the_points_of_the_one_before():
    places = Front(Flickering({0, 3}, {0}), read, MEAN_POINTS).coefficients_of_film(film(5, 300, 300))[:, 71]
    assert places[0] == places[1] == places[2]
    assert places[3] == pytest.approx(places[0] + 3, abs=0.01)
    assert places[4] == places[3]


def test_frames_before_the_first_face_are_as_the_first_one_with_it():
    places = Front(Flickering({2, 3}, {0}), read, MEAN_POINTS).coefficients_of_film(film(4, 300, 300))
    assert places.shape == (4, 73)
    np.testing.assert_array_equal(places[0], places[2])
    np.testing.assert_array_equal(places[1], places[2])
    assert places[3, 71] != places[2, 71]


def test_a_late_face_is_looked_for_now_and_then_and_not_for_ever():
    class Late(TellsPoints):
        looks = 0

        def boxes(self, pictures, *, square):
            self.looks += not square
            seen = square or self.looks > 2
            return super().boxes(pictures, square=square) if seen else [[]]

    late = Late({(400, 300): [FACE], (256, 256): [IN_SQUARE]})
    found = Front(late, read, MEAN_POINTS).coefficients_of_film(film(30))
    assert (late.looks, found.shape) == (3, (30, 73))
    np.testing.assert_array_equal(found[:24], np.tile(found[24], (24, 1)))
    never = TellsPoints({})
    with pytest.raises(NoFace):
        Front(never, read, MEAN_POINTS).coefficients_of_film(noise(40, 30, 1) for _ in range(100_000))
    assert len(never.asked) == 20


def test_the_front_needs_no_torch_until_a_backend_is_made():
    modules = ["alignment", "anchors", "crop", "front", "heatmaps", "kept", "landmarks", "landmarks_mesh", "source"]
    names = ", ".join(f"svc_video.engines.sadtalker.{name}" for name in modules)
    code = f"import sys, {names}; assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("mode", ["crop", "resize"])
def test_a_film_without_a_face_is_a_sentence(mode):
    with pytest.raises(NoFace, match="No face was found in the film"):
        front({}).coefficients_of_film(film(3), mode)
    with pytest.raises(NoFace):
        front({}).coefficients_of_film(iter(()))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_what_people_upload_arrives_upright_and_opaque(kind):
    red_above = np.zeros((90, 120, 4 if kind != "JPEG" else 3), np.uint8)
    red_above[:45, :, 0], red_above[45:, :, 2] = 250, 250
    red_above[..., 3:] = 255
    red_above[:, :10, 3:] = 0  # clear at the left edge
    image, written = Image.fromarray(red_above).rotate(90, expand=True), io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn me by 90 degrees"
    image.save(written, kind, exif=exif)
    source = Front(MiddleOfPicture(), read, MEAN_POINTS).source(decode(written.getvalue()), "resize")
    assert source.cut == (120, 90)
    assert source.image[20, 128, 0] > 200
    assert source.image[20, 128, 2] < 60
    assert source.image[230, 128, 2] > 200
    if kind == "PNG":
        assert (source.image[128, 3] > 200).all()  # the backdrop, not black


def test_a_huge_picture_is_bounded_before_it_is_looked_at():
    written = io.BytesIO()
    Image.fromarray(noise(3600, 2400, 1)).save(written, "JPEG")
    source = Front(MiddleOfPicture(), read, MEAN_POINTS).source(decode(written.getvalue()), "full")
    assert max(source.crop.picture) <= 1600
