"""The dense motion network for a card: all its convolutions are of planes, channels innermost.

A volume (N, D, C, H, W) is N * D planes. The hourglass's kernels, which see three planes, come in two layers that
compute the same (`PlaneLayer`, `VolumeLayer`). Where a kernel has seven taps of depth and sixteen outputs, each tap's
outputs are channels of their own, added up afterwards: matrix units want many of both. Numbers as in `dense_motion`:
fp32, TF32 products where the policy allows them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from svc_video.engines.sadtalker.dense_motion import FAINT, NAME, HourglassKernels, Motion
from svc_video.engines.sadtalker.fused import Fused, enlarged, fused
from svc_video.engines.sadtalker.grids import bumps, identity
from svc_video.engines.sadtalker.reader import Kernel, Place, Reader
from svc_video.engines.sadtalker.spade_fused import Convolution

TAPS = 3  # of depth, of the hourglass's kernels


class FusedMotion:
    """The dense motion network."""

    def __init__(
        self,
        reader: Reader,
        channels: int,
        depth: int,
        place: Place,
        passes: Fused | None = None,
        *,
        layers: Layers | None = None,
    ) -> None:
        self._depth = depth
        self._compress = reader.normalized(NAME + "compress", NAME + "norm", channels, 1, 1, 1).at(place)
        made = partial(layers or PlaneLayer, depth=depth, place=place)
        self._hourglass = PlaneHourglass(HourglassKernels.read(reader), made, passes or fused(place.device))
        mask = reader.convolution(NAME + "mask", self._hourglass.outputs, 7, 7, 7)
        self._mask, self.keypoints = Mask(mask, depth, place), mask.outputs - 1
        occlusion = reader.convolution(NAME + "occlusion", self._hourglass.outputs * depth, 7, 7)
        self._occlusion = Occlusion(occlusion, depth, place)

    def compressed(self, volume: Tensor) -> Tensor:
        """(B, C, D, H, W) -> (B, 4, D, H, W): what the proposals move, once per source."""
        return functional.relu_(functional.conv3d(volume, self._compress.weight, self._compress.bias))

    def __call__(self, compressed: Tensor, source: Tensor, driving: Tensor) -> Motion:
        """Volumes (B, 4, D, H, W) and key points (B, K, 3) of the source and of the frames -> their motion."""
        size = compressed.shape[2:]
        shifts = functional.pad(source - driving, (0, 0, 1, 0))  # the background's comes first
        features = self._hourglass(_evidence(compressed, source, driving, shifts))
        mask = functional.softmax(self._mask(features), dim=4)  # (B, D, H, W, proposals)
        mask = mask.masked_fill_(mask < FAINT, 0.0)
        # Each proposal is identity + shift, but the masks no longer sum to one.
        places = mask.sum(dim=4, keepdim=True) * identity(size, mask)
        places += torch.einsum("bdhwk,bkc->bdhwc", mask, shifts)
        return Motion(places, self._occlusion(features))


class PlaneHourglass:
    """As `dense_motion.Hourglass`, of planes."""

    def __init__(self, kernels: HourglassKernels, made: Callable[..., Layer], passes: Fused) -> None:
        self._passes = passes
        self._down = [made(beside(kernel)) for kernel in kernels.down]
        self._up = [made(enlarged(beside(kernel), 2)) for kernel in kernels.up]
        self._last, self.outputs = made(beside(kernels.last)), kernels.last.outputs

    def __call__(self, evidence: Tensor) -> Tensor:
        """(B * D, C, H, W) -> (B * D, outputs, H, W)."""
        hidden, seen = [evidence], []
        for layer in self._down:
            seen.append(hidden[0])
            hidden = [functional.avg_pool2d(self._convolved(hidden, layer, 1), 2)]
        for layer in self._up:
            hidden = [self._convolved(hidden, layer, 2), seen.pop()]
        return self._convolved(hidden, self._last, 1)

    def _convolved(self, planes: Sequence[Tensor], layer: Layer, factor: int) -> Tensor:
        return self._passes.spread(layer(planes), layer.bias, factor, 1)[0]


class Layer(Protocol):
    """A 3D convolution of planes."""

    bias: Tensor

    def __call__(self, planes: Sequence[Tensor]) -> Tensor:
        """(B * D, C, H, W) of one or more, side by side -> (B * D, O, H, W) without the bias."""


class PlaneLayer:
    """What it sees of the neighbours stands beside a plane's own channels: a 2D convolution of three times as many."""

    def __init__(self, kernel: Kernel, *, depth: int, place: Place) -> None:
        self._depth = depth
        self._convolution = Convolution(kernel, place, _padding(kernel))
        self.bias = self._convolution.bias

    def __call__(self, planes: Sequence[Tensor]) -> Tensor:
        """See `Layer`."""
        return self._convolution(neighbours(planes, self._depth))


