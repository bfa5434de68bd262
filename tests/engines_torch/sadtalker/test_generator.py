"""Encoder and bridge, against the same written out."""

from __future__ import annotations

import torch
from tests.engines_torch.sadtalker import plain
from tests.engines_torch.sadtalker.rendering import DEPTH, distance, picture, source, tensors
from torch.nn import functional

from svc_video.engines.sadtalker.generator import Bridge, Encoder
from svc_video.engines.sadtalker.reader import Reader


@torch.inference_mode()
def test_encoder():
    held = tensors("generator")
    pictures = torch.cat([picture(source(seed)) for seed in (0, 1)])
    encoder = Encoder(Reader(held, "generator"), DEPTH)
    volumes = encoder(pictures)
    assert volumes.shape == (2, encoder.channels, DEPTH, 32, 32)
    assert distance(volumes, plain.volume(held, pictures)) < 1e-4


@torch.inference_mode()
def test_bridge():
    held = tensors("generator")
    channels = held["resblocks_3d.3dr0.conv1.bias"].shape[0]
    volumes, occlusion = torch.randn(2, channels, DEPTH, 8, 8), torch.rand(2, 1, 8, 8)
    found = Bridge(Reader(held, "generator"), channels * DEPTH)(volumes, occlusion)
    third = plain.norm(held, "third.norm", plain.conv(held, "third.conv", volumes.flatten(1, 2)))
    expected = plain.conv(held, "fourth", functional.leaky_relu(third, 0.01)) * occlusion
    assert distance(found, expected) < 1e-5
