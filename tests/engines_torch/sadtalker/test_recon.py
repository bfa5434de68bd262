from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.bench.sadtalker.front_questions import NETWORKS, SEED, WIDTH, crops
from tests.fakes.sadtalker_release import values

from svc_video.engines.sadtalker.recon import Reconstruction
from troupe.wire.errors import CheckpointBroken


@pytest.fixture(scope="module")
def tensors():
    return {name: torch.from_numpy(np.asarray(v)) for name, v in values("face_3drecon", WIDTH, SEED).items()}


def test_coefficients_are_upstreams(tensors):
    told = np.load(NETWORKS)["recon.coefficients"]
    used = np.concatenate([told[:, 80:144], told[:, 224:227], told[:, 254:257]], axis=1)
    read = Reconstruction.of(tensors)(crops())
    np.testing.assert_allclose(read, used, atol=1e-5)
    assert used.std() > 0.01


def test_a_batch_is_read_as_one_by_one(tensors):
    network = Reconstruction.of(tensors)
    many = np.concatenate([crops()] * 5 + [crops()[:1]])  # more than are read at once, and not a multiple
    read = network(many)
    assert read.shape == (11, 70)
    np.testing.assert_allclose(read[10], network(crops()[:1])[0], atol=1e-5)
    assert network(many[:0]).shape == (0, 70)


def test_a_missing_and_a_foreign_tensor_are_told(tensors):
    with pytest.raises(CheckpointBroken, match=r"lacks backbone\.layer2\.0\.conv1\.weight"):
        Reconstruction.of({name: tensors[name] for name in tensors if name != "backbone.layer2.0.conv1.weight"})
    with pytest.raises(CheckpointBroken, match="stranger"):
        Reconstruction.of({**tensors, "stranger": torch.zeros(1)})
