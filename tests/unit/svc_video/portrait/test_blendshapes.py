import numpy as np
import pytest

from svc_video.engines.portrait.blendshapes import (
    EYE_BASES,
    LIP_SHAPES,
    MOUTH_BASES,
    eye_weights,
    mouth_weights,
    solve,
)
from svc_video.engines.portrait.params import FaceParams
from svc_video.faces import landmarks as lm


@pytest.fixture(scope="module")
def shapes(prepared):
    return solve(prepared["maya"].points, prepared["maya"].triangles)


def moved(shapes, params):
    return shapes.points + np.tensordot(mouth_weights(params), shapes.mouth, axes=1)


def gaps(shapes, points):
    """Down-the-face distance between the inner rims, corner to corner."""
    return (points[lm.LOWER_INNER] - points[lm.UPPER_INNER]) @ shapes.axes[1]


def test_rest_moves_nothing(shapes):
    assert not mouth_weights(FaceParams()).any()
    assert not eye_weights(FaceParams()).any()
    np.testing.assert_array_equal(moved(shapes, FaceParams()), shapes.points)


def test_the_jaw_opens_the_lips_and_drops_the_chin_but_not_the_nose(shapes):
    opened = moved(shapes, FaceParams(jaw=1))
    down = (opened - shapes.points) @ shapes.axes[1] / shapes.mouth_width
    assert down[14] > 0.3
    assert down[lm.CHIN] > 0.25
    assert abs(down[lm.NOSE_TIP]) < 1e-9
    assert abs(down[lm.UPPER_LID_LEFT]).max() < 1e-9
    assert down[14] > down[200] > down[lm.OVAL[8]] >= -0.02


def test_free_points_lie_between_their_neighbours(shapes):
    """Biharmonic interpolation may overshoot a little, never leap."""
    jaw = np.linalg.norm(shapes.mouth[MOUTH_BASES.index("jaw")], axis=1)
    assert jaw.max() < 0.45 * shapes.mouth_width


@pytest.mark.parametrize("name", [*LIP_SHAPES])
def test_close_undoes_every_gap(shapes, name):
    closed = moved(shapes, FaceParams(**{name: 1.0, "close": 1.0}))
    assert np.abs(gaps(shapes, closed)).max() < 0.01 * shapes.mouth_width


@pytest.mark.parametrize(("name", "axis", "sign"), [("wide", 0, 1), ("pucker", 0, -1), ("smile", 1, -1)])
def test_corners_go_where_the_shape_says(shapes, name, axis, sign):
    corner = (moved(shapes, FaceParams(**{name: 1.0})) - shapes.points)[291] @ shapes.axes[axis]
    assert sign * corner > 0.05 * shapes.mouth_width


def test_a_frown_is_the_smile_reversed(shapes):
    smile, frown = (moved(shapes, FaceParams(smile=v)) - shapes.points for v in (1, -1))
    np.testing.assert_allclose(smile, -frown)


def test_a_blink_takes_the_upper_lid_down_to_the_lower(shapes):
    left = shapes.eyes[EYE_BASES.index("blink_left")]
    down = left @ shapes.axes[1]
    gap = (shapes.points[lm.LOWER_LID_LEFT] - shapes.points[lm.UPPER_LID_LEFT]) @ shapes.axes[1]
    assert (down[lm.UPPER_LID_LEFT[1:-1]] >= gap[1:-1]).all()
    assert np.abs(left[lm.UPPER_LID_RIGHT]).max() < 1e-9


def test_values_out_of_range_are_clamped():
    np.testing.assert_array_equal(
        mouth_weights(FaceParams(jaw=7, smile=-9)), mouth_weights(FaceParams(jaw=1, smile=-1))
    )
    np.testing.assert_array_equal(eye_weights(FaceParams(blink_left=-3, brow=4)), eye_weights(FaceParams(brow=1)))


@pytest.fixture(scope="module")
def solve_turned(prepared):
    """The shapes of the same head as it would be seen turned by some yaw (nose to the right above zero)."""

    def turned(yaw):
        points = prepared["maya"].points
        angle, centre = np.radians(yaw), points.mean(axis=0)
        about = np.array([[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0], [np.sin(angle), 0, np.cos(angle)]])
        seen = ((points - centre) @ about.T + centre).astype(np.float32)
        return solve(seen, prepared["maya"].triangles)

    return turned


