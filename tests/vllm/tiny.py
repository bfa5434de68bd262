"""A tiny Llama made here: real layers with random weights, and a head under which one word leads to the next.

Its layers are too quiet to change the likeliest word, so at temperature 0 it says what `chains` says: it counts, it
thinks before it answers, it calls a tool. At a high temperature it babbles. Embeddings are random directions; the row
of a word in the head is the sum of the directions of the words that lead to it.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

HIDDEN, HEADS, KV_HEADS, LAYERS, WIDE = 256, 4, 2, 2, 512
NUMBERS = 600
SHARP = 1.0  # how much likelier the next word of a chain is: the higher, the surer
QUIET = 0.002  # of the layers' outputs
BOS, END, ASSISTANT, CALLING = "<|bos|>", "<|end|>", "<|assistant|>", "<|calling|>"
SPECIAL = (BOS, END, ASSISTANT, CALLING, "<|user|>", "<|system|>", "<|tool|>")
THINK, UNTHINK, CALL, UNCALL = "<think>", "</think>", "<tool_call>", "</tool_call>"
PLAIN = (THINK, UNTHINK, CALL, UNCALL)  # of the vocabulary, and part of what is said
COUNT = "1"
THOUGHT = (" let", " me", " think")
ANSWER = (" the", " answer", " is", " here")
CALLS = '\n{"name": "look_up", "arguments": {"word": "tree"}}\n'

TEMPLATE = """{{ '<|bos|>' }}{% for message in messages %}{{ '<|' + message.role + '|>' + (message.content or '') }}\
{% if message.tool_calls %}{% for call in message.tool_calls %}{{ '<tool_call>' + call.function.arguments | string \
+ '</tool_call>' }}{% endfor %}{% endif %}{{ '<|end|>' }}{% endfor %}{% if add_generation_prompt %}\
{{ '<|assistant|>' }}{% if enable_thinking %}{{ '<think>' }}{% endif %}{% if tools %}{{ '<|calling|>' }}{% endif %}\
{% endif %}"""
"""What is said first follows from the last word of the prompt: a thought, a call, or else the count."""


def make(folder: Path) -> Path:
    """The model's files in that folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    _write(folder / "tokenizer_config.json", _tokenizer_config())
    _write(folder / "config.json", _config(tokenizer))
    _write(folder / "generation_config.json", {"eos_token_id": tokenizer.token_to_id(END)})
    save_file(_weights(tokenizer), folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\nMade by the tests.\n")
    return folder


def make_adapter(folder: Path, rank: int = 8) -> Path:
    """A LoRA adapter (PEFT's files) that makes the model say something else."""
    folder.mkdir(parents=True, exist_ok=True)
    dice = np.random.default_rng(1)
    weights = {}
    for layer in range(LAYERS):
        name = f"base_model.model.model.layers.{layer}.mlp.down_proj"
        weights[f"{name}.lora_A.weight"] = dice.normal(0, 1, (rank, WIDE)).astype(np.float32)
        weights[f"{name}.lora_B.weight"] = dice.normal(0, 20, (HIDDEN, rank)).astype(np.float32)
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


def _config(tokenizer: Tokenizer) -> dict[str, object]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": HIDDEN,
        "intermediate_size": WIDE,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
        "bos_token_id": tokenizer.token_to_id(BOS),
        "eos_token_id": tokenizer.token_to_id(END),
        "torch_dtype": "float32",
    }


def chains() -> tuple[tuple[str, ...], ...]:
    """Word by word what leads to what."""
    numbers = (COUNT, *(f" {number}" for number in range(2, NUMBERS + 1)))
    return (
        (ASSISTANT, *numbers, END),
        (THINK, *THOUGHT, UNTHINK, *ANSWER, END),
        (CALLING, CALL, CALLS, UNCALL, END),
    )


def _weights(tokenizer: Tokenizer) -> dict[str, np.ndarray]:
    dice = np.random.default_rng(0)
    size = tokenizer.get_vocab_size()
    embed = dice.normal(0, 1, (size, HIDDEN))
    embed /= np.linalg.norm(embed, axis=1, keepdims=True)
    head = np.zeros((size, HIDDEN))
    for chain in chains():
        ids = [_number(tokenizer, word) for word in chain]
        for now, then in pairwise(ids):
            head[then] += SHARP * embed[now]
    weights = {"model.embed_tokens.weight": embed, "lm_head.weight": head, "model.norm.weight": np.ones(HIDDEN)}
    for layer in range(LAYERS):
        weights |= _layer(f"model.layers.{layer}", dice)
    return {name: value.astype(np.float32) for name, value in weights.items()}


def _number(tokenizer: Tokenizer, word: str) -> int:
    added = tokenizer.token_to_id(word)
    return tokenizer.token_to_id(_spelt(word)) if added is None else added


def _layer(name: str, dice: np.random.Generator) -> dict[str, np.ndarray]:
    size = HIDDEN // HEADS
    shapes = {
        "self_attn.q_proj": (HIDDEN, HIDDEN),
        "self_attn.k_proj": (KV_HEADS * size, HIDDEN),
        "self_attn.v_proj": (KV_HEADS * size, HIDDEN),
        "self_attn.o_proj": (HIDDEN, HIDDEN),
        "mlp.gate_proj": (WIDE, HIDDEN),
        "mlp.up_proj": (WIDE, HIDDEN),
        "mlp.down_proj": (HIDDEN, WIDE),
    }
    quiet = ("o_proj", "down_proj")
    made = {
        f"{name}.{part}.weight": dice.normal(0, 1 / np.sqrt(shape[1]), shape) * (QUIET if part.endswith(quiet) else 1)
        for part, shape in shapes.items()
    }
    return made | {f"{name}.{norm}.weight": np.ones(HIDDEN) for norm in ("input_layernorm", "post_attention_layernorm")}
