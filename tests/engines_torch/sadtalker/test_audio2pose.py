from __future__ import annotations

import pytest
import torch
from tests.fakes.sadtalker_release import values

from svc_video.engines.sadtalker.audio2pose import AudioToPose, Dice
from troupe.wire.errors import CheckpointBroken

POSE = torch.tensor([0.1, -0.2, 0.3, 0.0, 0.4, -0.1])


@pytest.fixture(scope="module")
def tensors():
    return {name: torch.from_numpy(array) for name, array in values("audio2pose").items()}


@pytest.fixture(scope="module")
def network(tensors):
    return AudioToPose.of(tensors)


def test_what_only_training_needs_may_be_there_or_not(tensors):
    dead = ("netG.encoder.", "netD_motion.")
    assert any(name.startswith(dead) for name in tensors)
    AudioToPose.of({name: tensor for name, tensor in tensors.items() if not name.startswith(dead)})


@pytest.mark.parametrize(
    "name",
    ["netG.decoder.classbias", "netG.decoder.MLP.L1.weight", "netG.decoder.resunet.bridge.conv_block.2.bias"],
)
def test_a_missing_tensor_is_named(tensors, name):
    with pytest.raises(CheckpointBroken, match=name.split("decoder.")[1].removeprefix("resunet.")):
        AudioToPose.of({key: tensor for key, tensor in tensors.items() if key != name})


def test_a_tensor_without_a_place_is_named(tensors):
    with pytest.raises(CheckpointBroken, match="netX"):
        AudioToPose.of(tensors | {"netX.weight": torch.zeros(1)})


@torch.inference_mode()
def test_chunks_are_decoded_alike_alone_and_together(network):
    heard, latents = torch.randn(3, 32, network.encoder.width), torch.randn(3, network.latent)
    together = network.decode(POSE, 5, latents, heard)
    assert together.shape == (3, 32, 6)
    alone = [network.decode(POSE, 5, latents[k : k + 1], heard[k : k + 1]) for k in range(3)]
    assert (together - torch.cat(alone)).abs().max() < 1e-5


@torch.inference_mode()
def test_pose_style_chance_and_sound_all_tell(network):
    heard, latents = torch.randn(1, 32, network.encoder.width), torch.randn(1, network.latent)
    usual = network.decode(POSE, 0, latents, heard)
    for changed in (
        network.decode(POSE + 1, 0, latents, heard),
        network.decode(POSE, 45, latents, heard),
        network.decode(POSE, 0, -latents, heard),
        network.decode(POSE, 0, latents, heard.flip(1)),
    ):
        assert (changed - usual).abs().max() > 1e-5


def test_the_dice_fall_as_torchs_own_generator_of_that_seed():
    torch.manual_seed(11)
    wanted = torch.cat([torch.randn(1, 64) for _ in range(5)])
    assert (Dice(11, 64).draw(5) == wanted).all()


@pytest.mark.parametrize("length", [8, 64])
def test_the_dice_of_a_later_chunk_fall_as_they_would_have(length):
    assert (Dice(3, length, 4).draw(2) == Dice(3, length).draw(6)[4:]).all()


def test_no_chunk_is_no_draw():
    assert Dice(3, 64).draw(0).shape == (0, 64)
