from __future__ import annotations

import numpy as np
import pytest
from tests.bench.sadtalker.front_questions import ARITHMETIC, digest, noise, squares
from tests.fakes.face_points import MEAN_POINTS, face_points

from svc_video.engines.sadtalker.alignment import align, five_points, posed
from troupe.wire.errors import NoFace

GOLDEN = dict(np.load(ARITHMETIC))  # upstream's answers: tests/bench/sadtalker/record_front.py


@pytest.mark.parametrize(("number", "case"), list(enumerate(squares())))
def test_crop_and_place_are_upstreams(number, case):
    aligned = align(*case, MEAN_POINTS)
    np.testing.assert_allclose(aligned.place, GOLDEN[f"align{number}.place"], rtol=1e-6)
    off = np.abs(aligned.image[::16, ::16].astype(int) - GOLDEN[f"align{number}.image"].astype(int))
    assert off.max() <= 1  # another Pillow may round otherwise
    assert aligned.image.shape == (224, 224, 3)
    assert digest(aligned.image) == GOLDEN[f"align{number}.digest"]


def test_points_are_not_changed_by_it():
    points = face_points(128, 128, 120)
    before = points.copy()
    align(noise(256, 256, 1), points, MEAN_POINTS)
    np.testing.assert_array_equal(points, before)


def test_a_solid_is_found_where_it_was_put():
    middle, extent = posed(MEAN_POINTS[:, :2] * 50 + (30, 70), MEAN_POINTS)
    np.testing.assert_allclose(middle, (30, 70), atol=1e-4)
    assert extent == pytest.approx(50)


def test_five_points_are_eyes_nose_and_mouth():
    points = np.stack([np.arange(68), np.arange(68)], axis=1).astype(np.float32)
    assert five_points(points)[:, 0].tolist() == [37.5, 43.5, 30, 48, 54]


@pytest.mark.parametrize("points", [face_points(128, 128, 0.5), np.full((68, 2), 7.0, np.float32)])
def test_a_speck_is_told_as_such_and_takes_no_memory(points):
    with pytest.raises(NoFace, match="too small"):
        align(noise(256, 256, 1), points, MEAN_POINTS)
