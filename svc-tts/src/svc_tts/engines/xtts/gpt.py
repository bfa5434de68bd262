"""The language model of XTTS v2: a GPT-2 that reads a voice and a text and writes audio codes.

Notable choices:
- the hidden state that predicts a code is its latent for the vocoder, so one forward per code is all there is;
- rows of many sequences are packed in one matrix (rows, width): whose they are is the business of `attention` alone,
  which lets prompts and running sequences share a forward;
- a projection is a callable, so that quantisation swaps it without another network;
- biases stand in the projections, norms are GPT-2's (epsilon 1e-5), the activation is the tanh form of GELU.

Facts: the released checkpoint and coqui-tts 0.28.0 (`layers/xtts/gpt.py`), compared code by code in
`tests/bench/xtts`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from svc_tts.engines.xtts.config import GptSizes

NORM_EPSILON = 1e-5

Projection = Callable[[Tensor], Tensor]
"""(rows, in) -> (rows, out), bias included."""


class Attend(Protocol):
    """What mixes rows of one sequence, and stores their keys and values."""

    def __call__(self, layer: int, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """(rows, heads, head width) three times -> (rows, heads, head width)."""
        ...


@dataclass(frozen=True, slots=True)
class Norm:
    """Layer normalisation: weight and bias (width,)."""

    weight: Tensor
    bias: Tensor

    def __call__(self, rows: Tensor) -> Tensor:
        """(rows, width) -> (rows, width)."""
        return functional.layer_norm(rows, self.weight.shape, self.weight, self.bias, NORM_EPSILON)


@dataclass(frozen=True, slots=True)
class Dense:
    """A projection as it was trained: weight (out, in), bias (out,)."""

    weight: Tensor
    bias: Tensor

    def __call__(self, rows: Tensor) -> Tensor:
        """(rows, in) -> (rows, out)."""
        return functional.linear(rows, self.weight, self.bias)


@dataclass(frozen=True, slots=True)
class Block:
    """One layer: attention and a perceptron, each behind its norm."""

    ln_1: Norm
    qkv: Projection
    out: Projection
    ln_2: Norm
    up: Projection
    down: Projection

    def __call__(self, layer: int, rows: Tensor, heads: int, attend: Attend) -> Tensor:
        """(rows, width) -> (rows, width)."""
        count, width = rows.shape
        queries, keys, values = self.qkv(self.ln_1(rows)).view(count, 3, heads, width // heads).unbind(1)
        rows = rows + self.out(attend(layer, queries, keys, values).reshape(count, width))
        return rows + self.down(functional.gelu(self.up(self.ln_2(rows)), approximate="tanh"))


@dataclass(frozen=True, slots=True)
class Gpt:
    """The whole model; `rows` are embeddings of positions, packed.

    The last norms and the head are fp32 whatever the layers are: they are small, and the codes hang on them.
    """

    sizes: GptSizes
    blocks: tuple[Block, ...]
    ln_f: Norm
    final_norm: Norm
    text_embedding: Tensor  # (text ids, width)
    text_positions: Tensor  # (text positions, width)
    code_embedding: Tensor  # (codes, width)
    code_positions: Tensor  # (code positions, width)
    code_head: Dense

    @property
    def width(self) -> int:
        """Of a latent."""
        return self.code_embedding.shape[1]

    @property
    def vocabulary(self) -> int:
        """Audio codes, start and stop included."""
        return self.code_embedding.shape[0]

    @property
    def dtype(self) -> torch.dtype:
        """Of the rows."""
        return self.code_embedding.dtype

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return self.code_embedding.device

    def prompt(self, text_ids: Sequence[int], conditioning: Tensor) -> Tensor:
        """What comes before the first code: (conditioning + text + 3, width).

        `conditioning` is (32, width) of the voice. The row of the start of audio is the last one: what comes out
        of it predicts the first code. ValueError where the text is longer than the model was made for.
        """
        if len(text_ids) >= self.sizes.max_text:
            most = self.sizes.max_text - 1
            raise ValueError(f"The text has {len(text_ids)} ids; the model takes up to {most}: cut it into pieces.")
        marked = [self.sizes.start_text, *text_ids, self.sizes.stop_text]
        ids = torch.tensor(marked, device=self.device)
        text = self.text_embedding[ids] + self.text_positions[: len(marked)]
        start = self.code_embedding[self.sizes.start_audio] + self.code_positions[0]
        return torch.cat([conditioning.to(text), text, start[None]])

    def embed(self, codes: Tensor, places: Tensor) -> Tensor:
        """Codes (rows,) at their places among the codes (the start of audio is place 0) -> (rows, width)."""
        return self.code_embedding[codes] + self.code_positions[places]

    def forward(self, rows: Tensor, attend: Attend) -> Tensor:
        """(rows, width) -> (rows, width), the hidden states after the last layer."""
        for layer, block in enumerate(self.blocks):
            rows = block(layer, rows, self.sizes.heads, attend)
        return rows

    def latents(self, hidden: Tensor) -> Tensor:
        """Hidden states (rows, width) -> latents for the vocoder and the head, fp32."""
        return self.final_norm(self.ln_f(hidden.float()))

    def logits(self, latents: Tensor) -> Tensor:
        """(rows, width) -> (rows, vocabulary), fp32."""
        return self.code_head(latents)

    def teacher_forced(
        self, text_ids: Sequence[int], conditioning: Tensor, codes: Sequence[int]
    ) -> tuple[Tensor, Tensor]:
        """What the model says of given codes: logits (codes, vocabulary) and latents (codes, width), fp32.

        Row i is what predicts code i, so the last code is judged and never read.
        """
        prompt = self.prompt(text_ids, conditioning)
        read = torch.tensor(list(codes[:-1]), dtype=torch.long, device=self.device)
        rows = torch.cat([prompt, self.embed(read, torch.arange(1, len(codes), device=self.device))])
        latents = self.latents(self.forward(rows, causal)[len(prompt) - 1 :])
        return self.logits(latents), latents


def causal(layer: int, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:  # noqa: ARG001 an `Attend`
    """Rows of one whole sequence that nothing follows: no cache."""
    first, second, third = (part.transpose(0, 1)[None] for part in (queries, keys, values))
    return functional.scaled_dot_product_attention(first, second, third, is_causal=True)[0].transpose(0, 1)


def read_gpt(
    tensors: Mapping[str, Tensor], sizes: GptSizes, *, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> Gpt:
    """The model of a checkpoint's tensors (`gpt.*`, as released).

    ValueError naming the first one that is missing.
    """
    weights, last = _Weights(tensors, device, dtype), _Weights(tensors, device, torch.float32)
    return Gpt(
        sizes=sizes,
        blocks=tuple(_block(weights, f"gpt.gpt.h.{layer}") for layer in range(sizes.layers)),
        ln_f=last.norm("gpt.gpt.ln_f"),
        final_norm=last.norm("gpt.final_norm"),
        text_embedding=weights["gpt.text_embedding.weight"],
        text_positions=weights["gpt.text_pos_embedding.emb.weight"],
        code_embedding=weights["gpt.mel_embedding.weight"],
        code_positions=weights["gpt.mel_pos_embedding.emb.weight"],
        code_head=Dense(last["gpt.mel_head.weight"], last["gpt.mel_head.bias"]),
    )


def with_projections(gpt: Gpt, change: Callable[[Dense], Projection]) -> Gpt:
    """The same model with the projections of its layers made anew from the dense ones."""
    blocks = (
        replace(block, qkv=change(block.qkv), out=change(block.out), up=change(block.up), down=change(block.down))  # type: ignore[arg-type]  # read_gpt makes them dense
        for block in gpt.blocks
    )
    return replace(gpt, blocks=tuple(blocks))


@dataclass(frozen=True, slots=True)
class _Weights:
    """Tensors by name, in the place and precision that is wanted."""

    tensors: Mapping[str, Tensor]
    device: str
    dtype: torch.dtype

    def __getitem__(self, name: str) -> Tensor:
        if name not in self.tensors:
            raise ValueError(f"The checkpoint has no {name}: it is not one of XTTS v2, or it is damaged.")
        return self.tensors[name].to(self.device, self.dtype)

    def norm(self, name: str) -> Norm:
        return Norm(self[f"{name}.weight"], self[f"{name}.bias"])

    def projection(self, name: str) -> Dense:
        """GPT-2's checkpoints hold (in, out)."""
        return Dense(self[f"{name}.weight"].t().contiguous(), self[f"{name}.bias"])


def _block(weights: _Weights, name: str) -> Block:
    return Block(
        ln_1=weights.norm(f"{name}.ln_1"),
        qkv=weights.projection(f"{name}.attn.c_attn"),
        out=weights.projection(f"{name}.attn.c_proj"),
        ln_2=weights.norm(f"{name}.ln_2"),
        up=weights.projection(f"{name}.mlp.c_fc"),
        down=weights.projection(f"{name}.mlp.c_proj"),
    )
