import dataclasses
import pickle

import cv2
import numpy as np
import pytest

from svc_video.faces import landmarks as lm
from svc_video.faces.portrait import PreparedFace, prepare
from svc_video.faces.view import COMPOSITIONS
from svc_video.framing import GREEN, Background, Framing
from troupe.wire.errors import InvalidArgument

LOOSEST, TIGHTEST = COMPOSITIONS["square"].loosest, COMPOSITIONS["square"].tightest
UPRIGHT, LYING = (288, 512), (512, 288)


def face_part(prepared):
    height = np.linalg.norm(prepared.points[lm.CHIN, :2] - prepared.points[lm.FOREHEAD, :2])
    return height / prepared.height


@pytest.mark.parametrize("size", [(512, 512), (256, 256), (360, 640), (640, 360)])
def test_the_face_is_framed_at_any_size(finder, avatars, size):
    prepared = prepare(finder, avatars["maya"], size)
    assert (prepared.width, prepared.height) == size
    assert LOOSEST * 0.9 < face_part(prepared) < TIGHTEST * 1.1
    again, presence = finder.landmarks(prepared.picture, prepared.points)
    assert presence > 0.9
    assert np.abs(again[:468, :2] - prepared.points[:468, :2]).max() < 0.012 * max(size)


def test_a_small_head_is_cut_closer_and_it_is_said(finder, avatars):
    wide = np.full((1000, 1600, 3), 190, dtype=np.uint8)
    wide[500:740, 1100:1340] = cv2.resize(avatars["leo"], (240, 240), interpolation=cv2.INTER_AREA)
    prepared = prepare(finder, wide, (1024, 1024))
    assert face_part(prepared) > LOOSEST * 0.9
    assert any("look soft" in note for note in prepared.notes)


def test_a_face_that_fills_a_tall_picture_gets_a_soft_surrounding_in_a_wide_one(finder, avatars):
    tall = np.ascontiguousarray(avatars["kenji"][250:790, 320:704])
    prepared = prepare(finder, tall, (640, 360))
    assert face_part(prepared) < TIGHTEST * 1.1
    outside, inside = prepared.picture[:, :60], prepared.picture[:, 290:350]
    assert cv2.Laplacian(outside, cv2.CV_64F).std() < 0.3 * cv2.Laplacian(inside, cv2.CV_64F).std()


def test_a_close_picture_is_not_padded(finder, avatars):
    close = np.ascontiguousarray(avatars["kenji"][190:830, 192:832])
    np.testing.assert_array_equal(prepare(finder, close, (640, 640)).picture, close)


@pytest.mark.parametrize("turns", [1, 3])
def test_a_picture_on_its_side_is_turned_upright(finder, avatars, turns):
    prepared = prepare(finder, np.ascontiguousarray(np.rot90(avatars["ada"], turns)), (256, 256))
    assert abs(lm.head_roll(prepared.points)) < 5
    assert any("turned upright" in note for note in prepared.notes)


@pytest.mark.parametrize("size", [(511, 512), (32, 32), (4096, 512)])
def test_impossible_sizes_are_refused(finder, avatars, size):
    with pytest.raises(InvalidArgument, match="both sides are even"):
        prepare(finder, avatars["ada"], size)


def test_what_is_saved_comes_back(finder, avatars, tmp_path):
    prepared = prepare(finder, avatars["ada"], (256, 256))
    prepared = dataclasses.replace(prepared, notes=("a note", "another, längere"))
    prepared.save(tmp_path / "ada.npz")
    for copy in (PreparedFace.load(tmp_path / "ada.npz"), pickle.loads(pickle.dumps(prepared))):
        np.testing.assert_array_equal(copy.picture, prepared.picture)
        np.testing.assert_array_equal(copy.points, prepared.points)
        np.testing.assert_array_equal(copy.person, prepared.person)
        assert copy.notes == prepared.notes
    assert [p.name for p in tmp_path.iterdir()] == ["ada.npz"]


def test_another_versions_file_is_refused(finder, avatars, tmp_path, monkeypatch):
    monkeypatch.setattr("svc_video.faces.portrait.VERSION", 0)
    prepare(finder, avatars["ada"], (64, 64)).save(tmp_path / "old.npz")
    monkeypatch.undo()
    with pytest.raises(ValueError, match="another version"):
        PreparedFace.load(tmp_path / "old.npz")


@pytest.mark.parametrize(("aspect", "size"), [("portrait", UPRIGHT), ("landscape", LYING)])
def test_a_head_stands_in_the_upper_half_and_is_whole(finder, avatars, aspect, size):
    for name, rgb in avatars.items():
        prepared = prepare(finder, rgb, size, Framing(aspect))
        how = COMPOSITIONS[aspect]
        assert how.loosest * 0.9 < face_part(prepared) < how.tightest * 1.1
        eyes = (lm.eye_centre(prepared.points, left=True) + lm.eye_centre(prepared.points, left=False)) / 2
        assert 0.25 < eyes[1] / prepared.height < 0.5
        assert abs(eyes[0] / prepared.width - 0.5) < 0.05
        assert prepared.person[0].max() < 128 or (name, aspect) == (
            "freya",
            "landscape",
        )  # but a high bun
        assert prepared.person[-1].max() == 255  # and the body goes on to the frame's end


def test_original_is_the_whole_picture_with_the_head_where_it_is(finder, avatars):
    wide = np.full((600, 1200, 3), 190, dtype=np.uint8)
    wide[100:500, 700:1100] = cv2.resize(avatars["leo"], (400, 400), interpolation=cv2.INTER_AREA)
    prepared = prepare(finder, wide, (600, 300), Framing("original"))
    np.testing.assert_allclose(prepared.picture, cv2.resize(wide, (600, 300), interpolation=cv2.INTER_AREA), atol=60)
    assert abs(prepared.points[lm.NOSE_TIP, 0] - 450) < 5
    assert any("only" in note and "pixels high" in note for note in prepared.notes)


def test_original_in_another_shape_is_still_whole(finder, avatars):
    prepared = prepare(finder, avatars["ada"], (640, 360), Framing("original"))
    assert abs(prepared.points[lm.NOSE_TIP, 0] - 320) < 5
    assert prepared.person[-1, 320] == 255
    assert prepared.person[0].max() == 0


@pytest.mark.parametrize("size", [(256, 256), UPRIGHT, LYING])
def test_a_colour_behind_is_exactly_that_colour(finder, avatars, size):
    for rgb in avatars.values():
        prepared = prepare(finder, rgb, size, Framing("square", Background("colour", GREEN)))
        behind = prepared.person == 0
        assert behind.mean() > 0.2
        assert (prepared.picture[behind] == GREEN).all()


def test_where_no_person_is_understood_the_background_stays_and_it_is_said(finder, avatars, monkeypatch):
    monkeypatch.setattr(finder, "person", lambda rgb, _at: np.zeros(rgb.shape[:2], np.uint8))
    prepared = prepare(finder, avatars["ada"], (256, 256), Framing("square", Background("colour", GREEN)))
    assert not (prepared.picture[0] == GREEN).all()
    assert prepared.notes == ("the person could not be told from the background, which is kept as it is",)
    x, y = prepared.points[lm.NOSE_TIP, :2].astype(int)
    assert prepared.person[y, x] == 255  # the face is there in any case
