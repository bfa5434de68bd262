from __future__ import annotations

import math

import pytest
import torch
from tests.fakes.sadtalker_release import values
from torch.nn import functional

from svc_video.engines.sadtalker.headpose import Heads, degrees, rotation
from svc_video.engines.sadtalker.mapping import REACH, Mapping, still_heads
from troupe.wire.errors import CheckpointBroken

WINDOW = 2 * REACH + 1
PARTS = {"mapping_crop": 70, "mapping_full": 73}


def tensors(part):
    return {name: torch.from_numpy(array) for name, array in values(part).items()}


def frame_by_frame(held, window):
    """The network as the release tells it, for one window of 27 frames."""
    planes = functional.conv1d(window.T[None], held["first.0.weight"], held["first.0.bias"])
    for layer in range(3):
        weight, bias = held[f"encoder{layer}.1.weight"], held[f"encoder{layer}.1.bias"]
        planes = functional.conv1d(functional.leaky_relu(planes, 0.1), weight, bias, dilation=3) + planes[..., 3:-3]
    seen = planes.mean(-1)
    names = ("fc_yaw", "fc_pitch", "fc_roll", "fc_t", "fc_exp")
    return [functional.linear(seen, held[f"{name}.weight"], held[f"{name}.bias"]) for name in names]


@pytest.mark.parametrize("part", PARTS)
@torch.inference_mode()
def test_sliding_gives_what_window_after_window_gives(part):
    held, rows = tensors(part), torch.randn(20 + 2 * REACH, PARTS[part]) / 2
    network = Mapping.of(held)
    assert (network.coefficients, network.points) == (PARTS[part], 15)
    slid = network(rows)
    alone = Heads.join([Heads.of(*frame_by_frame(held, rows[k : k + WINDOW])) for k in range(20)])
    assert (slid.angles - alone.angles).abs().max() < 1e-3  # degrees
    assert (slid.translation - alone.translation).abs().max() < 1e-5
    assert (slid.expression - alone.expression).abs().max() < 1e-5


@torch.inference_mode()
def test_a_picture_is_a_film_that_never_changes():
    network, row = Mapping.of(tensors("mapping_crop")), torch.randn(73)
    film = network(row[:70].expand(WINDOW + 4, -1))
    still = still_heads(network, row)
    assert len(still) == 1
    assert (film.expression - still.expression).abs().max() < 1e-6


@pytest.mark.parametrize("name", ["first.0.bias", "encoder1.1.weight", "fc_yaw.bias", "fc_exp.weight"])
def test_a_missing_tensor_is_a_broken_checkpoint(name):
    held = tensors("mapping_crop")
    del held[name]
    with pytest.raises(CheckpointBroken, match="mapping"):
        Mapping.of(held)


def test_a_tensor_without_a_place_is_named():
    with pytest.raises(CheckpointBroken, match="fc_mouth"):
        Mapping.of(tensors("mapping_crop") | {"fc_mouth.bias": torch.zeros(3)})


def test_an_angle_is_the_mean_of_its_classes():
    classes = torch.zeros(3, 66)
    classes[1, 33] = classes[2, 65] = 100
    assert degrees(classes).tolist() == pytest.approx([-1.5, 0, 96])


def about(axis, angle):
    """The rotation about one axis, radians."""
    turn = torch.eye(3, dtype=torch.float64)
    first, second = [k for k in range(3) if k != axis]
    sign = -1 if axis == 1 else 1
    turn[first, first] = turn[second, second] = math.cos(angle)
    turn[first, second], turn[second, first] = -sign * math.sin(angle), sign * math.sin(angle)
    return turn


@pytest.mark.parametrize("angles", [(0, 0, 0), (20, 0, 0), (0, 20, 0), (0, 0, 20), (12, -33, 48)])
def test_a_head_turns_by_pitch_yaw_and_roll_with_the_pi_it_was_trained_with(angles):
    yaw, pitch, roll = (angle / 180 * 3.14 for angle in angles)
    wanted = about(0, pitch) @ about(1, yaw) @ about(2, roll)
    assert (rotation(torch.tensor([angles], dtype=torch.float64))[0] - wanted).abs().max() < 1e-12


@pytest.mark.parametrize("several", [False, True], ids=["one face", "a face each"])
def test_key_points_are_turned_then_moved_up_or_down_then_shifted(several):
    zeros = torch.zeros(2, 66)
    heads = Heads.of(zeros, zeros, zeros, torch.tensor([[1.0, 2.0, 3.0]] * 2), torch.randn(2, 12))
    face = torch.randn(2, 4, 3) if several else torch.randn(4, 3)
    turned = face @ rotation(heads.angles)[0].T
    wanted = turned + torch.tensor([0.0, 2.0, 0.0]) + heads.expression
    assert (heads.keypoints(face) - wanted).abs().max() < 1e-6


def test_parts_of_heads_are_heads():
    zeros = torch.zeros(5, 66)
    heads = Heads.of(zeros, zeros, zeros, torch.randn(5, 3), torch.randn(5, 45))
    parts = Heads.join([heads.part(0, 2), heads.part(2, 5)])
    assert len(parts) == 5
    assert (parts.translation == heads.translation).all()
