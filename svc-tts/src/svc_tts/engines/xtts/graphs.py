"""A step of all slots as one CUDA graph for every bucket of slots and lengths.

At batch 1 a step is some four hundred small kernels: launched one by one they take longer than the weights take to
read. A graph replays them with one launch, at the price of fixed shapes: so the batch is a power of two slots, the
length a bucket, and what is not live computes along and counts for nothing. `State.advance` is the step itself, the
same with and without capture, and everything it touches is on the device: the host reads the codes once per step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from svc_tts.engines.xtts.attention import Cache, Slots
from svc_tts.engines.xtts.gpt import Gpt
from svc_tts.engines.xtts.sampling import Rules, Sampling

LENGTHS = (256, 384, 512, 768)  # positions that a step looks at; the longest bucket is the cache itself
WARM_UPS = 2  # runs before a capture: libraries choose their kernels and workspaces in them


@dataclass(frozen=True, slots=True)
class State:
    """What every slot is at, on the device."""

    cache: Cache
    rules: Rules
    codes: Tensor  # (slots,) the last code
    steps: Tensor  # (slots,) codes drawn
    read: Tensor  # (slots,) positions in the cache
    live: Tensor  # (slots,) bool: it draws

    @classmethod
    def of(cls, slots: int, cache: Cache, rules: Rules) -> Self:
        """Nobody in it."""
        codes, steps, read = (torch.zeros(slots, dtype=torch.long, device=cache.store.device) for _ in range(3))
        return cls(cache, rules, codes, steps, read, torch.zeros_like(codes, dtype=torch.bool))

    def admit(self, slot: int, sampling: Sampling, start_audio: int) -> None:
        """A new sequence in the slot; `read` is told by whoever has read its prompt."""
        self.rules.admit(slot, sampling, start_audio)
        self.steps[slot] = 0
        self.read[slot] = 0
        self.live[slot] = False

    def draw(self, logits: Tensor, slots: Tensor) -> Tensor:
        """The next codes (rows,) of these slots, those that are live; the others' stay as they were."""
        live, last = self.live[slots], self.codes[slots]
        codes = torch.where(live, self.rules.draw(logits, slots, self.steps[slots]), last)
        self.rules.remember(codes, slots, live)
        self.codes[slots] = codes
        self.steps[slots] += live.long()
        return codes

    def advance(self, gpt: Gpt, count: int, length: int) -> tuple[Tensor, Tensor]:
        """One step of the first slots: codes (count,), latents (count, width).

        A slot that is not live writes where it will write next, or, being done, anywhere of its own.
        """
        positions = self.read[:count].clamp(max=length - 1)
        slots = Slots.of(self.cache, positions, length)
        rows = gpt.embed(self.codes[:count], self.steps[:count])
        latents = gpt.latents(gpt.forward(rows, slots))
        self.read[:count] += self.live[:count].long()
        return self.draw(gpt.logits(latents), slots.rows), latents


Outputs = tuple[Tensor, Tensor]
Job = Callable[[], Outputs]


class Graphs:
    """Steps by bucket, each captured when it is first wanted. `capture` None runs them as they are."""

    def __init__(self, gpt: Gpt, state: State, capture: Callable[[Job], Job] | None) -> None:
        self._gpt, self._state, self._capture = gpt, state, capture
        self._captured: dict[tuple[int, int], Job] = {}
        slots = len(state.codes)
        self._counts = sorted({min(1 << power, slots) for power in range(slots.bit_length() + 1)})
        self._lengths = [*(length for length in LENGTHS if length < state.cache.positions), state.cache.positions]

    def replay(self, count: int, length: int) -> tuple[list[int], Tensor]:
        """A step of at least the first `count` slots with sequences up to `length`: codes, latents (slots, width)."""
        bucket = (_least(self._counts, count), _least(self._lengths, length))
        codes, latents = self._step(bucket)()
        kept = latents[:count].clone()  # the next replay writes over it
        return codes[:count].tolist(), kept

    @torch.inference_mode()
    def warm(self) -> None:
        """Captures every bucket, the largest first: the smaller ones share its memory."""
        for count in reversed(self._counts):
            for length in reversed(self._lengths):
                self._step((count, length))

    def _step(self, bucket: tuple[int, int]) -> Job:
        if bucket not in self._captured:
            self._captured[bucket] = self._made(bucket)
        return self._captured[bucket]

    def _made(self, bucket: tuple[int, int]) -> Job:
        """What runs while a graph is made draws codes that nobody hears: so nobody is live meanwhile."""

        def job() -> Outputs:
            return self._state.advance(self._gpt, *bucket)

        if not self._capture:
            return job
        live = self._state.live.clone()
        self._state.live.zero_()
        captured = self._capture(job)
        self._state.live.copy_(live)
        return captured


class CudaCapture:
    """Jobs as CUDA graphs, which share one pool of memory: each job's outputs must be read before the next runs."""

    def __init__(self) -> None:
        self._pool: Any = None

    def __call__(self, job: Job) -> Job:
        """A job that does on the device what `job` did, with the same tensors."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UPS):
                job()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool):
            outputs = job()
        self._pool = self._pool or graph.pool()

        def replay() -> Outputs:
            graph.replay()
            return outputs

        return replay


def _least(buckets: list[int], wanted: int) -> int:
    """The smallest bucket that holds it."""
    return next(bucket for bucket in buckets if bucket >= wanted)
