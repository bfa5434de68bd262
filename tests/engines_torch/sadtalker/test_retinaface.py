from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.bench.sadtalker.front_questions import LEAST, NETWORKS, SEED, WIDTH, noise, picture
from tests.fakes.sadtalker_release import values

from svc_video.engines.sadtalker import retinaface
from svc_video.engines.sadtalker.retinaface import RetinaFace
from troupe.wire.errors import CheckpointBroken


@pytest.fixture(scope="module")
def tensors():
    return {name: torch.from_numpy(np.asarray(v)) for name, v in values("retinaface", WIDTH, SEED).items()}


@pytest.fixture(scope="module")
def network(tensors):
    return RetinaFace.of(tensors)


@pytest.fixture(scope="module")
def told():
    return dict(np.load(NETWORKS))


def numbers(boxes):
    return np.array([[box.left, box.top, box.right, box.bottom, box.score] for box in boxes])


def test_its_maps_are_facexlibs(network, told):
    places, scores = network(torch.from_numpy(picture()).permute(2, 0, 1)[None])
    np.testing.assert_allclose(places[0].numpy(), told["retinaface.places"], atol=1e-4)
    np.testing.assert_allclose(scores[0].numpy(), told["retinaface.scores"], atol=1e-5)


def test_its_boxes_are_facexlibs(network, told):
    (boxes,) = network.find([picture()], LEAST)
    np.testing.assert_allclose(numbers(boxes), told["retinaface.found"], rtol=1e-3, atol=1e-2)
    assert len(boxes) > 10


def test_the_names_may_bear_what_training_put_before_them(network, tensors):
    prefixed = RetinaFace.of({f"module.{name}": tensors[name] for name in tensors})
    np.testing.assert_array_equal(
        numbers(prefixed.find([picture()], LEAST)[0]), numbers(network.find([picture()], LEAST)[0])
    )


def test_several_pictures_are_looked_at_as_one_by_one(network):
    pictures = [picture(), noise(210, 150, 77)]
    together = network.find(pictures, 0.8)
    for one, boxes in zip(pictures, together, strict=True):
        np.testing.assert_allclose(numbers(network.find([one], 0.8)[0]), numbers(boxes), rtol=1e-3, atol=1e-2)
    assert network.find([]) == []


def test_noise_shows_no_face(network):
    assert network.find([picture()]) == [[]]


def test_a_huge_picture_is_shrunk_to_be_looked_at_and_boxes_are_in_its_pixels(network, monkeypatch):
    seen = []
    monkeypatch.setattr(retinaface, "LARGEST", 105)
    monkeypatch.setattr(RetinaFace, "__call__", lambda self, x: seen.append(x.shape) or one_face(x))
    (box,) = network.find([picture()])[0]
    assert seen == [(1, 3, 75, 105)]
    assert (box.left, box.top) == pytest.approx((-8, -8), abs=0.01)  # the anchor of 16 pixels at 4, 4, twice as large
    assert box.right - box.left == pytest.approx(32, abs=0.01)


def one_face(x):
    """Sure of the very first anchor, and of nothing else."""
    count = len(retinaface.boxes_of.__globals__["anchors"](x.shape[3], x.shape[2]))
    scores = torch.zeros(1, count)
    scores[0, 0] = 1.0
    return torch.zeros(1, count, 4), scores


def test_a_missing_tensor_is_told_and_the_unused_head_may_be_missing(tensors):
    with pytest.raises(CheckpointBroken, match=r"fpn\.merge2\.0\.weight"):
        RetinaFace.of({name: tensors[name] for name in tensors if name != "fpn.merge2.0.weight"})
    RetinaFace.of({name: tensors[name] for name in tensors if not name.startswith("LandmarkHead")})
