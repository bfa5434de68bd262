"""A tiny Llama made here: real layers with random weights, and a head under which one word leads to the next.

Its layers are too quiet to change the likeliest word, so at temperature 0 it says what `chains` says: it counts, it
thinks before it answers, it calls a tool. At a high temperature it babbles. Embeddings are random directions; the row
of a word in the head is the sum of the directions of the words that lead to it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

NUMBERS = 600
SHARP = 1.0  # how much likelier the next word of a chain is: the higher, the surer
QUIET = 0.002  # of the layers' outputs


@dataclass(frozen=True, slots=True)
class Shape:
    """Of a Llama; `vocabulary` 0 = the words that there are."""

    hidden: int = 256
    heads: int = 4
    kv_heads: int = 2
    layers: int = 2
    wide: int = 512
    vocabulary: int = 0


TINY = Shape()
HALF_B = Shape(896, 14, 2, 24, 4864, 151_936)
"""Qwen2 0.5B's, with a head of its own: 0.63 x 10^9 parameters."""

BOS, END, ASSISTANT, CALLING = "<|bos|>", "<|end|>", "<|assistant|>", "<|calling|>"
SPECIAL = (BOS, END, ASSISTANT, CALLING, "<|user|>", "<|system|>", "<|tool|>")
THINK, UNTHINK, CALL, UNCALL = "<think>", "</think>", "<tool_call>", "</tool_call>"
PLAIN = (THINK, UNTHINK, CALL, UNCALL)  # of the vocabulary, and part of what is said
COUNT = "1"
THOUGHT = (" let", " me", " think")
ANSWER = (" the", " answer", " is", " here")
CALLS = '\n{"name": "weather", "arguments": {"city": "Rome"}}\n'

TEMPLATE = """{{ '<|bos|>' }}{% for message in messages %}{{ '<|' + message.role + '|>' + (message.content or '') }}\
{% if message.tool_calls %}{% for call in message.tool_calls %}{{ '<tool_call>' + call.function.arguments | string \
+ '</tool_call>' }}{% endfor %}{% endif %}{{ '<|end|>' }}{% endfor %}{% if add_generation_prompt %}\
{{ '<|assistant|>' }}{% if enable_thinking %}{{ '<think>' }}{% endif %}{% if tools %}{{ '<|calling|>' }}{% endif %}\
{% endif %}"""
"""What is said first follows from the last word of the prompt: a thought, a call, or else the count."""


def make(folder: Path, shape: Shape = TINY) -> Path:
    """The model's files in that folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    _write(folder / "tokenizer_config.json", _tokenizer_config())
    _write(folder / "config.json", _config(tokenizer, shape))
    _write(folder / "generation_config.json", {"eos_token_id": tokenizer.token_to_id(END)})
    _save(folder / "model.safetensors", _weights(tokenizer, shape))
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\nMade by the tests.\n")
    return folder


def make_adapter(folder: Path, rank: int = 8) -> Path:
    """A LoRA adapter (PEFT's files) that makes the model say something else."""
    folder.mkdir(parents=True, exist_ok=True)
    dice = np.random.default_rng(1)
    weights = {}
    for layer in range(TINY.layers):
        name = f"base_model.model.model.layers.{layer}.mlp.down_proj"
        weights[f"{name}.lora_A.weight"] = dice.normal(0, 1, (rank, TINY.wide)).astype(np.float32)
        weights[f"{name}.lora_B.weight"] = dice.normal(0, 20, (TINY.hidden, rank)).astype(np.float32)
    save_file(weights, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config = {"peft_type": "LORA", "r": rank, "lora_alpha": rank, "target_modules": ["down_proj"], "bias": "none"}
    _write(folder / "adapter_config.json", config)
    return folder


def _write(path: Path, told: object) -> None:
    path.write_text(json.dumps(told, indent=1))


def _words() -> list[str]:
    numbers = [f" {number}" for number in range(1, NUMBERS + 1)]
    return list(dict.fromkeys([*numbers, *THOUGHT, *ANSWER]))


def _spelt(word: str) -> str:
    """A word in the alphabet of byte-level vocabularies, which has no blank."""
    return word.replace(" ", "Ġ")


def _tokenizer() -> Tokenizer:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {word: number for number, word in enumerate([*letters, *map(_spelt, _words())])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(word, normalized=False) for word in SPECIAL])
    tokenizer.add_tokens([AddedToken(word, normalized=False) for word in (*PLAIN, CALLS)])
    return tokenizer


def _tokenizer_config() -> dict[str, object]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BOS,
        "eos_token": END,
        "pad_token": END,
        "chat_template": TEMPLATE,
        "clean_up_tokenization_spaces": False,
    }


