import numpy as np
import pytest

from svc_video.engines.portrait.biharmonic import Graph
from svc_video.faces import landmarks as lm


@pytest.fixture(scope="module")
def points(prepared):
    return prepared["ada"].points[:468, :2].astype(np.float64)


@pytest.fixture(scope="module")
def graph(points, prepared):
    return Graph(points, prepared["ada"].triangles)


def test_what_is_prescribed_is_kept_and_what_is_still_stays(graph):
    move = np.array([3.0, -7.0])
    (shape,) = graph.interpolate([{lm.CHIN: move}], still=[1, 33])
    np.testing.assert_array_equal(shape[lm.CHIN], move)
    np.testing.assert_array_equal(shape[[1, 33]], 0)


def test_moves_fade_with_distance_and_never_leap(graph):
    (shape,) = graph.interpolate([{lm.CHIN: np.array([0.0, 10.0])}], still=[1])
    assert 10 > shape[175, 1] > shape[199, 1] > 0
    assert np.abs(shape).max() < 12


def test_it_is_linear(graph):
    first, second = {17: np.array([1.0, 0.0])}, {17: np.array([0.0, 2.0]), 0: np.array([1.0, 1.0])}
    both = {17: np.array([1.0, 2.0]), 0: np.array([1.0, 1.0])}
    a, b, c = graph.interpolate([first, second, both], still=[])
    np.testing.assert_allclose(a + b, c, atol=1e-9)


def test_the_lips_part(graph):
    """No edge leads across the mouth: the upper lip hardly goes with the lower one."""
    (shape,) = graph.interpolate([{14: np.array([0.0, 10.0]), 1: np.zeros(2)}], still=[])
    assert abs(shape[13, 1]) < 5
