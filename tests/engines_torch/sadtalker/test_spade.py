"""The decoder both ways, against the same written out."""

from __future__ import annotations

import pytest
import torch
from tests.engines_torch.sadtalker import plain
from tests.engines_torch.sadtalker.rendering import distance, tensors

from svc_video.engines.sadtalker.reader import Reader
from svc_video.engines.sadtalker.spade import SpadeDecoder
from svc_video.engines.sadtalker.spade_winograd import WinogradDecoder
from svc_video.engines.sadtalker.winograd import Workspace
from troupe.wire.errors import CheckpointBroken


@pytest.fixture(scope="module")
def held():
    return tensors("generator")


def decoder(kind, held):
    label = held["decoder.fc.weight"].shape[1]
    reader = Reader(held, "generator")
    return SpadeDecoder(reader, label) if kind == "direct" else WinogradDecoder(reader, label, Workspace())


@pytest.mark.parametrize("kind", ["direct", "winograd"])
@pytest.mark.parametrize("size", [(16, 16), (8, 20)])
@torch.inference_mode()
def test_pictures(held, kind, size):
    features = torch.randn(2, held["decoder.fc.weight"].shape[1], *size, generator=torch.Generator().manual_seed(0))
    pictures = decoder(kind, held)(features)
    assert pictures.shape == (2, 3, 4 * size[0], 4 * size[1])
    assert pictures.std() > 0.05
    assert distance(pictures, plain.decoded(held, features)) < 1e-4


@torch.inference_mode()
def test_the_same_decoder_twice_and_at_another_size(held):
    """Memory is used again; what was in it must not be seen."""
    decode = decoder("winograd", held)
    label = held["decoder.fc.weight"].shape[1]
    small, large = torch.randn(1, label, 8, 8), torch.randn(1, label, 16, 8)
    first = decode(small)
    decode(large)
    assert torch.equal(decode(small), first)


@pytest.mark.parametrize("kind", ["direct", "winograd"])
def test_a_missing_vector_of_a_spectral_norm_is_named(held, kind):
    part = {name: held[name] for name in held if name != "decoder.up_1.conv_s.weight_v"}
    with pytest.raises(CheckpointBroken, match=r"lacks decoder\.up_1\.conv_s\.weight_v"):
        decoder(kind, part)
