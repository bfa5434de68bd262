from __future__ import annotations

import numpy as np
import pytest
from tests.fakes.face_points import MEAN_POINTS, MiddleOfPicture

from svc_video.engines.sadtalker import landmarks
from svc_video.engines.sadtalker.anchors import Box
from svc_video.engines.sadtalker.front import Front
from svc_video.engines.sadtalker.landmarks_mesh import OF_MESH
from svc_video.faces import landmarks as mesh_points
from svc_video.portraits.avatars import shipped
from troupe.wire.errors import CheckpointNotFound, EngineMissing, UnknownEngine


def absent(folder, device):
    raise CheckpointNotFound("not there")


def missing(folder, device):
    raise EngineMissing("not installed")


def present(folder, device):
    return MiddleOfPicture()


def test_auto_takes_the_first_that_is_there(monkeypatch, tmp_path):
    monkeypatch.setattr(landmarks, "engine_class", lambda kind, name, known: globals()[known[name]])
    monkeypatch.setattr(landmarks, "BACKENDS", {"one": "absent", "two": "missing", "three": "present"})
    assert isinstance(landmarks.backend("auto", tmp_path), MiddleOfPicture)
    with pytest.raises(CheckpointNotFound):
        landmarks.backend("one", tmp_path)
    monkeypatch.setattr(landmarks, "BACKENDS", {"one": "absent"})
    with pytest.raises(EngineMissing):
        landmarks.backend("auto", tmp_path)


def test_ones_own_is_named_by_module(tmp_path):
    found = landmarks.backend("tests.fakes.face_points:middle_of_picture", tmp_path, "cpu")
    assert type(found).__name__ == "MiddleOfPicture"
    with pytest.raises(UnknownEngine, match="awing, face-alignment, mesh"):
        landmarks.backend("dlib", tmp_path)


def test_the_largest_and_the_surest_are_told_apart():
    boxes = [Box(0, 0, 10, 10, 0.99), Box(0, 0, 50, 50, 0.98)]
    assert landmarks.largest(boxes) is boxes[1]
    assert landmarks.surest(boxes) is boxes[0]


def test_the_mesh_has_all_68_points_and_eyes_and_mouth_where_they_belong():
    assert OF_MESH.shape == (68,)
    assert set(OF_MESH[36:42]) <= {*mesh_points.UPPER_LID_LEFT, *mesh_points.LOWER_LID_LEFT}
    assert set(OF_MESH[42:48]) <= {*mesh_points.UPPER_LID_RIGHT, *mesh_points.LOWER_LID_RIGHT}
    assert set(OF_MESH[48:60]) <= {*mesh_points.UPPER_OUTER, *mesh_points.LOWER_OUTER}
    assert set(OF_MESH[60:]) <= {*mesh_points.UPPER_INNER, *mesh_points.LOWER_INNER}
    assert (OF_MESH[36], OF_MESH[45], OF_MESH[48], OF_MESH[54]) == (33, 263, 61, 291)


def test_the_mesh_finds_an_avatars_face_twice_at_the_same_place(tmp_path):
    picture = shipped()["ada"].picture()
    made = landmarks.backend("mesh", tmp_path)
    (box,) = made.boxes([picture], square=False)[0]
    points = made.points([picture], [box])[0]
    width = np.ptp(points[:17, 0])
    assert points[36:42, 0].max() < points[42:48, 0].min()  # left eye, right eye
    assert points[27:36, 1].max() < points[48:60, 1].min()  # nose, mouth
    assert points[8, 1] == points[:, 1].max()  # chin
    front = Front(made, lambda crops: np.zeros((len(crops), 70), np.float32), MEAN_POINTS)
    source = front.source(picture, "crop")
    (again,) = made.boxes([source.image], square=True)[0]
    seen = np.ptp(made.points([source.image], [again])[0][:17, 0]) * source.cut[0] / 256
    assert seen == pytest.approx(width, rel=0.05)
    assert source.coefficients[71:] == pytest.approx((128, 110), abs=25)
