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
