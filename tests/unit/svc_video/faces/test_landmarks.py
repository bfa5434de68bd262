import numpy as np
import pytest

from svc_video.faces import landmarks as lm


def turned(points, yaw=0.0, pitch=0.0, roll=0.0):
    """The points as if the whole head had turned by that many degrees: first yaw, then pitch, then roll."""
    y, p, r = np.radians([yaw, pitch, roll])
    about_down = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    about_across = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_view = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    centre = points.mean(axis=0)
    return ((points - centre) @ (about_view @ about_across @ about_down).T + centre).astype(np.float32)


@pytest.fixture(scope="module")
def frontal(finder, avatars):
    return finder.largest(avatars["kenji"])[0].points


def test_a_drawn_face_looks_straight_ahead(frontal):
    assert np.abs(lm.head_pose(frontal)).max() < 6
    np.testing.assert_allclose(lm.head_axes(frontal), np.eye(3), atol=0.1)


@pytest.mark.parametrize(("yaw", "pitch", "roll"), [(25, 0, 0), (-40, 0, 0), (0, 15, 0), (0, -15, 0), (0, 0, 20)])
def test_the_pose_is_the_one_that_was_given(frontal, yaw, pitch, roll):
    change = np.array(lm.head_pose(turned(frontal, yaw, pitch, roll))) - lm.head_pose(frontal)
    np.testing.assert_allclose(change, (yaw, pitch, roll), atol=1.5)


def test_signs_are_those_of_the_frame(frontal):
    """Yaw and pitch above zero take the tip of the nose to the right and down."""
    nose = [turned(frontal, yaw=10)[1, 0], turned(frontal, pitch=10)[1, 1]]
    rest = [frontal[1, 0], frontal[1, 1]]
    assert (np.array(nose) > np.array(rest) + 5).all()


def test_axes_are_a_rotation(frontal):
    axes = lm.head_axes(turned(frontal, 20, 10, -15))
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(axes) == pytest.approx(1)