class VolumeLayer:
    """PyTorch's own 3D convolution of the same memory, channels innermost: moves a third, where it is good at them."""

    def __init__(self, kernel: Kernel, *, depth: int, place: Place) -> None:
        self._depth, self._padding = depth, (TAPS // 2, *(_padding(kernel),) * 2)
        held = kernel.at(place)
        volume = held.weight.contiguous().unflatten(1, (TAPS, -1)).transpose(1, 2)
        self._weight = volume.contiguous(memory_format=torch.channels_last_3d)
        self.bias = held.bias

    def __call__(self, planes: Sequence[Tensor]) -> Tensor:
        """See `Layer`."""
        joined = planes[0] if len(planes) == 1 else torch.cat([part.permute(0, 2, 3, 1) for part in planes], dim=3)
        lines = joined.permute(0, 2, 3, 1) if len(planes) == 1 else joined
        volume = lines.unflatten(0, (-1, self._depth)).permute(0, 4, 1, 2, 3)
        moved = functional.conv3d(volume, self._weight, padding=self._padding)
        return moved.permute(0, 2, 3, 4, 1).flatten(0, 1).permute(0, 3, 1, 2)


Layers = type[PlaneLayer] | type[VolumeLayer]


class Mask:
    """A 7x7x7 convolution: 7x7 to each tap's outputs, then the sum over the taps."""

    def __init__(self, kernel: Kernel, depth: int, place: Place) -> None:
        self._depth, self._taps = depth, kernel.weight.shape[2]
        apart = kernel.weight.transpose(1, 2).transpose(0, 1).flatten(0, 1)  # (taps * O, C, 7, 7)
        self._layer = Convolution(Kernel(apart, kernel.bias), place)

    def __call__(self, features: Tensor) -> Tensor:
        """(B * D, C, H, W) -> logits (B, D, H, W, O)."""
        each = self._layer(features).permute(0, 2, 3, 1).unflatten(0, (-1, self._depth)).unflatten(4, (self._taps, -1))
        summed = each[..., self._taps // 2, :] + self._layer.bias
        for tap in range(self._taps):
            offset = tap - self._taps // 2
            first, last = max(0, -offset), min(self._depth, self._depth - offset)
            if offset and first < last:
                summed[:, first:last] += each[:, first + offset : last + offset, :, :, tap]
        return summed


class Occlusion:
    """A 7x7 convolution of all channels and depths to one: a product to its 49 taps, which are added up in place."""

    def __init__(self, kernel: Kernel, depth: int, place: Place) -> None:
        self._side = kernel.weight.shape[-1]
        weight = kernel.weight[0].flip(1, 2).unflatten(0, (-1, depth)).permute(1, 0, 2, 3).flatten(2)
        self._weight = place.put(weight)  # (D, C, 49)
        self._bias = place.put(kernel.bias)

    def __call__(self, features: Tensor) -> Tensor:
        """(B * D, C, H, W) -> (B, 1, H, W): 0 hidden, 1 seen."""
        height, width = features.shape[2:]
        planes = features.permute(0, 2, 3, 1).flatten(1, 2)  # (B * D, H * W, C)
        depth = len(self._weight)
        each = torch.bmm(planes, self._weight.repeat(len(planes) // depth, 1, 1))
        taps = each.unflatten(0, (-1, depth)).sum(dim=1)  # (B, H * W, 49)
        seen = functional.fold(taps.transpose(1, 2), (height, width), self._side, padding=self._side // 2)
        return torch.sigmoid_(seen + self._bias)


def _padding(kernel: Kernel) -> int:
    """In the plane: what keeps its size, and one cell more for the 2x2 kernels of `enlarged`."""
    return kernel.weight.shape[-1] // 2


def beside(kernel: Kernel) -> Kernel:
    """A 3D kernel (O, C, 3, h, w) as one of planes (O, 3 * C, h, w), the planes' channels one after the other."""
    return Kernel(kernel.weight.transpose(1, 2).flatten(1, 2), kernel.bias)


def neighbours(planes: Sequence[Tensor], depth: int) -> Tensor:
    """Planes (B * D, C, H, W) of one or more -> (B * D, 3 * sum of C, H, W): those before, their own, those after."""
    count, _, height, width = planes[0].shape
    wide = sum(part.shape[1] for part in planes)
    joined = planes[0].new_empty(count // depth, depth, height, width, TAPS, wide)
    joined[:, 0, :, :, 0], joined[:, -1, :, :, -1] = 0.0, 0.0
    first = 0
    for part in planes:
        lines = part.permute(0, 2, 3, 1).unflatten(0, (-1, depth))
        channels = slice(first, first + part.shape[1])
        joined[:, 1:, :, :, 0, channels] = lines[:, :-1]
        joined[:, :, :, :, 1, channels] = lines
        joined[:, :-1, :, :, 2, channels] = lines[:, 1:]
        first = channels.stop
    return joined.flatten(0, 1).flatten(3).permute(0, 3, 1, 2)


def _evidence(compressed: Tensor, source: Tensor, driving: Tensor, shifts: Tensor) -> Tensor:
    """What the hourglass sees: per proposal its bump and the volume it moves, (B * D, proposals * 5, H, W)."""
    batch, channels, depth, height, width = compressed.shape
    size = (depth, height, width)
    proposals = shifts.shape[1]
    evidence = compressed.new_empty(batch, depth, height, width, proposals, 1 + channels)
    evidence[..., 0, 0] = 0.0  # the background has no bump
    evidence[..., 1:, 0] = (bumps(driving, size) - bumps(source, size)).permute(0, 2, 3, 4, 1)
    grid = identity(size, compressed)
    for index in range(proposals):
        places = grid + shifts[:, index, None, None, None]
        moved = functional.grid_sample(compressed, places, align_corners=False)
        evidence[..., index, 1:] = moved.permute(0, 2, 3, 4, 1)
    return evidence.flatten(0, 1).flatten(3).permute(0, 3, 1, 2)
