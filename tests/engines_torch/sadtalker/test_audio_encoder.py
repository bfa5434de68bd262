from __future__ import annotations

import pytest
import torch
from tests.fakes.sadtalker_release import values
from torch.nn import functional

from svc_video.engines.sadtalker.audio2exp import AudioToExpression
from svc_video.engines.sadtalker.audio_encoder import LAYERS, AudioEncoder
from troupe.wire.errors import CheckpointBroken

PREFIX = "audio_encoder."
NORM = ("running_mean", "running_var", "weight", "bias")


@pytest.fixture(scope="module")
def tensors():
    held = {name: torch.from_numpy(array) for name, array in values("audio2exp").items()}
    return {name.removeprefix(PREFIX): tensor for name, tensor in held.items() if name.startswith(PREFIX)}


@pytest.fixture(scope="module")
def windows():
    return torch.randn(5, 1, 80, 16, generator=torch.Generator().manual_seed(0)) * 2


def layer_by_layer(tensors, planes):
    for layer, (stride, padding, residual) in enumerate(LAYERS):
        block = f"{layer}.conv_block."
        given = functional.conv2d(planes, tensors[block + "0.weight"], tensors[block + "0.bias"], stride, padding)
        given = functional.batch_norm(given, *(tensors[f"{block}1.{part}"] for part in NORM))
        planes = functional.relu(given + planes if residual else given)
    return planes[:, :, 0, 0]


def test_folded_norms_give_what_norms_gave(tensors, windows):
    encoder = AudioEncoder.of(tensors, "audio2exp")
    with torch.inference_mode():
        given, wanted = encoder(windows), layer_by_layer(tensors, windows)
    assert given.shape == (5, encoder.width)
    assert (given - wanted).abs().max() < 1e-5
    assert wanted.std() > 0.01


def test_windows_are_encoded_alike_alone_and_together(tensors, windows):
    encoder = AudioEncoder.of(tensors, "audio2exp")
    with torch.inference_mode():
        alone = torch.cat([encoder(window[None]) for window in windows])
        assert (encoder(windows) - alone).abs().max() < 1e-5


@pytest.mark.parametrize("name", ["0.conv_block.0.weight", "12.conv_block.1.running_var"])
def test_a_missing_tensor_is_named(tensors, name):
    with pytest.raises(CheckpointBroken, match=name):
        AudioEncoder.of({key: tensor for key, tensor in tensors.items() if key != name}, "audio2pose")


def test_a_tensor_without_a_place_is_named(tensors):
    with pytest.raises(CheckpointBroken, match="has no place in it"):
        AudioEncoder.of(tensors | {"13.conv_block.0.weight": torch.zeros(1)}, "audio2exp")


def test_an_expression_hears_sees_its_reference_and_blinks(windows):
    network = AudioToExpression.of({name: torch.from_numpy(array) for name, array in values("audio2exp").items()})
    reference, open_eyes = torch.randn(5, 64), torch.zeros(5)
    with torch.inference_mode():
        usual = network(windows, reference, open_eyes)
        assert usual.shape == (5, 64)
        for changed in (
            network(windows.flip(0), reference, open_eyes),
            network(windows, reference + 1, open_eyes),
            network(windows, reference, open_eyes + 1),
        ):
            assert (changed - usual).abs().max() > 1e-3


def test_an_expression_network_of_another_shape_is_broken():
    held = {name: torch.from_numpy(array) for name, array in values("audio2exp").items()}
    with pytest.raises(CheckpointBroken, match="audio2exp"):
        AudioToExpression.of(held | {"mapping1.bias": torch.zeros(65)})
