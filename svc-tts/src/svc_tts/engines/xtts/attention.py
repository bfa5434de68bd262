"""Keys and values of the running sequences, and the two ways their rows attend.

The cache is made once for every slot, so no step allocates. `Ragged` takes rows of any sequences in any number, each
over exactly its own length: prompts in chunks beside single codes, the fastest on a CPU, where a padded batch reads
bytes that nobody needs. `Slots` takes one row of each of the first slots at fixed shapes, by index: what a CUDA graph
can replay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from mmap import mmap
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional

LENGTH_STEP = 64
"""Positions: the cache and its buckets are multiples of it, as kernels with a mask want aligned rows."""


@dataclass(frozen=True, slots=True)
class Cache:
    """(layers, 2, slots, heads, positions, head width): keys, then values."""

    store: Tensor

    @classmethod
    def of(cls, shape: tuple[int, int, int, int], positions: int, *, device: torch.device, dtype: torch.dtype) -> Self:
        """For (layers, slots, heads, head width). Pages of a CPU's cache are only taken when they are first written."""
        layers, slots, heads, width = shape
        rounded = -(-positions // LENGTH_STEP) * LENGTH_STEP
        size = (layers, 2, slots, heads, rounded, width)
        if device.type != "cpu":
            return cls(torch.zeros(size, device=device, dtype=dtype))
        # torch.zeros would write them all: a quarter of a gigabyte for each slot of the release.
        pages = mmap(-1, prod(size) * dtype.itemsize)
        return cls(torch.frombuffer(pages, dtype=dtype).view(size))

    @property
    def positions(self) -> int:
        """Of one sequence, at most."""
        return self.store.shape[4]


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows that follow each other in one sequence: its slot, the position of the first one, how many."""

    slot: int
    start: int
    count: int

    @property
    def end(self) -> int:
        """The position after the last one."""
        return self.start + self.count


@dataclass(frozen=True, slots=True)
class Ragged:
    """Attention of packed rows, segment by segment."""

    cache: Cache
    segments: tuple[Segment, ...]
    masks: tuple[Tensor | None, ...]  # of each segment

    @classmethod
    def of(cls, cache: Cache, segments: Sequence[Segment]) -> Self:
        """The masks are made once for all layers."""
        return cls(cache, tuple(segments), tuple(_mask(segment, cache.store.device) for segment in segments))

    def __call__(self, layer: int, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """(rows, heads, head width) three times -> the same shape."""
        mixed = torch.empty_like(queries)
        first = 0
        for segment, mask in zip(self.segments, self.masks, strict=True):
            rows = slice(first, first + segment.count)
            kept = self.cache.store[layer, :, segment.slot]  # (2, heads, positions, head width)
            kept[0, :, segment.start : segment.end] = keys[rows].transpose(0, 1)
            kept[1, :, segment.start : segment.end] = values[rows].transpose(0, 1)
            asked = queries[rows].transpose(0, 1)[None].to(kept.dtype)
            near = kept[:, None, :, : segment.end]
            told = functional.scaled_dot_product_attention(asked, near[0], near[1], attn_mask=mask)
            mixed[rows] = told[0].transpose(0, 1)
            first += segment.count
        return mixed


def _mask(segment: Segment, device: torch.device) -> Tensor | None:
    """Each row sees what came before it and itself; a single last row sees all."""
    if segment.count == 1:
        return None
    sees = torch.ones(segment.count, segment.end, dtype=torch.bool, device=device)
    return sees.tril(segment.start)


@dataclass(frozen=True, slots=True)
class Slots:
    """Attention of one row for each of the first slots, at fixed shapes."""

    cache: Cache
    rows: Tensor  # (slots,): 0, 1, 2, ...
    positions: Tensor  # (slots,): where each row goes
    bias: Tensor  # (slots, 1, 1, length): 0 up to the position, minus infinity after it

    @classmethod
    def of(cls, cache: Cache, positions: Tensor, length: int) -> Self:
        """One row of each slot at its position, none of which is `length` or more."""
        ahead = torch.arange(length, device=positions.device) > positions[:, None]
        bias = torch.zeros_like(ahead, dtype=cache.store.dtype).masked_fill_(ahead, float("-inf"))
        return cls(cache, torch.arange(len(positions), device=positions.device), positions, bias[:, None, None])

    def __call__(self, layer: int, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """(slots, heads, head width) three times -> the same shape."""
        kept = self.cache.store[layer]
        # Indices around slices: the indexed axis comes first, (slots, 2, heads, head width).
        kept[:, self.rows, :, self.positions] = torch.stack([keys, values], 1).to(kept.dtype)
        near = kept[:, : len(self.rows), :, : self.bias.shape[-1]]
        asked = queries[:, :, None].to(kept.dtype)
        mixed = functional.scaled_dot_product_attention(asked, near[0], near[1], attn_mask=self.bias)
        return mixed[:, :, 0].to(queries.dtype)
