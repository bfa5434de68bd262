"""The key point detector, against the same written out."""

from __future__ import annotations

import pytest
import torch
from tests.engines_torch.sadtalker import plain
from tests.engines_torch.sadtalker.rendering import distance, picture, source, tensors

from svc_video.engines.sadtalker.keypoints import KeypointDetector
from troupe.wire.errors import CheckpointBroken


@pytest.fixture(scope="module")
def held():
    return tensors("kp_extractor")


@torch.inference_mode()
def test_key_points(held):
    pictures = torch.cat([picture(source(seed)) for seed in (0, 1)])
    found = KeypointDetector.of(held)(pictures)
    assert found.shape == (2, 15, 3)
    assert found.abs().max() < 1
    assert distance(found, plain.keypoints(held, pictures)) < 1e-5


def test_a_missing_tensor_is_named(held):
    part = {name: tensor for name, tensor in held.items() if name != "kp.bias"}
    with pytest.raises(CheckpointBroken, match=r"key point detector lacks kp\.bias"):
        KeypointDetector.of(part)


def test_a_tensor_too_many_is_named(held):
    with pytest.raises(CheckpointBroken, match=r"1 tensors that are not SadTalker's: jacobian\.bias"):
        KeypointDetector.of({**held, "jacobian.bias": torch.zeros(1)})


def test_a_tensor_of_another_shape_is_named(held):
    with pytest.raises(CheckpointBroken, match=r"kp\.weight of shape \(15, 9, 3, 3, 3\)"):
        KeypointDetector.of({**held, "kp.weight": torch.zeros(15, 9, 3, 3, 3)})