def test_on_a_frontal_face_moves_are_those_of_the_picture_within_a_pixel(shapes):
    """What the table says, along the face's own two axes, in mouth widths."""
    move = {name: shapes.mouth[MOUTH_BASES.index(name)] for name in LIP_SHAPES}
    expected = {
        ("jaw", lm.CHIN): (0.0, LIP_SHAPES["jaw"].chin),
        ("jaw", 14): (0.0, LIP_SHAPES["jaw"].lower[0]),
        ("wide", 291): (LIP_SHAPES["wide"].out, LIP_SHAPES["wide"].down),
        ("smile", 61): (-LIP_SHAPES["smile"].out, LIP_SHAPES["smile"].down),
        ("pucker", 0): (0.0, LIP_SHAPES["pucker"].upper[1]),
    }
    for (name, vertex), way in expected.items():
        np.testing.assert_allclose(move[name][vertex], np.array(way) @ shapes.axes * shapes.mouth_width, atol=1.0)


@pytest.mark.parametrize(("yaw", "near", "far"), [(25, 61, 291), (-25, 291, 61)])
def test_on_a_turned_head_the_far_corner_goes_less_far(solve_turned, yaw, near, far):
    wide = np.abs(solve_turned(yaw).mouth[MOUTH_BASES.index("wide"), :, 0])
    assert 0.3 * wide[near] < wide[far] < 0.8 * wide[near]


@pytest.mark.parametrize("yaw", [25, -25])
def test_on_a_turned_head_rounded_lips_stand_out_sideways_and_the_chin_swings_back(solve_turned, yaw):
    turned = solve_turned(yaw)
    outwards = np.sign(yaw) * turned.mouth[..., 0] / turned.mouth_width
    assert outwards[MOUTH_BASES.index("pucker"), 13] > 0.03
    assert outwards[MOUTH_BASES.index("jaw"), lm.CHIN] < -0.02


@pytest.mark.parametrize("name", [*LIP_SHAPES])
def test_lips_meet_on_a_turned_head_too(solve_turned, name):
    turned = solve_turned(25)
    closed = moved(turned, FaceParams(**{name: 1.0, "close": 1.0}))
    assert np.linalg.norm(closed[lm.LOWER_INNER] - closed[lm.UPPER_INNER], axis=1).max() < 0.01 * turned.mouth_width


def test_closing_lips_take_most_of_the_jaws_drop_back(shapes):
    chin = [(moved(shapes, p) - shapes.points)[lm.CHIN, 1] for p in (FaceParams(jaw=1), FaceParams(jaw=1, close=1))]
    assert chin[1] == pytest.approx(0.4 * chin[0], rel=0.1)


def test_both_ends_of_the_brows_make_the_whole(shapes):
    inner, outer, brow = (shapes.eyes[EYE_BASES.index(n)] for n in ("brow_inner", "brow_outer", "brow"))
    np.testing.assert_allclose(inner + outer, brow, atol=1e-9)
    up = -inner @ shapes.axes[1]
    assert up[107] > 4 * abs(up[70])
    assert up[336] > 4 * abs(up[300])


def test_a_squint_lifts_the_lower_lids_and_not_the_upper(shapes):
    squint = shapes.eyes[EYE_BASES.index("squint")] @ shapes.axes[1]
    assert (squint[lm.LOWER_LID_LEFT[2:-2]] < -0.5).all()
    assert np.abs(squint[lm.UPPER_LID_LEFT]).max() < 1e-9


def test_hanging_lids_are_a_part_of_a_blink_and_go_with_it(shapes):
    lid, blink = (shapes.eyes[EYE_BASES.index(n)] for n in ("lid", "blink_left"))
    np.testing.assert_allclose(lid[159], 0.3 * blink[159])
    weights = eye_weights(FaceParams(lid=1, squint=1, blink_left=1, blink_right=1))
    assert weights[EYE_BASES.index("lid")] == weights[EYE_BASES.index("squint")] == 0


def test_glasses_hold_brows_and_cheeks_back(prepared, shapes):
    worn = solve(prepared["maya"].points, prepared["maya"].triangles, glasses=True)
    brow = EYE_BASES.index("brow")
    np.testing.assert_allclose(worn.eyes[brow, 105], 0.4 * shapes.eyes[brow, 105])
    smile = MOUTH_BASES.index("smile")
    assert not worn.mouth[smile, [101, 330]].any()
    np.testing.assert_allclose(worn.mouth[smile, 291], shapes.mouth[smile, 291])
