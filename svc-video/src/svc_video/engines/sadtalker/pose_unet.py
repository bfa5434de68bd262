"""The last part of the head's pose: a U-Net over (frames, 6 values), halved and doubled along the frames only.

Residual blocks with the norm before the activation (Deep Residual U-Net, arXiv:1711.10684). Parameters carry the names
of the release.
"""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from svc_video.engines.sadtalker.filling import Tensors, fill, shape


class ResidualConv(nn.Module):
    """Two convolutions, beside one with a norm; `stride` is of the frames."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.ReLU(),
            nn.Conv2d(inputs, outputs, 3, (stride, 1), 1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )
        self.conv_skip = nn.Sequential(nn.Conv2d(inputs, outputs, 3, (stride, 1), 1), nn.BatchNorm2d(outputs))

    def forward(self, planes: Tensor) -> Tensor:
        """(n, inputs, frames, 6) -> (n, outputs, frames / stride, 6)."""
        return self.conv_block(planes) + self.conv_skip(planes)


class Doubling(nn.Module):
    """Twice the frames."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.upsample = nn.ConvTranspose2d(channels, channels, (2, 1), (2, 1))

    def forward(self, planes: Tensor) -> Tensor:
        """(n, c, frames, 6) -> (n, c, 2 frames, 6)."""
        return self.upsample(planes)


class PoseUnet(nn.Module):
    """(n, 1, 32, 6) -> the same, each value 0..1."""

    def __init__(self, first: int, second: int, third: int, deepest: int) -> None:
        super().__init__()
        self.input_layer = nn.Sequential(
            nn.Conv2d(1, first, 3, padding=1),
            nn.BatchNorm2d(first),
            nn.ReLU(),
            nn.Conv2d(first, first, 3, padding=1),
        )
        self.input_skip = nn.Sequential(nn.Conv2d(1, first, 3, padding=1))
        self.residual_conv_1 = ResidualConv(first, second, 2)
        self.residual_conv_2 = ResidualConv(second, third, 2)
        self.bridge = ResidualConv(third, deepest, 2)
        self.upsample_1 = Doubling(deepest)
        self.up_residual_conv1 = ResidualConv(deepest + third, third, 1)
        self.upsample_2 = Doubling(third)
        self.up_residual_conv2 = ResidualConv(third + second, second, 1)
        self.upsample_3 = Doubling(second)
        self.up_residual_conv3 = ResidualConv(second + first, first, 1)
        self.output_layer = nn.Sequential(nn.Conv2d(first, 1, 1), nn.Sigmoid())

    @classmethod
    def of(cls, tensors: Tensors, name: str) -> Self:
        """From a release's tensors; raises `CheckpointBroken`, naming the network."""
        parts = ("input_layer.0", "residual_conv_1.conv_skip.0", "residual_conv_2.conv_skip.0", "bridge.conv_skip.0")
        widths = [shape(tensors, f"{part}.weight", name)[0] for part in parts]
        return fill(cls(*widths), tensors, name)

    def forward(self, poses: Tensor) -> Tensor:
        """Down, and up beside what was seen on the way down."""
        whole = self.input_layer(poses) + self.input_skip(poses)
        half = self.residual_conv_1(whole)
        quarter = self.residual_conv_2(half)
        planes = self.up_residual_conv1(torch.cat((self.upsample_1(self.bridge(quarter)), quarter), dim=1))
        planes = self.up_residual_conv2(torch.cat((self.upsample_2(planes), half), dim=1))
        planes = self.up_residual_conv3(torch.cat((self.upsample_3(planes), whole), dim=1))
        return self.output_layer(planes)
