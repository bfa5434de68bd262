"""The seam to the package face-alignment, with a stand-in of its own names and calls (1.5.0)."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from tests.bench.sadtalker.front_questions import noise
from tests.fakes.face_points import face_points
from torch import nn

from svc_video.engines.sadtalker import landmarks, landmarks_package
from svc_video.engines.sadtalker.anchors import Box
from svc_video.engines.sadtalker.files import PACKAGE_DETECTOR, PACKAGE_FAN
from troupe.wire.errors import CheckpointBroken, CheckpointNotFound, EngineMissing


class Detector:
    """Sees a face in the right half of each picture."""

    def __init__(self, device, path_to_detector):
        self.weights = torch.load(path_to_detector, weights_only=True)
        self.seen = []

    def detect_from_image(self, picture):
        self.seen.append(picture.shape)
        height, width = picture.shape[:2]
        return [np.array([width / 2, 0, width, height, 0.9]), np.array([-30, -30, 1, 1, 0.8])]


class FaceAlignment:
    def __init__(self, kind, network_size=4, device="cuda", dtype=torch.float32, flip_input=True, **options):
        assert options.pop("compile") is False  # it would write into the home folder
        assert options.pop("face_detector", "sfd") == "sfd"
        self.face_detector = Detector(device, **options.pop("face_detector_kwargs"))
        assert not options
        self.face_alignment_net = self._load_native("2DFAN-4", network_size, device, dtype)
        self.asked = []

    def _load_native(self, network_name, network_size, device, dtype):
        raise AssertionError("it would be fetched")

    def get_landmarks_from_image(self, picture, detected_faces):
        self.asked += detected_faces
        left, top, right, _ = detected_faces[0]
        return [face_points((left + right) / 2, top + 50, (right - left) / 2)]


class Network(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(size))


@pytest.fixture
def package(monkeypatch):
    module = ModuleType("face_alignment")
    module.FaceAlignment = FaceAlignment
    module.LandmarksType = SimpleNamespace(TWO_D=1)
    module.api = SimpleNamespace(FAN=Network)
    monkeypatch.setitem(sys.modules, "face_alignment", module)
    return module


@pytest.fixture
def folder(tmp_path):
    torch.save({"weight": torch.ones(4)}, tmp_path / PACKAGE_FAN)
    torch.save({"weight": torch.ones(2)}, tmp_path / PACKAGE_DETECTOR)
    return tmp_path


def test_it_reads_its_files_from_the_folder(package, folder):
    made = landmarks.backend("face-alignment", folder)._alignment
    assert made.face_alignment_net.weight.tolist() == [1, 1, 1, 1]
    assert not made.face_alignment_net.training
    assert made.face_detector.weights["weight"].tolist() == [1, 1]


def test_boxes_and_points_are_in_the_pictures_pixels(package, folder):
    made = landmarks.backend("face-alignment", folder)
    pictures = [noise(300, 200, 1), noise(300, 200, 2)]
    found = made.boxes(pictures, square=False)
    assert found == [[Box(150, 0, 300, 200, 0.9)]] * 2  # what lies outside is no face
    points = made.points(pictures, [boxes[0] for boxes in found])
    assert points.shape == (2, 68, 2)
    assert points.dtype == np.float32
    np.testing.assert_array_equal(points[0], face_points(225, 50, 75))
    assert made.points([], []).shape == (0, 68, 2)


def test_a_huge_picture_is_shrunk_to_be_looked_at(package, folder, monkeypatch):
    monkeypatch.setattr(landmarks_package, "LARGEST", 100)
    made = landmarks.backend("face-alignment", folder)
    assert made.boxes([noise(300, 200, 1)], square=False) == [[Box(150, 0, 300, pytest.approx(200, abs=2), 0.9)]]
    assert made._alignment.face_detector.seen == [(67, 100, 3)]


def test_the_missing_package_is_told_with_the_command(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "face_alignment", None)
    with pytest.raises(EngineMissing, match="face-alignment") as told:
        landmarks.backend("face-alignment", folder)
    assert "--no-deps face-alignment" in told.value.details["remedy"]


@pytest.mark.parametrize("name", [PACKAGE_FAN, PACKAGE_DETECTOR])
def test_a_missing_file_is_told_with_the_command(package, folder, name):
    (folder / name).unlink()
    with pytest.raises(CheckpointNotFound, match=rf"{name}.*make sadtalker FACES=face-alignment"):
        landmarks.backend("face-alignment", folder)


@pytest.mark.parametrize("name", [PACKAGE_FAN, PACKAGE_DETECTOR])
def test_a_damaged_file_is_told(package, folder, name):
    (folder / name).write_bytes(b"no weights" * 100)
    with pytest.raises(CheckpointBroken, match=name):
        landmarks.backend("face-alignment", folder)


def test_weights_of_another_network_are_told(package, folder):
    torch.save({"other": torch.ones(4)}, folder / PACKAGE_FAN)
    with pytest.raises(CheckpointBroken, match="Remove both"):
        landmarks.backend("face-alignment", folder)
