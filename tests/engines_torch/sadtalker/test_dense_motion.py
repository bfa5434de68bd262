"""The dense motion network both ways, against the same written out."""

from __future__ import annotations

import pytest
import torch
from tests.engines_torch.sadtalker import plain
from tests.engines_torch.sadtalker.rendering import DEPTH, SIZE, distance, poses, tensors

from svc_video.engines.sadtalker.dense_motion import FAINT, DenseMotion
from svc_video.engines.sadtalker.dense_motion_winograd import WinogradMotion
from svc_video.engines.sadtalker.reader import Reader
from svc_video.engines.sadtalker.winograd import Workspace


@pytest.fixture(scope="module")
def asked():
    held = tensors("generator")
    held["dense_motion_network.mask.weight"] *= 4  # so that many masks are faint
    channels = held["resblocks_3d.3dr0.conv1.bias"].shape[0]
    features = torch.randn(2, channels, DEPTH, SIZE // 4, SIZE // 4, generator=torch.Generator().manual_seed(0))
    source, driving = poses(2, seed=1, strength=0.3), poses(2, seed=2, strength=0.3)
    with torch.inference_mode():
        return held, features, source, driving, plain.motion(held, features, source, driving)


@pytest.fixture(params=["direct", "winograd"])
def network(request, asked):
    reader, channels = Reader(asked[0], "generator"), asked[1].shape[1]
    if request.param == "direct":
        return DenseMotion(reader, channels, DEPTH)
    return WinogradMotion(reader, channels, DEPTH, Workspace())


def near_the_cut(mask):
    """Cells where rounding decides whether a mask counts, (B, D, H, W)."""
    return ((mask - FAINT).abs() < 1e-6).any(1)


@torch.inference_mode()
def test_motion(asked, network):
    _, features, source, driving, (mask, places, occlusion) = asked
    found = network(network.compressed(features), source, driving)
    sure = ~near_the_cut(mask)
    assert sure.float().mean() > 0.99
    assert distance(found.places[sure], places[sure]) < 1e-4
    assert distance(found.occlusion, occlusion) < 1e-4


def test_the_cut_of_faint_masks_is_seen_by_these_tests(asked):
    mask = asked[4][0]
    cut = (mask < FAINT).float().mean()
    assert 0.01 < cut < 0.99


@torch.inference_mode()
def test_a_frame_is_the_same_alone(asked, network):
    _, features, source, driving, (mask, _, _) = asked
    both = network(network.compressed(features), source, driving)
    alone = network(network.compressed(features[1:]), source[1:], driving[1:])
    sure = ~near_the_cut(mask)[1:]
    assert distance(both.places[1:][sure], alone.places[sure]) < 1e-5
    assert distance(both.occlusion[1:], alone.occlusion) < 1e-5
