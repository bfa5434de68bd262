"""Convolutions with fewer multiplications are the same convolutions."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from svc_video.engines.sadtalker.fourier import FourierConvolution
from svc_video.engines.sadtalker.phases import PhaseTiles, phased
from svc_video.engines.sadtalker.reader import Kernel
from svc_video.engines.sadtalker.volumes import VolumeWinograd, cells, volume, within
from svc_video.engines.sadtalker.winograd import (
    BAND,
    KeptTiles,
    PictureTiles,
    Winograd,
    Workspace,
    add,
    inside,
    store,
    store_relu,
)

CLOSE = 5e-5


def kernel(outputs: int, inputs: int, *sides: int) -> Kernel:
    scale = (inputs * torch.Size(sides).numel()) ** -0.5
    return Kernel(scale * torch.randn(outputs, inputs, *sides), torch.randn(outputs))


def pictured(work: Workspace, image: Tensor) -> Tensor:
    """(1, C, H, W) in a bordered picture."""
    held = work.picture("seen", *image.shape[2:], image.shape[1])
    inside(held).copy_(image[0].permute(1, 2, 0))
    return held


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.mark.parametrize(("height", "width"), [(4, 4), (8, 20), (132, 128)])
def test_a_picture(height, width):
    work, image, convolution = Workspace(), torch.randn(1, 5, height, width), kernel(7, 5, 3, 3)
    result = torch.empty(height, width, 7)
    Winograd(convolution)(PictureTiles(pictured(work, image)), store(result), work)
    expected = functional.conv2d(image, convolution.weight, convolution.bias, padding=1)
    assert (result.permute(2, 0, 1) - expected[0]).abs().max() < CLOSE


def test_more_tiles_than_a_band_holds_are_in_the_test_above():
    assert 2 * BAND < (132 // 4) * (128 // 4)


def test_sinks_and_kept_tiles():
    work, image, convolution = Workspace(), torch.randn(1, 5, 8, 8), kernel(7, 5, 3, 3)
    kept = KeptTiles(PictureTiles(pictured(work, image)), work)
    expected = functional.conv2d(image, convolution.weight, convolution.bias, padding=1)[0].permute(1, 2, 0)
    before = torch.randn(8, 8, 7)
    added, positive = before.clone(), torch.empty(8, 8, 7)
    Winograd(convolution)(kept, add(added), work)
    Winograd(convolution)(kept, store_relu(positive), work)
    assert (added - before - expected).abs().max() < CLOSE
    assert (positive - expected.relu()).abs().max() < CLOSE


def test_a_workspace_used_for_another_size_has_its_border_back():
    work = Workspace()
    work.picture("seen", 8, 8, 3).fill_(1.0)
    small = work.picture("seen", 4, 8, 2)
    assert small.sum() == inside(small).sum()


@pytest.mark.parametrize("factor", [2, 4])
def test_phases_are_the_convolutions_of_the_enlarged_picture(factor):
    """Two of them, one after the other with a ReLU between, as in SPADE."""
    work, image = Workspace(), torch.randn(1, 5, 8, 12)
    first, second = kernel(3, 5, 3, 3), kernel(7, 3, 3, 3)
    small = phased(first, factor)
    hidden = work.picture("hidden", 8, 12, small.outputs)
    Winograd(small)(PictureTiles(pictured(work, image)), store_relu(inside(hidden)), work)
    result = torch.empty(8 * factor, 12 * factor, 7)
    Winograd(second)(PhaseTiles(hidden, factor), store(result), work)
    large = functional.interpolate(image, scale_factor=factor)
    expected = functional.conv2d(large, first.weight, first.bias, padding=1).relu()
    expected = functional.conv2d(expected, second.weight, second.bias, padding=1)
    assert (result.permute(2, 0, 1) - expected[0]).abs().max() < CLOSE


@pytest.mark.parametrize("doubled", [False, True])
def test_a_volume(doubled):
    work, x, convolution = Workspace(), torch.randn(1, 5, 6, 8, 12), kernel(7, 5, 3, 3, 3)
    held = volume(work, "seen", (6, 8, 12), 5)
    within(held).copy_(x[0].permute(1, 2, 3, 0))
    large = functional.interpolate(x, scale_factor=(1, 2, 2)) if doubled else x
    result = torch.empty(*large.shape[2:], 7)
    sink = lambda band, pixels: cells(result, band).copy_(pixels)  # noqa: E731
    VolumeWinograd(convolution, doubled=doubled)(held, sink, work)
    expected = functional.conv3d(large, convolution.weight, convolution.bias, padding=1)
    assert (result.permute(3, 0, 1, 2) - expected[0]).abs().max() < CLOSE


def test_wide_kernels_by_fourier_transforms():
    work, x, convolution = Workspace(), torch.randn(1, 5, 6, 16, 32), kernel(3, 5, 7, 7, 7)
    bordered = functional.pad(x[0].permute(1, 2, 3, 0), (0, 0, 3, 3, 3, 3)).contiguous()
    result = FourierConvolution(convolution)(bordered, work)
    expected = functional.conv3d(x, convolution.weight, convolution.bias, padding=3)
    assert (result.permute(3, 0, 1, 2) - expected[0]).abs().max() < CLOSE
