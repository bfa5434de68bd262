import cv2
import numpy as np
import pytest

from svc_video.faces import landmarks as lm
from svc_video.faces.detector import SIDE
from svc_video.faces.finder import Face, FaceFinder
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


def pencil(rgb):
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    tone = cv2.divide(grey, 255 - cv2.GaussianBlur(255 - grey, (0, 0), 17), scale=256)
    return np.repeat(tone[..., None], 3, axis=2)


def print_dots(rgb):
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) / 255
    y, x = np.mgrid[: rgb.shape[0], : rgb.shape[1]]
    raster = 0.5 + 0.25 * (np.sin((x + y) * 0.9) + np.sin((x - y) * 0.9))
    return np.repeat((grey > raster * 0.9).astype(np.uint8)[..., None] * 255, 3, axis=2)


def night(rgb):
    return (rgb * 0.1).astype(np.uint8)


def few_colours(rgb):
    return (rgb // 64 * 64 + 32).astype(np.uint8)


@pytest.mark.parametrize("style", [pencil, print_dots, night, few_colours])
@pytest.mark.parametrize("name", ["leo", "maya"])
def test_drawings_prints_and_dark_pictures_are_seen(finder, avatars, style, name):
    plain, _ = finder.largest(avatars[name])
    face, notes = finder.largest(style(avatars[name]))
    off = np.linalg.norm(face.points[:, :2] - plain.points[:, :2], axis=1).mean()
    assert off < 0.06 * lm.eye_distance(plain.points)
    assert notes == []


def test_a_face_of_seventy_pixels_in_the_largest_picture_is_placed_at_full_resolution(finder, avatars):
    """Its landmarks are those of the large picture, to a pixel or two."""
    wide = np.random.default_rng(2).normal(150, 12, (1100, 1600, 3)).astype(np.uint8)
    wide[600:790, 1100:1290] = cv2.resize(avatars["maya"], (190, 190), interpolation=cv2.INTER_AREA)
    face, _ = finder.largest(wide)
    assert 55 < face.box[2] < 85
    whole = finder.largest(avatars["maya"])[0].points[:, :2] * (190 / 1024) + (1100, 600)
    assert np.linalg.norm(face.points[:, :2] - whole, axis=1).mean() < 1.5


@pytest.mark.parametrize("kind", ["bricks", "text", "ball", "stripes"])
def test_things_are_not_faces(finder, kind):
    thing = np.full((400, 520, 3), 210, dtype=np.uint8)
    if kind == "ball":
        cv2.circle(thing, (260, 200), 130, (230, 140, 40), -1)
        thing = cv2.GaussianBlur(thing, (0, 0), 6)
    for k in range(16):
        if kind == "bricks":
            cv2.rectangle(thing, (k % 4 * 130, k // 4 * 100), (k % 4 * 130 + 120, k // 4 * 100 + 90), (150, 70, 50), -1)
        if kind == "stripes":
            cv2.line(thing, (0, k * 26), (520, k * 20), (40, 60, 120), 9)
        if kind == "text":
            cv2.putText(thing, "to whom it may concern", (10, k * 25), cv2.FONT_HERSHEY_SIMPLEX, 1, (20, 20, 20), 2)
    with pytest.raises(NoFace, match="one clear face"):
        finder.largest(thing)


def with_yaw(points, yaw):
    """Where the mesh's points are seen, and how deep, after a turn by `yaw` degrees."""
    centre = points[:468].mean(axis=0)
    angle = np.radians(yaw)
    away = points[:468] - centre
    seen = np.stack([np.cos(angle) * away[:, 0] - np.sin(angle) * away[:, 2], away[:, 1]], axis=1) + centre[:2]
    depth = np.sin(angle) * away[:, 0] + np.cos(angle) * away[:, 2]
    return seen.astype(np.float32), depth


def painted(rgb, source, target, depth, triangles):
    """The picture's triangles moved to their targets, the deepest first."""
    canvas = np.full_like(rgb, 205)
    for corners in sorted(triangles.astype(int), key=lambda t: -depth[t].mean()):
        matrix = cv2.getAffineTransform(source[corners, :2].astype(np.float32), target[corners])
        left, top = np.floor(target[corners].min(axis=0)).astype(int) - 1
        right, bottom = np.ceil(target[corners].max(axis=0)).astype(int) + 2
        patch = cv2.warpAffine(rgb, matrix - [[0, 0, left], [0, 0, top]], (right - left, bottom - top))
        mask = np.zeros(patch.shape[:2], dtype=np.uint8)
        cv2.fillConvexPoly(mask, np.round(target[corners] - (left, top)).astype(np.int32), 1)
        canvas[top:bottom, left:right][mask > 0] = patch[mask > 0]
    return canvas


@pytest.fixture(scope="module")
def turn(finder, avatars):
    """A drawn head turned by some degrees: eyes and mouth are holes of the mesh and get triangles here."""
    points = finder.largest(avatars["leo"])[0].points
    lines = [
        (lm.UPPER_INNER, lm.LOWER_INNER),
        (lm.UPPER_LID_LEFT, lm.LOWER_LID_LEFT),
        (lm.UPPER_LID_RIGHT, lm.LOWER_LID_RIGHT),
    ]
    strips = [
        t for a, b in lines for i in range(len(a) - 1) for t in ((a[i], a[i + 1], b[i]), (b[i], b[i + 1], a[i + 1]))
    ]
    triangles = np.concatenate([finder.triangles, np.array(strips)])

    def picture(yaw):
        target, depth = with_yaw(points, yaw)
        return painted(avatars["leo"], points, target, depth, triangles)

    return picture


@pytest.mark.parametrize("yaw", [-25, 12, 25])
def test_a_turned_head_is_used_and_its_yaw_is_known(finder, turn, yaw):
    face, notes = finder.largest(turn(yaw))
    assert 0.5 < lm.head_pose(face.points)[0] / yaw < 1.3  # a bare mask, without ears and hair, is seen less turned
    assert not any("turned" in note for note in notes)


def seen_turned(points, yaw):
    seen, depth = with_yaw(points, yaw)
    return np.concatenate([np.column_stack([seen, depth]), points[468:]]).astype(np.float32)


def notes_for(monkeypatch, rgb, points):
    face = Face(points, (300, 300, 400, 400), 0.9, 1.0)
    monkeypatch.setattr(FaceFinder, "_search", lambda _self, _rgb: [face])
    return FaceFinder().largest(rgb)[1]


@pytest.mark.parametrize("yaw", [36, -36])
def test_a_head_turned_far_is_used_with_a_note(finder, avatars, monkeypatch, yaw):
    points = finder.largest(avatars["leo"])[0].points
    (note,) = notes_for(monkeypatch, avatars["leo"], seen_turned(points, yaw))
    assert "turned by about 3" in note
    assert "frontal" in note


def test_a_head_turned_away_is_refused_with_its_angle(finder, avatars, monkeypatch):
    points = finder.largest(avatars["leo"])[0].points
    with pytest.raises(NoFace, match=r"turned away by about 5\d degrees; at most 45"):
        notes_for(monkeypatch, avatars["leo"], seen_turned(points, 53))
