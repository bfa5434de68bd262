"""What a network has to do, counted from shapes: on PyTorch's device `meta`, where nothing is computed.

A floating-point operation is a product or a sum of a convolution or a matrix product; the rest is little. Bytes are
those that a pass between device memory and the processors cannot do without: what an operator is given and what it
makes, each once. Views move nothing. Memory is what is alive at once, weights aside.
"""

from __future__ import annotations

import math
import weakref
from collections import Counter as Counts
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from svc_video.engines.sadtalker.fused import Moments

GIGA = 1e9
META = torch.device("meta")
PLANE = 4  # sides of a plane's weight
CONVOLUTIONS = {"aten::convolution", "aten::conv2d", "aten::conv3d"}  # none of ours is transposed


@dataclass(slots=True)
class Work:
    """Of one call."""

    flop: float = 0.0
    moved_bytes: int = 0
    peak_bytes: int = 0  # alive at once, of what the call made

    @property
    def gflop(self) -> float:
        return self.flop / GIGA


class Counter(TorchDispatchMode):
    """Counts what runs within it: `with Counter() as counter: ...; counter.work`."""

    def __init__(self) -> None:
        super().__init__()
        self.work = Work()
        self._alive: Counts[int] = Counts()  # tensors of each storage that was made here
        self._bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        name = func._schema.name
        if name in CONVOLUTIONS:
            made = _laid(made, args[1])
        given, outputs = _tensors((args, kwargs)), _tensors(made)
        self.work.flop += flop(name, args, outputs)
        if not _is_view(func, name):
            self.work.moved_bytes += sum(_size(tensor) for tensor in given + outputs)
        for tensor in outputs:
            self._keep(tensor)
        return made

    def _keep(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if not self._alive[key]:
            self._bytes += size
            self.work.peak_bytes = max(self.work.peak_bytes, self._bytes)
        self._alive[key] += 1
        weakref.finalize(tensor, self._let_go, key, size)

    def _let_go(self, key: int, size: int) -> None:
        self._alive[key] -= 1
        if not self._alive[key]:
            self._bytes -= size


def flop(name: str, args: Any, outputs: list[Tensor]) -> float:
    """Operations of one operator."""
    if name in CONVOLUTIONS:
        return 2.0 * outputs[0].numel() * math.prod(args[1].shape[1:])
    if name in {"aten::mm", "aten::bmm", "aten::matmul"}:
        return 2.0 * outputs[0].numel() * args[0].shape[-1]
    if name in {"aten::addmm", "aten::baddbmm"}:
        return 2.0 * outputs[0].numel() * args[1].shape[-1]
    return 0.0


class OnePass:
    """`fused` on the device meta: what its kernels read and write, without the steps of its definitions."""

    def spread(self, low: Tensor, bias: Tensor, factor: int, parts: int) -> list[Tensor]:
        """See `Fused`."""
        height, width = ((side - (factor > 1)) * factor for side in low.shape[2:])
        whole = torch.ops.sadtalker_count.spread(low, [parts, low.shape[0], height, width, len(bias) // parts])
        return [part.permute(0, 3, 1, 2) for part in whole.unbind(0)]

    def moments(self, x: Tensor) -> Moments:
        """See `Fused`."""
        mean = torch.ops.sadtalker_count.moments(x)
        return Moments(mean, mean)

    def modulated(
        self, x: Tensor, moments: Moments, maps: Tensor, bias: Tensor, *, factor: int, slope: float
    ) -> Tensor:
        """See `Fused`."""
        return torch.ops.sadtalker_count.modulated(x, maps)


_library = torch.library.Library("sadtalker_count", "DEF")
_library.define("spread(Tensor low, int[] shape) -> Tensor")
_library.define("moments(Tensor x) -> Tensor")
_library.define("modulated(Tensor x, Tensor maps) -> Tensor")
_library.impl("spread", lambda low, shape: low.new_empty(shape), "Meta")
_library.impl("moments", lambda x: x.new_empty(x.shape[:2], dtype=torch.float32), "Meta")
_library.impl(
    "modulated",
    lambda x, maps: x.new_empty(x.shape[0], *maps.shape[2:], x.shape[1]).permute(0, 3, 1, 2),
    "Meta",
)


def _laid(made: Tensor, weight: Tensor) -> Tensor:
    """In memory as a card's libraries leave it: as the weight is. The device meta does not know that of volumes."""
    form = torch.channels_last if weight.dim() == PLANE else torch.channels_last_3d
    return made.contiguous(memory_format=form) if weight.is_contiguous(memory_format=form) else made


def _is_view(func: Any, name: str) -> bool:
    if name in {"aten::empty", "aten::new_empty", "aten::empty_like", "aten::empty_strided", "aten::new_empty_strided"}:
        return True
    returned = func._schema.returns
    return bool(returned) and any(one.alias_info is not None and not one.alias_info.is_write for one in returned)


def _size(tensor: Tensor) -> int:
    """Bytes of its different numbers: one that is expanded has fewer."""
    sides = [side for side, stride in zip(tensor.shape, tensor.stride(), strict=True) if stride]
    return math.prod(sides) * tensor.element_size()


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]
