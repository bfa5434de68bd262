import time

import numpy as np
import pytest

from svc_video.engines.portrait import blendshapes
from svc_video.engines.portrait.blendshapes import EYE_BASES
from svc_video.engines.portrait.forehead import Brows
from svc_video.engines.portrait.params import FaceParams
from svc_video.faces import landmarks as lm

NAMES = ("ada", "kenji", "leo", "maya")
BROWS = np.r_[lm.BROW_LEFT, lm.BROW_RIGHT]


@pytest.fixture
def brows(prepared):
    face = prepared["ada"]
    return Brows(face.picture, blendshapes.solve(face.points, face.triangles))


@pytest.mark.parametrize("name", NAMES)
def test_brows_rise_and_sink(finder, prepared, renderers, name):
    def height(brow):
        points, _ = finder.landmarks(renderers[name].render(FaceParams(brow=brow)), prepared[name].points)
        return points[BROWS, 1].mean() / lm.eye_distance(points)

    low, rest, high = height(-1), height(0), height(1)
    assert low > rest + 0.008
    assert high < rest - 0.02


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("brow", [-1, 1])
def test_lids_and_hair_stay(prepared, renderers, name, brow):
    face, frame = prepared[name], renderers[name].render(FaceParams(brow=brow))
    changed = np.abs(frame.astype(int) - face.picture).max(axis=2) > 3
    lids = np.r_[lm.UPPER_LID_LEFT, lm.UPPER_LID_RIGHT]
    for x, y in face.points[lids, :2].round().astype(int):
        assert not changed[y, x]
    top = int(face.points[lm.FOREHEAD, 1])
    assert not changed[:top].any()


def test_brows_at_rest_are_the_picture(prepared, brows):
    picture = prepared["ada"].picture
    np.testing.assert_array_equal(brows.apply(picture, 0.0), picture[brows.region.part])


def test_a_weight_alone_means_both_brows(prepared, brows):
    weights = np.zeros(len(EYE_BASES))
    weights[EYE_BASES.index("brow")] = 0.5
    picture = prepared["ada"].picture
    np.testing.assert_array_equal(brows.apply(picture, weights), brows.apply(picture, 0.5))


def test_what_is_kept_is_not_given_away(prepared, brows):
    picture = prepared["ada"].picture
    first = brows.apply(picture, 0.5)
    before = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(brows.apply(picture, 0.5), before)


@pytest.mark.parametrize("brow", [-1.0, 1.0])
def test_lines_of_the_forehead_are_faint(prepared, brows, brow):
    """A few per cent: a drawn forehead, which is smooth, gets no darker than that."""
    face = prepared["ada"]
    rows = slice(int(face.points[151, 1]), int(face.points[9, 1]))
    middle, half = int(face.points[9, 0]), int(0.06 * lm.eye_distance(face.points))
    columns = slice(middle - half, middle + half)
    whole = face.picture.copy()
    whole[brows.region.part] = brows.apply(face.picture, brow)
    ratio = whole[rows, columns].astype(float) / np.maximum(face.picture[rows, columns], 1)
    assert 0.88 < ratio.min() < 0.99
    assert ratio.mean() > 0.97


def test_brows_are_cheap(prepared, brows):
    picture = prepared["ada"].picture
    begun = time.process_time()
    for step in range(1, 65):
        brows.apply(picture, step / 64)
    assert (time.process_time() - begun) / 64 < 5 * 0.8e-3
