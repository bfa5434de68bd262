import cv2
import numpy as np
import pytest

from svc_video.faces import landmarks as lm
from svc_video.faces.detector import SIDE
from troupe.wire.errors import NoFace

# where tools/avatar_parts/eyes.py and mouth.py draw them, in the avatars' 1024 pixels
DRAWN_EYES = ((433, 476), (591, 476))
DRAWN_LIP_LINE = (512, 648)
CLOSE = 14  # pixels of 1024


def test_the_points_lie_on_the_drawn_eyes_and_lips(finder, avatars):
    for rgb in avatars.values():
        face, notes = finder.largest(rgb)
        assert face.score > 0.85
        assert face.presence > 0.9
        assert notes == []
        for iris, drawn in zip((lm.IRIS_LEFT, lm.IRIS_RIGHT), DRAWN_EYES, strict=True):
            assert np.linalg.norm(face.points[iris, :2] - drawn) < CLOSE
        middle = (face.points[13, :2] + face.points[14, :2]) / 2
        assert np.linalg.norm(middle - DRAWN_LIP_LINE) < CLOSE
        assert lm.mouth_opening(face.points) < 0.06


@pytest.mark.parametrize("angle", [-25, 20])
def test_a_turned_head_is_seen_turned(finder, avatars, angle):
    rgb = avatars["ada"]
    turn = cv2.getRotationMatrix2D((512, 512), -angle, 1)
    turned = cv2.warpAffine(rgb, turn, (1024, 1024), borderMode=cv2.BORDER_REPLICATE)
    face, _ = finder.largest(turned)
    assert abs(lm.head_roll(face.points) - angle) < 3


def test_of_two_faces_the_larger_is_used_and_it_is_said(finder, avatars):
    group = np.full((700, 1400, 3), 200, dtype=np.uint8)
    group[:700, :700] = cv2.resize(avatars["leo"], (700, 700))
    group[150:550, 850:1250] = cv2.resize(avatars["maya"], (400, 400))
    assert len(finder.find_faces(group)) == 2
    face, notes = finder.largest(group)
    assert face.points[1, 0] < 700
    assert notes == ["2 faces found, the largest is used"]


def test_a_small_face_in_a_large_picture_is_found(finder, avatars):
    wide = np.full((1200, 1600, 3), 190, dtype=np.uint8)
    wide[700:900, 1200:1400] = cv2.resize(avatars["ada"], (200, 200), interpolation=cv2.INTER_AREA)
    face, _ = finder.largest(wide)
    assert np.linalg.norm(face.points[1, :2] - (1300, 813)) < 20


def test_a_face_that_fills_the_picture_is_found(finder, avatars):
    close = avatars["kenji"][300:760, 320:704]
    face, _ = finder.largest(np.ascontiguousarray(close))
    assert np.linalg.norm(face.points[lm.IRIS_LEFT, :2] - (433 - 320, 476 - 300)) < CLOSE


def test_a_face_at_the_edge_is_used_with_a_note(finder, avatars):
    cut = np.ascontiguousarray(avatars["ada"][:, 375:])  # the cheek is gone
    face, notes = finder.largest(cut)
    assert "cut off at the edge" in notes[0]
    assert np.linalg.norm(face.points[lm.IRIS_RIGHT, :2] - (591 - 375, 476)) < 3 * CLOSE


@pytest.mark.parametrize(
    ("edge", "part"), [("left", np.s_[:, 430:]), ("right", np.s_[:, :600]), ("bottom", np.s_[:650])]
)
def test_a_face_cut_through_eye_or_mouth_is_refused_naming_the_edge(finder, avatars, edge, part):
    with pytest.raises(NoFace, match=f"cut off at the {edge} edge"):
        finder.largest(np.ascontiguousarray(avatars["leo"][part]))


@pytest.mark.parametrize("kind", ["flat", "noise", "gradient"])
def test_no_face_is_an_error_that_says_what_to_send(finder, kind):
    rng = np.random.default_rng(0)
    pictures = {
        "flat": np.full((400, 600, 3), 128, dtype=np.uint8),
        "noise": rng.integers(0, 255, (400, 400, 3), dtype=np.uint8),
        "gradient": np.linspace(0, 255, 400 * 400 * 3).reshape(400, 400, 3).astype(np.uint8),
    }
    with pytest.raises(NoFace, match="one clear face"):
        finder.largest(pictures[kind])


def test_a_face_of_few_pixels_is_refused(finder, avatars):
    tiny = np.full((SIDE, SIDE, 3), 200, dtype=np.uint8)
    tiny[20:100, 20:100] = cv2.resize(avatars["ada"], (80, 80), interpolation=cv2.INTER_AREA)
    with pytest.raises(NoFace, match="at least 40"):
        finder.largest(tiny)
