"""The forms for a card, on a processor: the same numbers as the plain ones."""

from __future__ import annotations

import importlib.util
import os
import sys

import pytest
import torch
from tests.fakes.sadtalker_release import values
from torch.nn import functional

from svc_video.engines.sadtalker.dense_motion import DenseMotion
from svc_video.engines.sadtalker.dense_motion_fused import FusedMotion, PlaneLayer, VolumeLayer
from svc_video.engines.sadtalker.fused import PATTERNS, InTorch, enlarged, fused
from svc_video.engines.sadtalker.generator import Bridge, Encoder
from svc_video.engines.sadtalker.keypoints import DEPTH
from svc_video.engines.sadtalker.reader import CPU, Kernel, Place, Reader
from svc_video.engines.sadtalker.spade import SpadeDecoder
from svc_video.engines.sadtalker.spade_fused import FusedDecoder
from troupe.wire.errors import CheckpointBroken

CUDA = torch.cuda.is_available()
DEVICE = torch.device("cuda" if CUDA else "cpu")
if importlib.util.find_spec("triton") and not CUDA:
    os.environ["TRITON_INTERPRET"] = "1"  # read when Triton is imported


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader({name: torch.from_numpy(array) for name, array in values("generator").items()}, "generator")


@pytest.fixture(scope="module")
def label(reader) -> int:
    return Bridge(reader, Encoder(reader, DEPTH).channels * DEPTH).channels


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("factor", [2, 4])
@pytest.mark.parametrize("parts", [1, 3])
def test_a_kernel_of_an_enlarged_picture_sees_the_small_one(factor, parts) -> None:
    kernel = Kernel(noise(6, 5, 3, 3), noise(6, seed=1))
    picture = noise(2, 5, 4, 7, seed=2)
    large = functional.interpolate(picture, scale_factor=factor)
    wanted = functional.relu(functional.conv2d(large, kernel.weight, kernel.bias, padding=1))
    small = enlarged(kernel, factor)
    assert small.weight.shape == (len(PATTERNS[factor]) ** 2 * 6, 5, 2, 2)
    low = functional.conv2d(picture, small.weight, padding=1)
    found = torch.cat(InTorch().spread(low, small.bias, factor, parts), dim=1)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)


def test_what_keeps_its_size_gets_bias_and_relu() -> None:
    low, bias = noise(2, 6, 4, 5), noise(6, seed=1)
    first, second = InTorch().spread(low, bias, 1, 2)
    assert torch.equal(torch.cat((first, second), dim=1), functional.relu(low + bias.view(1, -1, 1, 1)))


@pytest.mark.parametrize(("factor", "slope"), [(1, 0.2), (2, 0.2), (2, 1.0)])
def test_a_modulation_is_a_spade(factor, slope) -> None:
    x, maps, bias = noise(2, 8, 5, 6) * 3 + 7, noise(2, 16, 5 * factor, 6 * factor, seed=1), noise(16, seed=2)
    large = functional.interpolate(x, scale_factor=factor)
    scale, shift = (maps + bias.view(1, -1, 1, 1)).chunk(2, dim=1)
    wanted = functional.leaky_relu(functional.instance_norm(large) * scale + shift, slope)
    found = InTorch().modulated(x, InTorch().moments(x), maps, bias, factor=factor, slope=slope)
    torch.testing.assert_close(found, wanted, atol=2e-5, rtol=0)


def test_the_fused_decoder_is_the_decoder(reader, label) -> None:
    plain, other = SpadeDecoder(reader, label), FusedDecoder(reader, label, CPU)
    features = noise(2, label, 24, 16)
    torch.testing.assert_close(other(features), plain(features), atol=1e-5, rtol=0)
    torch.testing.assert_close(other(features)[:1], other(features[:1]), atol=1e-5, rtol=0)


