from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from tests.bench.sadtalker.front_questions import NETWORKS, SEED, WIDTH, noise, picture
from tests.fakes.sadtalker_release import values

from svc_video.engines.sadtalker.awing import Awing, placed
from svc_video.engines.sadtalker.heatmaps import points_of
from troupe.wire.errors import CheckpointBroken


@pytest.fixture(scope="module")
def tensors():
    return {name: torch.from_numpy(np.asarray(v)) for name, v in values("fan", WIDTH, SEED).items()}


@pytest.fixture(scope="module")
def network(tensors):
    return Awing.of(tensors)


def fed(crop):
    return torch.from_numpy(cv2.resize(crop, (256, 256))[..., ::-1].copy()).permute(2, 0, 1)[None].float() / 255


def test_its_maps_are_upstreams(network):
    maps = network(fed(picture()))
    assert maps.shape == (1, 99, 64, 64)
    np.testing.assert_allclose(maps[0, ::3, ::4, ::4].numpy(), np.load(NETWORKS)["fan.maps"], atol=1e-4)


def test_crops_of_any_size_are_read_as_one_by_one(network):
    crops = [noise(90 + 7 * i, 140 - 5 * i, i) for i in range(6)]  # more than are looked at at once
    for crop, points in zip(crops, network.points(crops), strict=True):
        alone = points_of(network(fed(crop))[0, :-1].numpy(), crop.shape[1], crop.shape[0])
        assert points.shape == (98, 2)
        close = np.abs(points - alone).max(axis=1) < 2  # a peak of noise may have a rival
        assert close.mean() > 0.9
        assert points.max(axis=0) == pytest.approx(crop.shape[1::-1], rel=0.1)
    assert network.points([]) == []


def test_cells_are_told_where_they_lie_and_the_outlines_cells_twice():
    maps = torch.zeros(2, 3, 4, 5)
    maps[:, -1, 1, 2] = 0.06
    maps[:, -1, 3, 3] = 0.04  # too faint
    told = placed(torch.zeros(2, 1, 4, 5), maps)
    assert told.shape == (2, 6, 4, 5)
    assert told[1, 1, :, 0].tolist() == pytest.approx([-1, -1 / 3, 1 / 3, 1])  # row
    assert told[1, 2, 0].tolist() == [-1, -0.5, 0, 0.5, 1]  # column
    assert told[1, 3].max() == 1
    assert torch.count_nonzero(told[:, 4]) == 2
    assert told[0, 4, 1, 2] == pytest.approx(-1 / 3)


def test_a_missing_tensor_is_told(tensors):
    with pytest.raises(CheckpointBroken, match=r"lacks m2\.b2_plus_1\.conv3\.weight"):
        Awing.of({name: tensors[name] for name in tensors if name != "m2.b2_plus_1.conv3.weight"})
