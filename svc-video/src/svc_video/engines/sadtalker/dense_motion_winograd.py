"""The dense motion network for a CPU in fp32: the same as `dense_motion`, one frame at a time, channels innermost."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from svc_video.engines.sadtalker.dense_motion import FAINT, NAME, HourglassKernels, Motion
from svc_video.engines.sadtalker.fourier import FourierConvolution
from svc_video.engines.sadtalker.grids import bumps, identity
from svc_video.engines.sadtalker.hourglass_winograd import WinogradHourglass
from svc_video.engines.sadtalker.reader import CPU, Kernel, Reader
from svc_video.engines.sadtalker.winograd import Workspace


class Occlusion:
    """A 7x7 convolution of all channels and depths to one: one matrix product, whose columns are summed diagonally."""

    def __init__(self, kernel: Kernel, depth: int) -> None:
        self._side = kernel.weight.shape[-1]
        weight = kernel.weight[0].unflatten(0, (-1, depth)).permute(1, 0, 2, 3)
        self._weight = weight.flatten(2).contiguous()  # (D, C, 49)
        self._bias = kernel.bias.clone()

    def __call__(self, bordered: Tensor) -> Tensor:
        """(D, H + 6, W + 6, C) -> (1, H, W): 0 hidden, 1 seen."""
        _, height, width, channels = bordered.shape
        products = bordered.new_zeros(height * width, self._side**2)
        for plane, weight in zip(bordered, self._weight, strict=True):
            products.addmm_(plane.view(-1, channels), weight)
        row, column = products.stride(0) * width, products.stride(0)
        shape = (height - self._side + 1, width - self._side + 1, self._side, self._side)
        seen = products.as_strided(shape, (row, column, row + self._side, column + 1))
        return torch.sigmoid_(seen.sum(dim=(2, 3)) + self._bias)[None]


class WinogradMotion:
    """The dense motion network."""

    def __init__(self, reader: Reader, channels: int, depth: int, work: Workspace) -> None:
        self._work = work
        self._compress = reader.normalized(NAME + "compress", NAME + "norm", channels, 1, 1, 1).at(CPU)
        self._hourglass = WinogradHourglass(HourglassKernels.read(reader))
        mask = reader.convolution(NAME + "mask", self._hourglass.outputs, 7, 7, 7)
        self._mask, self.keypoints = FourierConvolution(mask), mask.outputs - 1
        self._occlusion = Occlusion(
            reader.convolution(NAME + "occlusion", self._hourglass.outputs * depth, 7, 7), depth
        )

    def compressed(self, volume: Tensor) -> Tensor:
        """(B, C, D, H, W) -> (B, 4, D, H, W): what the proposals move, once per source."""
        return functional.relu_(functional.conv3d(volume, self._compress.weight, self._compress.bias))

    def __call__(self, compressed: Tensor, source: Tensor, driving: Tensor) -> Motion:
        """Volumes (B, 4, D, H, W) and key points (B, K, 3) of the source and of the frames -> their motion."""
        motions = [self._motion(*each) for each in zip(compressed, source[:, None], driving[:, None], strict=True)]
        return Motion(torch.stack([motion.places for motion in motions]), torch.stack([m.occlusion for m in motions]))

    def _motion(self, compressed: Tensor, source: Tensor, driving: Tensor) -> Motion:
        """(4, D, H, W), (1, K, 3) twice -> one frame's."""
        work = self._work
        depth, height, width = size = compressed.shape[1:]
        shifts = functional.pad((source - driving)[0], (0, 0, 1, 0))  # the background's comes first
        level, evidence = self._hourglass.level((depth, height, width), work)
        grid = identity(size, compressed)
        held = evidence.unflatten(3, (len(shifts), -1)).permute(3, 4, 0, 1, 2)  # (proposals, 1 + 4, D, H, W)
        held[0, 0] = 0.0  # the background has no bump
        held[1:, 0] = (bumps(driving, size) - bumps(source, size))[0]
        for proposal, shift in zip(held, shifts, strict=True):
            proposal[1:] = functional.grid_sample(compressed[None], (grid + shift)[None], align_corners=False)[0]
        features = self._hourglass(level, self._mask.border, work)
        mask = functional.softmax(self._mask(features, work), dim=3)
        mask = mask.masked_fill_(mask < FAINT, 0.0)
        # Each proposal is grid + shift, but the masks no longer sum to one.
        places = torch.matmul(mask, shifts).addcmul_(mask.sum(dim=3, keepdim=True), grid)
        return Motion(places, self._occlusion(features))
