"""Continuous batching: sequences join and leave a batch of slots at any step.

`step` is schedule, run, postprocess. What it schedules are rows: one for each running sequence, and as many of the
waiting prompts as the budget of a step allows, so that a long prompt does not stall those who are heard already. A
prompt that is through draws its first code in the same step.

A sequence draws what it draws alone, for its noise is its own. To the last bit so with `quantize.Int8Rows`; in fp32 the
sums of a matrix product may be taken in another order beside others, which has to meet a tie within 1e-6 to change a
code; in bf16 a tie within 1e-2 does, so there the same seed says the same only in the same company.

On a CPU all rows go through one ragged forward. With `graphs` (CUDA) the running rows are a replayed graph of fixed
shape, and the prompts a forward of their own.
"""

from __future__ import annotations

from collections.abc import Sequence as Many
from dataclasses import dataclass, field
from itertools import accumulate

import torch
from torch import Tensor

from svc_tts.engines.xtts.attention import Cache, Ragged, Segment
from svc_tts.engines.xtts.gpt import Gpt
from svc_tts.engines.xtts.graphs import CudaCapture, Graphs, State
from svc_tts.engines.xtts.sampling import Dice, DiceTable, Rules, Sampling

CONDITIONING = 32  # latents of a voice, rows of every prompt
PROMPT_ROWS_CPU = 32  # a step beside running sequences: as much work as a few more codes
PROMPT_ROWS_CUDA = 512
PROMPT_ROWS_IDLE = 512  # nobody is heard yet: whole prompts


@dataclass(frozen=True, slots=True)
class Sequence:
    """What to speak: ids of the text without its marks, the voice's (32, width), how to draw."""

    text_ids: Many[int]
    conditioning: Tensor
    sampling: Sampling = field(default_factory=Sampling)


@dataclass(frozen=True, slots=True)
class Step:
    """One code of one sequence: the latent (width,) fp32 is what predicted it, and what the vocoder reads.

    The stop code ends a sequence and has a latent too; so does the last code that fits.
    """

    slot: int
    code: int
    latent: Tensor
    stopped: bool


@dataclass(slots=True)
class _Tenant:
    """A sequence in its slot."""

    prompt: Tensor  # (rows, width), what is not read yet
    read: int = 0  # positions in the cache
    codes: int = 0
    stopped: bool = False

    @property
    def running(self) -> bool:
        """It draws codes."""
        return not self.stopped and not len(self.prompt)


