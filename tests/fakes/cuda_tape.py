"""A CUDA graph's rules on a CPU: what ran once is played again on the very same tensors, with Python left out.

Whatever asks the host for a value is refused while it records, as a capture refuses it; what Python computed from
values is frozen in the tape, as in a graph.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

ASKS_THE_HOST = {"aten::_local_scalar_dense", "aten::nonzero", "aten::masked_select", "aten::equal", "aten::unique"}


class Tape(TorchDispatchMode):
    """Records operators."""

    def __init__(self) -> None:
        super().__init__()
        self.played: list[tuple[Any, tuple, dict, Any]] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = func._schema.name
        if name in ASKS_THE_HOST:
            raise AssertionError(f"{name} asks the host within a capture")
        if name.startswith("aten::index") and any(leaf.dtype == torch.bool for leaf in _tensors(args[1:2])):
            raise AssertionError(f"{name} by a mask asks the host how many")
        made = func(*args, **kwargs)
        self.played.append((func, args, kwargs, made))
        return made

    def replay(self) -> None:
        """Everything again, into the tensors it went into."""
        for func, args, kwargs, made in self.played:
            for old, new in zip(_tensors(made), _tensors(func(*args, **kwargs)), strict=True):
                if old.data_ptr() != new.data_ptr():
                    old.copy_(new)


def capture(job):
    """As `graphs.CudaCapture` captures."""
    job()
    with Tape() as tape:
        outputs = job()

    def replay():
        tape.replay()
        return outputs

    return replay


def _tensors(tree: Any) -> list[torch.Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]
