from __future__ import annotations

import numpy as np
import pytest
from tests.bench.sadtalker.front_questions import noise
from tests.fakes.face_points import MiddleOfPicture
from tests.fakes.sadtalker_release import make, make_face

from svc_video.engines.sadtalker import checkpoint, landmarks
from svc_video.engines.sadtalker.anchors import Box
from svc_video.engines.sadtalker.front import Front
from svc_video.engines.sadtalker.heatmaps import as_68
from svc_video.engines.sadtalker.landmarks_awing import AwingLandmarks
from svc_video.engines.sadtalker.recon import Reconstruction
from svc_video.engines.sadtalker.source import MODES
from troupe.wire.errors import CheckpointNotFound


class Detector:
    """Sees a face in the same place of each picture."""

    def __init__(self, box):
        self.box, self.fed = box, []

    def find(self, pictures):
        self.fed += pictures
        return [[self.box, Box(-50, -50, 1, 1)] for _ in pictures]


class Network:
    """98 points in a row from the upper left corner of a crop."""

    def __init__(self):
        self.crops = []

    def points(self, crops):
        self.crops += crops
        return [np.stack([np.arange(98.0), np.arange(98.0)], axis=1) for _ in crops]


def test_the_picture_is_fed_as_it_is_and_the_square_turned_to_blue_green_red():
    detector, picture = Detector(Box(1, 2, 30, 40)), noise(100, 80, 1)
    made = AwingLandmarks(detector, Network())
    assert made.boxes([picture], square=False) == [[Box(1, 2, 30, 40)]]  # what lies outside is no face
    made.boxes([picture], square=True)
    np.testing.assert_array_equal(detector.fed[0], picture)
    np.testing.assert_array_equal(detector.fed[1], picture[..., ::-1])


def test_a_box_over_the_edge_is_cut_at_it_and_points_are_in_the_picture():
    network, picture = Network(), noise(100, 80, 1)
    made = AwingLandmarks(Detector(Box(0, 0, 1, 1)), network)
    points = made.points([picture, picture], [Box(-9.5, 5.9, 60.2, 300), Box(10, 20, 30, 40)])
    assert [crop.shape for crop in network.crops] == [(75, 60, 3), (20, 20, 3)]
    inner = as_68(np.stack([np.arange(98.0), np.arange(98.0)], axis=1))
    np.testing.assert_array_equal(points[0], inner + np.array([0, 5]))
    np.testing.assert_array_equal(points[1], inner + np.array([10, 20]))
    assert made.points([], []).shape == (0, 68, 2)


def test_it_is_made_of_the_official_files(tmp_path):
    make_face(tmp_path)
    made = landmarks.backend("awing", tmp_path)
    picture = noise(160, 120, 2)
    assert made.boxes([picture, picture], square=True) == [[], []]  # random networks see no face
    assert made.points([picture], [Box(10, 10, 90, 100)]).shape == (1, 68, 2)
    assert type(landmarks.backend("auto", tmp_path)) is type(made)


def test_without_the_files_it_is_told_and_auto_goes_on(tmp_path):
    with pytest.raises(CheckpointNotFound, match="make sadtalker"):
        landmarks.backend("awing", tmp_path)
    assert type(landmarks.backend("auto", tmp_path)).__name__ == "MeshLandmarks"


@pytest.mark.parametrize("mode", MODES)
def test_the_front_stands_on_a_release(tmp_path, mode):
    make(tmp_path, face=True)
    read = Reconstruction.of(checkpoint.load(tmp_path, 256, full=False).face_3drecon)
    front = Front(MiddleOfPicture(), read, checkpoint.mean_points(tmp_path))
    source = front.source(noise(260, 240, 3), mode)
    assert np.isfinite(source.coefficients).all()
    assert source.coefficients[:70].any()
    film = front.coefficients_of_film((noise(260, 240, 3) for _ in range(9)), mode)
    np.testing.assert_allclose(film, np.tile(source.coefficients, (9, 1)), atol=1e-5)
