"""What surrounds the motion: the encoder, once per source, and the bridge from the moved volume to the decoder.

The encoder's 512 channels at a quarter of the size are read as a volume of 32 channels and 16 cells of depth.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor
from torch.nn import functional

from svc_video.engines.sadtalker.reader import CPU, Kernel, Place, Reader

SLOPE = 0.01  # of the bridge's leaky ReLU
RESIDUAL = "resblocks_3d.3dr{}"


class Residual(NamedTuple):
    """norm, ReLU, convolution (with the next norm folded), ReLU, convolution, and a way around them."""

    factor: Tensor
    offset: Tensor
    first: Kernel
    second: Kernel


class Encoder:
    """A picture to its volume."""

    def __init__(self, reader: Reader, depth: int, place: Place = CPU) -> None:
        self._depth = depth
        first = reader.normalized("first.conv", "first.norm", 3, 3, 3)
        self._first, width = first.at(place), first.outputs
        self._down = []
        for level in range(reader.count("down_blocks.{}.conv.weight")):
            kernel = reader.normalized(f"down_blocks.{level}.conv", f"down_blocks.{level}.norm", width, 3, 3)
            self._down.append(kernel.at(place))
            width = kernel.outputs
        second = reader.convolution("second", width, 1, 1)
        self._second, self.channels = second.at(place), second.outputs // depth
        blocks = range(reader.count(RESIDUAL + ".conv1.weight"))
        self._residuals = [_residual(reader, RESIDUAL.format(block), self.channels, place) for block in blocks]

    def __call__(self, pictures: Tensor) -> Tensor:
        """(B, 3, S, S), 0..1 -> (B, C, D, S / 4, S / 4)."""
        hidden = functional.relu_(_conv2d(pictures, self._first))
        for kernel in self._down:
            hidden = functional.avg_pool2d(functional.relu_(_conv2d(hidden, kernel)), 2)
        volume = _conv2d(hidden, self._second).unflatten(1, (self.channels, self._depth))
        for block in self._residuals:
            inner = functional.relu_(volume * block.factor + block.offset)
            volume = volume + _conv3d(functional.relu_(_conv3d(inner, block.first)), block.second)
        return volume


class Bridge:
    """The moved volume to what the decoder sees: upstream's `third` and `fourth`."""

    def __init__(self, reader: Reader, inputs: int, place: Place = CPU) -> None:
        third = reader.normalized("third.conv", "third.norm", inputs, 3, 3)
        fourth = reader.convolution("fourth", third.outputs, 1, 1)
        self._third, self._fourth, self.channels = third.at(place), fourth.at(place), fourth.outputs

    def __call__(self, volume: Tensor, occlusion: Tensor) -> Tensor:
        """(B, C, D, H, W) and (B, 1, H, W), 0 (hidden) .. 1 -> (B, channels, H, W)."""
        hidden = functional.leaky_relu_(_conv2d(volume.flatten(1, 2), self._third), SLOPE)
        return _conv2d(hidden, self._fourth).mul_(occlusion)


def _residual(reader: Reader, name: str, channels: int, place: Place) -> Residual:
    factor, offset = (part.view(-1, 1, 1, 1) for part in reader.batch_norm(f"{name}.norm1", channels))
    first = reader.normalized(f"{name}.conv1", f"{name}.norm2", channels, 3, 3, 3)
    second = reader.convolution(f"{name}.conv2", channels, 3, 3, 3)
    return Residual(place.put(factor), place.put(offset), first.at(place), second.at(place))


def _conv2d(x: Tensor, kernel: Kernel) -> Tensor:
    return functional.conv2d(x, kernel.weight, kernel.bias, padding=kernel.padding)


def _conv3d(x: Tensor, kernel: Kernel) -> Tensor:
    return functional.conv3d(x, kernel.weight, kernel.bias, padding=kernel.padding)
