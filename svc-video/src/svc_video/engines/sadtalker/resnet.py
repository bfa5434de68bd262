"""ResNet-50 (arXiv:1512.03385; the stride stands on the 3x3 convolution, "v1.5"), every batch norm folded.

The same body reads the coefficients of a face (`recon`) and finds faces (`retinaface`). Widths are those of
the tensors.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from svc_video.engines.sadtalker.reader import ANY, Kernel, Place, Reader

BLOCKS = (3, 4, 6, 3)  # of each stage


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """1x1, 3x3, 1x1, and a way around them."""

    inner: Kernel
    middle: Kernel
    outer: Kernel
    around: Kernel | None  # none = the input itself
    stride: int

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H / stride, W / stride)."""
        hidden = functional.relu_(convolved(x, self.inner))
        hidden = functional.relu_(convolved(hidden, self.middle, self.stride))
        hidden = convolved(hidden, self.outer)
        return functional.relu_(hidden.add_(x if self.around is None else convolved(x, self.around, self.stride)))


class ResNet:
    """The body without its classifier."""

    def __init__(self, reader: Reader, prefix: str, place: Place) -> None:
        first = normalized(reader, f"{prefix}.conv1", f"{prefix}.bn1", 3, 7)
        self._first = first.at(place)
        self._stages = []
        width = first.outputs
        for stage, count in enumerate(BLOCKS):
            blocks = []
            for number in range(count):
                stride = 2 if stage and not number else 1
                block, width = _bottleneck(reader, f"{prefix}.layer{stage + 1}.{number}", width, stride, place)
                blocks.append(block)
            self._stages.append(blocks)
        self.width = width  # channels of the last stage

    def __call__(self, pictures: Tensor) -> list[Tensor]:
        """(B, 3, H, W) -> what the second, third and last stage see: 1/8, 1/16 and 1/32 of the sides, rounded up."""
        hidden = functional.relu_(convolved(pictures, self._first, 2))
        hidden = functional.max_pool2d(hidden, 3, 2, padding=1)
        seen = []
        for blocks in self._stages:
            for block in blocks:
                hidden = block(hidden)
            seen.append(hidden)
        return seen[1:]


def convolved(x: Tensor, kernel: Kernel, stride: int = 1) -> Tensor:
    """A 2D convolution that keeps the size, but for its stride."""
    return functional.conv2d(x, kernel.weight, kernel.bias, stride=stride, padding=kernel.padding)


def normalized(reader: Reader, name: str, norm: str, inputs: int, side: int) -> Kernel:
    """A square convolution without a bias of its own and the batch norm after it, as one."""
    kernel = reader.convolution(name, inputs, side, side, bias=False)
    return kernel.scaled(*reader.batch_norm(norm, kernel.outputs))


def _bottleneck(reader: Reader, name: str, inputs: int, stride: int, place: Place) -> tuple[Bottleneck, int]:
    """The block and its channels."""
    inner = normalized(reader, f"{name}.conv1", f"{name}.bn1", inputs, 1)
    middle = normalized(reader, f"{name}.conv2", f"{name}.bn2", inner.outputs, 3)
    outer = normalized(reader, f"{name}.conv3", f"{name}.bn3", middle.outputs, 1)
    around = None
    if reader.has(f"{name}.downsample.0.weight"):
        around = normalized(reader, f"{name}.downsample.0", f"{name}.downsample.1", ANY, 1).at(place)
    return Bottleneck(inner.at(place), middle.at(place), outer.at(place), around, stride), outer.outputs
