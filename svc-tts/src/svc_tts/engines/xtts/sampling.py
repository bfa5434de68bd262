"""How a code is drawn: repetition penalty, temperature, top k, top p, each sequence by its own rules and dice.

Notable choices:
- the order, and that the penalty knows more than the codes: upstream calls its generator with made-up ids before the
  first code, so id 1 and the start of audio are penalised from the first step on;
- every sequence has a generator of its own, so its codes do not depend on who runs beside it;
- a code is `argmax(probability / noise)` with exponential noise, as `torch.multinomial` draws one: on a CPU a
  sequence with seed s draws the codes that upstream draws after `torch.manual_seed(s)`;
- no step asks the host anything, so all of it goes into a CUDA graph.

Source of the order: transformers' `generate` as coqui-tts 0.28.0 calls it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

PREFIX_ID = 1
"""What upstream fills the ids before the start of audio with."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """The rules of one sequence; the defaults are the release's. `temperature` 0 takes the likeliest code always."""

    temperature: float = 0.75
    top_k: int = 50
    top_p: float = 0.85
    repetition_penalty: float = 5.0
    seed: int = 0

    def __post_init__(self) -> None:
        """ValueError for what is no rule."""
        if self.temperature < 0 or self.top_k < 0 or self.repetition_penalty <= 0 or not 0 < self.top_p <= 1:
            raise ValueError(
                f"{self}: temperature and top_k are 0 or more, repetition_penalty above 0, top_p above 0 and up to 1."
            )


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules and dice of every slot, on the device."""

    seen: Tensor  # (slots, vocabulary) bool: what the penalty applies to
    temperature: Tensor  # (slots,)
    top_k: Tensor  # (slots,) int64
    top_p: Tensor  # (slots,)
    penalty: Tensor  # (slots,)
    noise: Dice

    @classmethod
    def of(cls, slots: int, vocabulary: int, dice: Dice, device: torch.device) -> Self:
        """Nobody's yet."""
        floats = (torch.ones(slots, device=device) for _ in range(3))
        temperature, top_p, penalty = floats
        seen = torch.zeros(slots, vocabulary, dtype=torch.bool, device=device)
        return cls(seen, temperature, torch.ones(slots, dtype=torch.long, device=device), top_p, penalty, dice)

    def admit(self, slot: int, sampling: Sampling, start_audio: int) -> None:
        """A new sequence in the slot."""
        greedy = sampling.temperature == 0
        vocabulary = self.seen.shape[1]
        self.seen[slot] = False
        self.seen[slot, PREFIX_ID] = True
        self.seen[slot, start_audio] = True
        self.temperature[slot] = 1.0 if greedy else sampling.temperature
        self.top_k[slot] = 1 if greedy else min(sampling.top_k or vocabulary, vocabulary)
        self.top_p[slot] = 1.0 if greedy else sampling.top_p
        self.penalty[slot] = sampling.repetition_penalty
        self.noise.admit(slot, sampling.seed)

    def draw(self, logits: Tensor, slots: Tensor, steps: Tensor) -> Tensor:
        """(rows, vocabulary) fp32 of these slots, each at its step -> codes (rows,)."""
        scores = self.processed(logits, slots)
        return (scores.softmax(-1) / self.noise.rows(slots, steps)).argmax(-1)

    def processed(self, logits: Tensor, slots: Tensor) -> Tensor:
        """The scores a code is drawn from: (rows, vocabulary), minus infinity where none is."""
        penalty = self.penalty[slots, None]
        penalised = torch.where(logits < 0, logits * penalty, logits / penalty)
        scores = torch.where(self.seen[slots], penalised, logits) / self.temperature[slots, None]
        return _nucleus(scores, self.top_k[slots], self.top_p[slots])

    def remember(self, codes: Tensor, slots: Tensor, live: Tensor) -> None:
        """Codes (rows,) were drawn in these slots; `live` says whose count."""
        self.seen[slots, codes] = self.seen[slots, codes] | live


def _nucleus(scores: Tensor, top_k: Tensor, top_p: Tensor) -> Tensor:
    """Top k, then of those the likeliest whose sum reaches top p: one sort for both."""
    ranked, order = scores.sort(-1)  # ascending, as the sum is taken upstream
    least = ranked.gather(-1, (scores.shape[-1] - top_k)[:, None])
    ranked = ranked.masked_fill(ranked < least, float("-inf"))
    outside = ranked.softmax(-1).cumsum(-1) <= (1 - top_p)[:, None]
    outside &= (top_p < 1)[:, None]
    outside[:, -1] = False  # the likeliest stays, however small top p is
    ranked = ranked.masked_fill(outside, float("-inf"))
    return torch.empty_like(scores).scatter_(-1, order, ranked)


class Dice:
    """Exponential noise for every slot: a row of the vocabulary for each step."""

    def __init__(self, slots: int, vocabulary: int) -> None:
        self._vocabulary = vocabulary
        self._generators = [torch.Generator() for _ in range(slots)]

    def admit(self, slot: int, seed: int) -> None:
        """The sequence in the slot begins."""
        self._generators[slot].manual_seed(seed)

    def rows(self, slots: Tensor, steps: Tensor) -> Tensor:  # noqa: ARG002 steps come in order here
        """The next noise of these slots: (rows, vocabulary)."""
        noise = torch.empty(len(slots), self._vocabulary)
        for row, slot in zip(noise, slots.tolist(), strict=True):
            row.exponential_(generator=self._generators[slot])
        return noise


class DiceTable(Dice):
    """All noise of a sequence, thrown when it is admitted: what a graph can look up."""

    def __init__(self, slots: int, vocabulary: int, most: int, device: torch.device) -> None:
        self._table = torch.ones(slots, most, vocabulary, device=device)
        self._generator = torch.Generator(device)

    def admit(self, slot: int, seed: int) -> None:
        """The sequence in the slot begins."""
        self._generator.manual_seed(seed)
        self._table[slot].exponential_(generator=self._generator)

    def rows(self, slots: Tensor, steps: Tensor) -> Tensor:
        """The noise of these slots at their steps: (rows, vocabulary)."""
        return self._table[slots, steps.clamp(max=self._table.shape[1] - 1)]  # a finished one draws along in a graph
