from __future__ import annotations

import numpy as np
import pytest
from tests.bench.sadtalker.front_questions import ARITHMETIC, heat_maps

from svc_video.engines.sadtalker.heatmaps import as_68, points_of

GOLDEN = dict(np.load(ARITHMETIC))  # upstream's answers: tests/bench/sadtalker/record_front.py


@pytest.mark.parametrize(("number", "maps"), list(enumerate(heat_maps())))
def test_points_are_upstreams_also_where_one_lies_at_an_edge(number, maps):
    points = points_of(maps, 210, 150)
    np.testing.assert_array_equal(points, GOLDEN[f"maps{number}.points"])
    np.testing.assert_array_equal(as_68(points), GOLDEN[f"maps{number}.68"])


@pytest.mark.parametrize(("row", "column"), [(63, 63), (0, 0), (63, 0), (0, 63)])
def test_a_peak_in_any_corner_is_a_point(row, column):
    maps = np.zeros((98, 64, 64), np.float32)
    maps[:, row, column] = 1.0
    points = points_of(maps, 64, 64)
    np.testing.assert_allclose(points, np.tile((column + 0.5, row + 0.5), (98, 1)), atol=0.25)


def test_68_points_are_in_the_usual_order():
    points = np.stack([np.arange(98.0), np.zeros(98)], axis=1)
    found = as_68(points)[:, 0]
    assert found[[0, 16, 17, 18, 30, 36, 42, 48, 67]].tolist() == [0, 32, 33, 37.5, 54, 60, 68, 76, 95]