def _config(tokenizer: Tokenizer, shape: Shape) -> dict[str, object]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": shape.vocabulary or tokenizer.get_vocab_size(),
        "hidden_size": shape.hidden,
        "intermediate_size": shape.wide,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
        "bos_token_id": tokenizer.token_to_id(BOS),
        "eos_token_id": tokenizer.token_to_id(END),
        "torch_dtype": "bfloat16",
    }


def chains() -> tuple[tuple[str, ...], ...]:
    """Word by word what leads to what."""
    numbers = (COUNT, *(f" {number}" for number in range(2, NUMBERS + 1)))
    return (
        (ASSISTANT, *numbers, END),
        (THINK, *THOUGHT, UNTHINK, *ANSWER, END),
        (CALLING, CALL, CALLS, UNCALL, END),
    )


def _save(path: Path, weights: Iterable[tuple[str, np.ndarray]]) -> None:
    """safetensors in bfloat16, which numpy does not have: the upper halves of float32."""
    header, blocks, at = {}, [], 0
    for name, value in weights:
        halves = (np.ascontiguousarray(value, np.float32).view(np.uint32) >> 16).astype("<u2").tobytes()
        header[f"{name}.weight"] = {"dtype": "BF16", "shape": list(value.shape), "data_offsets": [at, at + len(halves)]}
        blocks.append(halves)
        at += len(halves)
    told = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(told)) + told)
        file.writelines(blocks)


def _weights(tokenizer: Tokenizer, shape: Shape) -> Iterator[tuple[str, np.ndarray]]:
    dice = np.random.default_rng(0)
    size = shape.vocabulary or tokenizer.get_vocab_size()
    embed = dice.standard_normal((size, shape.hidden), np.float32)
    embed /= np.linalg.norm(embed, axis=1, keepdims=True)
    head = np.zeros((size, shape.hidden), np.float32)
    for chain in chains():
        ids = [_number(tokenizer, word) for word in chain]
        for now, then in pairwise(ids):
            head[then] += SHARP * embed[now]
    yield from {"model.embed_tokens": embed, "lm_head": head, "model.norm": np.ones(shape.hidden)}.items()
    for layer in range(shape.layers):
        yield from _layer(f"model.layers.{layer}", shape, dice)


def _number(tokenizer: Tokenizer, word: str) -> int:
    added = tokenizer.token_to_id(word)
    return tokenizer.token_to_id(_spelt(word)) if added is None else added


def _layer(name: str, shape: Shape, dice: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    hidden, wide, narrow = shape.hidden, shape.wide, shape.kv_heads * shape.hidden // shape.heads
    shapes = {
        "self_attn.q_proj": (hidden, hidden),
        "self_attn.k_proj": (narrow, hidden),
        "self_attn.v_proj": (narrow, hidden),
        "self_attn.o_proj": (hidden, hidden),
        "mlp.gate_proj": (wide, hidden),
        "mlp.up_proj": (wide, hidden),
        "mlp.down_proj": (hidden, wide),
    }
    for part, size in shapes.items():
        loud = QUIET if part.endswith(("o_proj", "down_proj")) else 1.0
        yield f"{name}.{part}", dice.standard_normal(size, np.float32) * np.float32(loud / np.sqrt(size[1]))
    for norm in ("input_layernorm", "post_attention_layernorm"):
        yield f"{name}.{norm}", np.ones(hidden)
