from __future__ import annotations

import math

import numpy as np
import pytest

from svc_video.engines.sadtalker.anchors import Box, anchors, apart, boxes_of


def test_anchors_stand_in_the_middle_of_cells():
    found = anchors(64, 40)
    assert len(found) == 2 * (8 * 5 + 4 * 3 + 2 * 2)
    np.testing.assert_allclose(found[0], (4 / 64, 4 / 40, 16 / 64, 16 / 40))
    np.testing.assert_allclose(found[1], (4 / 64, 4 / 40, 32 / 64, 32 / 40))
    np.testing.assert_allclose(found[2], (12 / 64, 4 / 40, 16 / 64, 16 / 40))  # along the row first
    np.testing.assert_allclose(found[-1], (48 / 64, 48 / 40, 512 / 64, 512 / 40))


def test_a_box_is_its_anchor_moved_and_grown():
    places, scores = np.zeros((len(anchors(64, 64)), 4), np.float32), np.zeros(len(anchors(64, 64)), np.float32)
    places[0], scores[0] = (10, -10, math.log(2) / 0.2, 0), 0.99
    (box,) = boxes_of(places, scores, 64, 64)
    centre, side = (4 + 0.1 * 10 * 16, 4 - 0.1 * 10 * 16), (32, 16)
    expected = (centre[0] - side[0] / 2, centre[1] - side[1] / 2, centre[0] + side[0] / 2, centre[1] + side[1] / 2)
    np.testing.assert_allclose((box.left, box.top, box.right, box.bottom), expected, atol=1e-4)
    assert box.score == pytest.approx(0.99)


def test_nothing_sure_is_no_face():
    count = len(anchors(64, 64))
    assert boxes_of(np.zeros((count, 4), np.float32), np.full(count, 0.97, np.float32), 64, 64) == []


def test_one_box_is_left_of_those_that_overlap():
    edges = np.array([[0, 0, 10, 10], [1, 1, 11, 11], [20, 0, 30, 10], [5, 0, 15, 10]], np.float32)
    assert apart(edges) == [0, 2, 3]
    assert apart(edges[:0]) == []


def test_boxes_without_end_are_none_and_those_without_an_area_stay():
    count = len(anchors(64, 64))
    assert boxes_of(np.full((count, 4), 1e3, np.float32), np.ones(count, np.float32), 64, 64) == []
    assert apart(np.zeros((2, 4), np.float32)) == [0, 1]


def test_a_box_over_the_edge_is_held_inside():
    box = Box(-7.9, 10.2, 30.7, 99.0)
    assert box.inside(40, 50) == (0, 10, 30, 50)
    assert box.seen(40, 50)
    assert not Box(-20, 0, 2, 50).seen(40, 50)


def test_overlap_is_intersection_over_union():
    assert Box(0, 0, 2, 2).overlap(Box(1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert Box(0, 0, 2, 2).overlap(Box(5, 5, 6, 6)) == 0
    assert Box(2, 2, 0, 0).area == 0