def test_halves_stay_near(reader, label) -> None:
    features = noise(1, label, 16, 16)
    wanted = SpadeDecoder(reader, label)(features)
    for dtype, apart in ((torch.float16, 5e-3), (torch.bfloat16, 5e-2)):
        found = FusedDecoder(reader, label, Place(CPU.device, dtype))(features.to(dtype))
        assert found.dtype == dtype
        assert (found.float() - wanted).abs().max() < apart


def test_a_decoder_that_does_not_narrow_is_refused(label) -> None:
    tensors = {name: torch.from_numpy(array) for name, array in values("generator").items() if ".up_" not in name}
    middle, up = "decoder.G_middle_0.", "decoder.up_0."
    tensors |= {name.replace(middle, up): tensor for name, tensor in tensors.items() if name.startswith(middle)}
    with pytest.raises(CheckpointBroken, match="narrow"):
        FusedDecoder(Reader(tensors, "generator"), label, CPU)


@pytest.mark.parametrize(("layers", "size"), [(PlaneLayer, (16, 32, 32)), (VolumeLayer, (16, 32, 64))])
def test_the_fused_motion_is_the_motion(reader, layers, size) -> None:
    channels = Encoder(reader, DEPTH).channels
    plain, other = DenseMotion(reader, channels, DEPTH), FusedMotion(reader, channels, DEPTH, CPU, layers=layers)
    volume = noise(2, channels, *size)
    compressed = plain.compressed(volume)
    assert torch.equal(other.compressed(volume), compressed)
    source = noise(2, plain.keypoints, 3, seed=1) / 2
    wanted, found = (network(compressed, source, source + 0.1) for network in (plain, other))
    torch.testing.assert_close(found.places, wanted.places, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.occlusion, wanted.occlusion, atol=1e-5, rtol=0)
    assert wanted.places.std() > 0.1
    assert wanted.occlusion.std() > 0.01


def test_a_processor_takes_the_definitions() -> None:
    assert isinstance(fused(torch.device("cpu")), InTorch)


def test_a_card_without_triton_takes_the_definitions(monkeypatch, caplog) -> None:
    monkeypatch.setitem(sys.modules, "triton", None)
    monkeypatch.delitem(sys.modules, "svc_video.engines.sadtalker.fused_triton", raising=False)
    assert isinstance(fused(torch.device("cuda")), InTorch)
    assert "Triton's kernels cannot run here" in caplog.text


@pytest.mark.skipif(not importlib.util.find_spec("triton"), reason="Triton comes with PyTorch for a card alone")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_kernels_compute_what_is_defined(dtype) -> None:
    from svc_video.engines.sadtalker.fused_triton import InTriton

    apart = {torch.float32: 1e-5, torch.float16: 2e-2}[dtype]
    for factor, parts in ((1, 3), (2, 1), (4, 3)):
        low = place(noise(2, 12 * len(PATTERNS[factor]) ** 2, 5 + (factor > 1), 6 + (factor > 1)), dtype)
        bias = noise(12, seed=1).to(DEVICE)
        pairs = zip(
            InTorch().spread(low, bias, factor, parts), InTriton().spread(low, bias, factor, parts), strict=True
        )
        for wanted, found in pairs:
            torch.testing.assert_close(found, wanted, atol=apart, rtol=0)
    for factor, height in ((1, 33), (2, 5)):  # more and fewer pixels than a part has
        x = place(noise(2, 80, height, 9) * 3 + 7, dtype)
        maps, bias = place(noise(2, 160, height * factor, 9 * factor, seed=1), dtype), noise(160, seed=2).to(DEVICE)
        moments, own = InTorch().moments(x), InTriton().moments(x)
        torch.testing.assert_close(own.mean, moments.mean, atol=1e-4, rtol=0)
        torch.testing.assert_close(own.scale, moments.scale, atol=1e-4, rtol=0)
        wanted, found = (
            passes.modulated(x, moments, maps, bias, factor=factor, slope=0.2) for passes in (InTorch(), InTriton())
        )
        torch.testing.assert_close(found, wanted, atol=apart, rtol=0)


def place(x: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return x.to(DEVICE, dtype).contiguous(memory_format=torch.channels_last)
