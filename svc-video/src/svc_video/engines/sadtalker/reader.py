"""Tensors of one network by name: each is asked for once, with its shape; what is missing or left over is an error.

What never changes is folded here, in fp32: batch norms into the convolution before them, spectral norms into theirs.
Every tensor that leaves is a copy in its place, so that the file behind a checkpoint can be let go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from troupe.wire.errors import CheckpointBroken

EPSILON = 1e-5  # of batch and instance norms, PyTorch's default
COUNTERS = "num_batches_tracked"  # a batch norm's, of training only
ANY = -1  # a side of a shape that is not known beforehand
PLANE = 4  # sides of a plane's weight: outputs, inputs, rows, columns
_SHOWN = 3  # names in a sentence


@dataclass(frozen=True, slots=True)
class Place:
    """Where a network computes, and in which numbers."""

    device: torch.device
    dtype: torch.dtype = torch.float32

    def put(self, tensor: Tensor) -> Tensor:
        """A copy of it here."""
        return tensor.detach().to(device=self.device, dtype=self.dtype, copy=True)


CPU = Place(torch.device("cpu"))


@dataclass(frozen=True, slots=True)
class Kernel:
    """A convolution's weight (out, in, ...) and bias (out,), in fp32 and not yet in place."""

    weight: Tensor
    bias: Tensor

    @property
    def outputs(self) -> int:
        """Its channels."""
        return len(self.weight)

    @property
    def padding(self) -> tuple[int, ...]:
        """What keeps the size of the picture."""
        return tuple(side // 2 for side in self.weight.shape[2:])

    def scaled(self, factor: Tensor, offset: Tensor) -> Kernel:
        """The convolution followed by `* factor + offset` per channel."""
        wide = factor.view(-1, *(1 for _ in self.weight.shape[1:]))
        return Kernel(self.weight * wide, self.bias * factor + offset)

    def at(self, place: Place) -> Kernel:
        """In its place; on a card with a plane's channels innermost, so that all that comes of it has them there."""
        weight = place.put(self.weight)
        if place.device.type != "cpu" and weight.dim() == PLANE:
            weight = weight.contiguous(memory_format=torch.channels_last)
        return replace(self, weight=weight, bias=place.put(self.bias))


def stacked(kernels: Iterable[Kernel]) -> Kernel:
    """Convolutions of one input as a single one; their channels in order."""
    held = list(kernels)
    return Kernel(torch.cat([kernel.weight for kernel in held]), torch.cat([kernel.bias for kernel in held]))


class Reader:
    """Hands out a network's tensors."""

    def __init__(self, tensors: Mapping[str, Tensor], network: str) -> None:
        self._tensors = tensors
        self._network = network
        self._left = {name for name in tensors if not name.endswith(COUNTERS)}

    def has(self, name: str) -> bool:
        """Whether there is one of that name."""
        return name in self._tensors

    def count(self, pattern: str) -> int:
        """How many numbered parts there are; `pattern` holds `{}` where the number stands, from 0 on."""
        number = 0
        while self.has(pattern.format(number)):
            number += 1
        return number

    def take(self, name: str, shape: tuple[int, ...]) -> Tensor:
        """The tensor of that name, fp32; a side of the shape may be `ANY`. Raises `CheckpointBroken`."""
        if not self.has(name):
            raise CheckpointBroken(f"The checkpoint's {self._network} lacks {name}. Fetch it anew: make sadtalker.")
        tensor = self._tensors[name]
        found = tuple(tensor.shape)
        if len(found) != len(shape) or any(want not in {ANY, have} for want, have in zip(shape, found, strict=True)):
            raise CheckpointBroken(
                f"The checkpoint's {self._network} holds {name} of shape {found} where {shape} belongs "
                f"({ANY}: any). It is not SadTalker's, or damaged. Fetch it anew: make sadtalker."
            )
        self._left.discard(name)
        return tensor.detach().float()

    def convolution(self, name: str, inputs: int, *sides: int, bias: bool = True, spectral: bool = False) -> Kernel:
        """A convolution of kernel `sides` with `inputs` channels (or `ANY`), its spectral norm folded."""
        weight = self.take(f"{name}.weight_orig" if spectral else f"{name}.weight", (ANY, inputs, *sides))
        if spectral:
            weight = weight / self._sigma(name, weight)
        return Kernel(weight, self.take(f"{name}.bias", (len(weight),)) if bias else weight.new_zeros(len(weight)))

    def normalized(self, name: str, norm: str, inputs: int, *sides: int) -> Kernel:
        """A convolution and the batch norm `norm` after it, as one."""
        kernel = self.convolution(name, inputs, *sides)
        return kernel.scaled(*self.batch_norm(norm, kernel.outputs))

    def batch_norm(self, name: str, channels: int) -> tuple[Tensor, Tensor]:
        """What it does to each channel: a factor and an offset, (channels,) each."""
        held = {part: self.take(f"{name}.{part}", (channels,)) for part in _BATCH_NORM}
        factor = held["weight"] / (held["running_var"] + EPSILON).sqrt()
        return factor, held["bias"] - held["running_mean"] * factor

    def finish(self) -> None:
        """Nothing may be left over. Raises `CheckpointBroken`."""
        if self._left:
            some = ", ".join(sorted(self._left)[:_SHOWN])
            raise CheckpointBroken(
                f"The checkpoint's {self._network} holds {len(self._left)} tensors that are not SadTalker's: {some}. "
                "Fetch it anew: make sadtalker."
            )

    def _sigma(self, name: str, weight: Tensor) -> Tensor:
        """The largest singular value as training left it; `weight_v` and `weight_u` are its vectors."""
        matrix = weight.flatten(1)
        left = self.take(f"{name}.weight_u", (matrix.shape[0],))
        right = self.take(f"{name}.weight_v", (matrix.shape[1],))
        return torch.dot(left, torch.mv(matrix, right))


_BATCH_NORM = ("weight", "bias", "running_mean", "running_var")
