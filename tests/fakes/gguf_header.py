"""GGUF files written byte by byte, so that a test can write each of them wrong: a header that says what it is told to.

They hold no real weights. One that llama.cpp runs is made by the package `gguf`.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

UINT32, BOOL, STRING, ARRAY = 4, 7, 8, 9
F32, Q8_0 = 0, 8
ALIGNMENT = 32

KEYS: Mapping[str, object] = {
    "general.architecture": "llama",
    "general.name": "Tiny Test",
    "general.license": "apache-2.0",
    "llama.context_length": 256,
    "llama.block_count": 2,
    "llama.embedding_length": 64,
    "llama.attention.head_count": 4,
    "llama.attention.head_count_kv": 2,
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.tokens": ["a", "b", "c"],
    "tokenizer.chat_template": "{{ messages }}",
}


@dataclass
class Tensor:
    """`size` is the size of its data in the file, which need not be what its shape says."""

    name: str = "token_embd.weight"
    shape: tuple[int, ...] = (64, 4)
    kind: int = F32
    size: int = 1024
    offset: int | None = None  # None = after the one before it


@dataclass
class Recipe:
    """What to write; the defaults make a file that is whole."""

    keys: Mapping[str, object] = field(default_factory=lambda: dict(KEYS))
    tensors: Sequence[Tensor] = (Tensor(), Tensor("output.weight"))
    version: int = 3
    magic: bytes = b"GGUF"
    key_count: int | None = None
    tensor_count: int | None = None
    fill: bytes = b"\x01"


def model(size: int = 0, **keys: object) -> bytes:
    """A whole file of at least `size` bytes, with these keys in place of the usual ones.

    A dot in a key is written as two underscores; None leaves the key out.
    """
    renamed = {name.replace("__", "."): value for name, value in keys.items()}
    kept = {name: value for name, value in (KEYS | renamed).items() if value is not None}
    rows = max(size // 256, 4)
    return write(Recipe(keys=kept, tensors=(Tensor(), Tensor("output.weight", (64, rows), F32, rows * 256))))


def write(recipe: Recipe) -> bytes:
    """The bytes of the file."""
    keys = b"".join(_string(name) + _value(value) for name, value in recipe.keys.items())
    infos, data = _tensors(recipe)
    counts = struct.pack(
        "<QQ",
        len(recipe.tensors) if recipe.tensor_count is None else recipe.tensor_count,
        len(recipe.keys) if recipe.key_count is None else recipe.key_count,
    )
    head = recipe.magic + struct.pack("<I", recipe.version) + counts + keys + infos
    return head + bytes(-len(head) % ALIGNMENT) + data


def _tensors(recipe: Recipe) -> tuple[bytes, bytes]:
    infos, data = b"", b""
    for tensor in recipe.tensors:
        offset = len(data) if tensor.offset is None else tensor.offset
        shape = struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape)
        infos += _string(tensor.name) + shape + struct.pack("<IQ", tensor.kind, offset)
        data += recipe.fill * tensor.size + bytes(-tensor.size % ALIGNMENT)
    return infos, data


def _string(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def _value(value: object) -> bytes:
    if isinstance(value, bytes):  # written as it is, its type included
        return value
    if isinstance(value, bool):
        return struct.pack("<I?", BOOL, value)
    if isinstance(value, int):
        return struct.pack("<II", UINT32, value)
    if isinstance(value, str):
        return struct.pack("<I", STRING) + _string(value)
    assert isinstance(value, list)
    kind = STRING if isinstance(value[0], str) else UINT32
    items = b"".join(_string(item) if kind == STRING else struct.pack("<I", item) for item in value)
    return struct.pack("<IIQ", ARRAY, kind, len(value)) + items