class BatchDecoder:
    """Slots of one model. Not safe between threads: one thread steps.

    `fixed` shapes are for CUDA, which replays them as graphs; None means: where CUDA is.
    """

    def __init__(self, gpt: Gpt, slots: int, *, fixed: bool | None = None) -> None:
        self._gpt = gpt
        cuda = gpt.device.type == "cuda"
        fixed = cuda if fixed is None else fixed
        dice = DiceTable(slots, gpt.vocabulary, gpt.sizes.max_codes, gpt.device) if fixed or cuda else None
        rules = Rules.of(slots, gpt.vocabulary, dice or Dice(slots, gpt.vocabulary), gpt.device)
        self._state = State.of(slots, _cache(gpt, slots), rules)
        self._graphs = Graphs(gpt, self._state, CudaCapture() if cuda else None) if fixed else None
        self._budget = PROMPT_ROWS_CUDA if cuda else PROMPT_ROWS_CPU
        self._tenants: list[_Tenant | None] = [None] * slots

    @property
    def free(self) -> int:
        """Slots that nobody has."""
        return self._tenants.count(None)

    def warm(self) -> None:
        """Captures the graphs, so that the first sequence does not wait for it. Nothing on a CPU."""
        if self._graphs:
            self._graphs.warm()

    @torch.inference_mode()
    def admit(self, sequence: Sequence) -> int:
        """Takes the lowest free slot; the prompt is read by the next steps. IndexError where none is free."""
        if None not in self._tenants:
            raise IndexError(f"All {len(self._tenants)} slots are taken: release one first.")
        slot = self._tenants.index(None)
        self._tenants[slot] = _Tenant(self._gpt.prompt(sequence.text_ids, sequence.conditioning))
        self._state.admit(slot, sequence.sampling, self._gpt.sizes.start_audio)
        return slot

    @torch.inference_mode()
    def release(self, slot: int) -> None:
        """The slot is free, whatever its sequence was about."""
        self._tenants[slot] = None
        self._state.live[slot] = False

    @torch.inference_mode()
    def step(self) -> list[Step]:
        """One code for every running sequence; empty while there are only prompts, or nobody."""
        running = [slot for slot, tenant in enumerate(self._tenants) if tenant and tenant.running]
        prompts = self._scheduled(self._budget if running else PROMPT_ROWS_IDLE)
        if self._graphs and running:
            # The graph first: a prompt that ends in this step has drawn its code then, and must not draw a second.
            steps = self._replayed(self._graphs, running)
            return steps + (self._ragged([], prompts) if prompts else [])
        return self._ragged(running, prompts) if running or prompts else []

    def _scheduled(self, budget: int) -> list[Segment]:
        """Which rows of the waiting prompts this step reads, the earliest slots first."""
        segments = []
        for slot, tenant in enumerate(self._tenants):
            if tenant and len(tenant.prompt) and budget:
                segments.append(Segment(slot, tenant.read, min(len(tenant.prompt), budget)))
                budget -= segments[-1].count
        return segments

    def _replayed(self, graphs: Graphs, running: list[int]) -> list[Step]:
        """The running sequences by a graph. It looks as far as the longest prompt, which must not be written over."""
        length = max(tenant.read for tenant in self._tenants if tenant and not tenant.stopped) + 1
        codes, latents = graphs.replay(running[-1] + 1, length)
        for slot in running:
            self._tenant(slot).read += 1
        return [self._told(slot, codes[slot], latents[slot]) for slot in running]

    def _ragged(self, running: list[int], prompts: list[Segment]) -> list[Step]:
        """Running sequences and prompts in one forward."""
        state, gpt = self._state, self._gpt
        segments = [Segment(slot, self._tenant(slot).read, 1) for slot in running] + prompts
        at = torch.tensor(running, dtype=torch.long, device=gpt.device)
        rows = [gpt.embed(state.codes[at], state.steps[at]), *(self._taken(segment) for segment in prompts)]
        hidden = gpt.forward(torch.cat(rows), Ragged.of(state.cache, segments))
        ends = list(accumulate(segment.count for segment in segments))
        drawing = {part.slot: end - 1 for part, end in zip(segments, ends, strict=True) if self._read(part).running}
        return self._drawn(list(drawing), gpt.latents(hidden[list(drawing.values())])) if drawing else []

    def _taken(self, segment: Segment) -> Tensor:
        """The segment's rows of its prompt, which wait no longer."""
        tenant = self._tenant(segment.slot)
        rows, tenant.prompt = tenant.prompt[: segment.count], tenant.prompt[segment.count :]
        self._state.read[segment.slot] = segment.end
        self._state.live[segment.slot] = tenant.running
        return rows

    def _read(self, segment: Segment) -> _Tenant:
        """The segment is in the cache now."""
        tenant = self._tenant(segment.slot)
        tenant.read = segment.end
        return tenant

    def _drawn(self, drawing: list[int], latents: Tensor) -> list[Step]:
        """Codes of these slots from their latents (rows, width)."""
        codes = self._state.draw(self._gpt.logits(latents), torch.tensor(drawing, device=self._gpt.device))
        return [self._told(*one) for one in zip(drawing, codes.tolist(), latents, strict=True)]

    def _told(self, slot: int, code: int, latent: Tensor) -> Step:
        tenant = self._tenant(slot)
        tenant.codes += 1
        tenant.stopped = code == self._gpt.sizes.stop_audio or tenant.codes == self._gpt.sizes.max_codes
        if tenant.stopped:
            self._state.live[slot] = False
        return Step(slot, code, latent, tenant.stopped)

    def _tenant(self, slot: int) -> _Tenant:
        tenant = self._tenants[slot]
        if tenant is None:
            raise LookupError(f"Slot {slot} is free.")
        return tenant


def _cache(gpt: Gpt, slots: int) -> Cache:
    """On a CPU always fp32: its attention reads bf16 three times slower, measured with torch 2.13."""
    sizes = gpt.sizes
    dtype = gpt.dtype if gpt.device.type == "cuda" else torch.float32
    longest = CONDITIONING + sizes.text_positions + 1 + sizes.max_codes  # the voice, the text, the start, the codes
    return Cache.of((sizes.layers, slots, sizes.heads, sizes.head_width), longest, device=gpt.device, dtype=dtype)
