"""The header of a GGUF file: its keys and values and where its tensors lie, read without trusting a byte of it.

The layout is that of the GGUF specification (ggml's docs/gguf.md), versions 2 and 3, little-endian: magic, version, the
number of tensors and of keys, the keys with their values, the tensors' names, shapes, types and offsets, then, aligned,
the tensors' data. Every length is held against the file's size before anything is read, so a damaged header costs
no memory. The package `gguf` reads the same with numpy; it takes offsets on trust.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, TypeAlias

MAGIC = b"GGUF"
VERSIONS = (2, 3)
DEFAULT_ALIGNMENT = 32  # bytes
MOST_DIMENSIONS = 4
LONGEST_KEY = 65_535  # bytes; the specification's own limit
SHORT_ARRAY = 4096  # elements

_STRING, _ARRAY = 8, 9
_FORMATS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_SMALLEST_KEY = 8 + 4 + 1  # bytes: an empty name, a type, one byte
_SMALLEST_TENSOR = 8 + 4 + 4 + 8  # bytes: an empty name, no dimensions, a type, an offset

BLOCKS: Mapping[int, tuple[int, int]] = {
    0: (1, 4),  # f32
    1: (1, 2),  # f16
    2: (32, 18),  # q4_0
    3: (32, 20),  # q4_1
    6: (32, 22),  # q5_0
    7: (32, 24),  # q5_1
    8: (32, 34),  # q8_0
    9: (32, 40),  # q8_1
    10: (256, 84),  # q2_k
    11: (256, 110),  # q3_k
    12: (256, 144),  # q4_k
    13: (256, 176),  # q5_k
    14: (256, 210),  # q6_k
    15: (256, 292),  # q8_k
    16: (256, 66),  # iq2_xxs
    17: (256, 74),  # iq2_xs
    18: (256, 98),  # iq3_xxs
    19: (256, 50),  # iq1_s
    20: (32, 18),  # iq4_nl
    21: (256, 110),  # iq3_s
    22: (256, 82),  # iq2_s
    23: (256, 136),  # iq4_xs
    24: (1, 1),  # i8
    25: (1, 2),  # i16
    26: (1, 4),  # i32
    27: (1, 8),  # i64
    28: (1, 8),  # f64
    29: (256, 56),  # iq1_m
    30: (1, 2),  # bf16
    34: (256, 54),  # tq1_0
    35: (256, 66),  # tq2_0
    39: (32, 17),  # mxfp4
    40: (64, 36),  # nvfp4
    41: (128, 18),  # q1_0
}
"""Tensor type -> weights of one block, bytes of one block (ggml's `type_traits`)."""


@dataclass(frozen=True, slots=True)
class Array:
    """What is kept of an array: vocabularies are long, and few read them."""

    count: int
    largest: float = 0  # of a short array of numbers, such as the heads of each layer
    items: tuple[float | str, ...] = ()  # of an array that was asked for


Value: TypeAlias = float | str | Array


class Malformed(Exception):
    """The bytes are no GGUF that can be used; says which rule they break."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where one tensor lies: `offset` in bytes from the start of the data; `size` 0 = of a type not known here."""

    name: str
    weights: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Header:
    """Everything before the tensors' data."""

    version: int
    values: Mapping[str, Value]
    tensors: tuple[Tensor, ...]
    data_start: int  # bytes from the start of the file


def read_header(file: BinaryIO, size: int, keep: frozenset[str] = frozenset()) -> Header:
    """The header of the file of `size` bytes, from its first byte on, with the items of the arrays in `keep`.

    Raises `Malformed`, or `OSError` of the disk.
    """
    reader = _Reader(file, size, keep)
    _check_magic(reader.take(4, "its magic"))
    version = reader.number("<I", "its version")
    if version not in VERSIONS:
        raise Malformed(_foreign_version(version))
    tensor_count = reader.number("<Q", "the number of tensors")
    key_count = reader.number("<Q", "the number of keys")
    reader.expect(tensor_count, _SMALLEST_TENSOR, "tensors")
    reader.expect(key_count, _SMALLEST_KEY, "keys")
    values = dict(reader.key() for _ in range(key_count))
    tensors = tuple(reader.tensor() for _ in range(tensor_count))
    alignment = values.get("general.alignment", DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
        raise Malformed(f"its alignment is {alignment!r}, and has to be a power of two")
    data_start = -(-reader.position // alignment) * alignment
    _check_extents(tensors, size - data_start, alignment)
    return Header(version, values, tensors, data_start)


def _check_magic(magic: bytes) -> None:
    if magic == MAGIC:
        return
    if magic[:1] == b"<":
        raise Malformed("it is a web page and no model: the address gave a page in its place")
    if magic == b"vers":
        raise Malformed("it is a pointer of Git LFS and not the model itself: fetch it with `git lfs pull`")
    raise Malformed(f"it begins with {magic!r}, and a GGUF file begins with {MAGIC!r}")


def _foreign_version(version: int) -> str:
    if version > 0 and version & 0xFFFF == 0:
        return "it is written for big-endian machines"
    known = " and ".join(str(known) for known in VERSIONS)
    return f"it is of GGUF version {version}; versions {known} can be read"


def _check_extents(tensors: tuple[Tensor, ...], room: int, alignment: int) -> None:
    """Whether every tensor lies within the data: a file cut short shows here."""
    for tensor in tensors:
        if tensor.offset % alignment:
            raise Malformed(f"its tensor {tensor.name} begins at byte {tensor.offset}, off the grid of {alignment}")
        if tensor.offset + tensor.size > room:
            missing = tensor.offset + tensor.size - max(room, 0)
            raise Malformed(
                f"its tensor {tensor.name} ends {missing} bytes after the end of the file: it was cut short"
            )


class _Reader:
    """Takes bytes off the front of a file, never more than there are."""

    def __init__(self, file: BinaryIO, size: int, keep: frozenset[str]) -> None:
        self._file = file
        self._size = size
        self._keep = keep
        self.position = 0

    def expect(self, count: int, each: int, what: str) -> None:
        """Refuse a count that the rest of the file cannot hold."""
        if count * each > self._size - self.position:
            raise Malformed(f"it claims {count} {what}, more than its {self._size} bytes can hold")

    def take(self, count: int, what: str) -> bytes:
        if count > self._size - self.position:
            raise Malformed(f"it ends within {what}")
        data = self._file.read(count)
        self.position += count
        if len(data) < count:
            raise Malformed(f"it ends within {what}")
        return data

    def skip(self, count: int, what: str) -> None:
        if count > self._size - self.position:
            raise Malformed(f"it ends within {what}")
        self._file.seek(count, 1)
        self.position += count

    def number(self, form: str, what: str) -> int:
        (value,) = struct.unpack(form, self.take(struct.calcsize(form), what))
        return int(value)

    def name(self, what: str) -> str:
        length = self.number("<Q", what)
        if length > LONGEST_KEY:
            raise Malformed(f"{what} is {length} bytes long, and may have {LONGEST_KEY}")
        return self._text(length, what)

    def _text(self, length: int, what: str) -> str:
        try:
            return self.take(length, what).decode()
        except UnicodeDecodeError:
            raise Malformed(f"{what} is not UTF-8") from None

    def key(self) -> tuple[str, Value]:
        name = self.name("the name of a key")
        kind = self.number("<I", f"the type of {name}")
        return name, self._value(kind, name)

    def _value(self, kind: int, name: str) -> Value:
        if kind in _FORMATS:
            form = _FORMATS[kind]
            (value,) = struct.unpack(form, self.take(struct.calcsize(form), name))
            number: Value = value
            return number
        if kind == _STRING:
            return self._text(self.number("<Q", name), name)
        if kind == _ARRAY:
            return self._array(name)
        raise Malformed(f"the type of {name} is {kind}, which GGUF does not have")

    def _array(self, name: str) -> Array:
        kind = self.number("<I", name)
        count = self.number("<Q", name)
        if kind in _FORMATS:
            return self._numbers(_FORMATS[kind], count, name)
        if kind != _STRING:
            raise Malformed(f"{name} is an array of type {kind}, which llama.cpp does not read")
        self.expect(count, 8, f"words in {name}")
        if name in self._keep:
            return Array(count, items=tuple(self._word(name) for _ in range(count)))
        for _ in range(count):
            self.skip(int.from_bytes(self.take(8, name), "little"), name)
        return Array(count)

    def _word(self, name: str) -> str:
        """A word of a vocabulary: some hold single bytes of a character."""
        return self.take(int.from_bytes(self.take(8, name), "little"), name).decode(errors="replace")

    def _numbers(self, form: str, count: int, name: str) -> Array:
        kept = name in self._keep
        if not count or (count > SHORT_ARRAY and not kept):
            self.skip(count * struct.calcsize(form), name)
            return Array(count)
        packed = f"<{count}{form[1]}"
        numbers = struct.unpack(packed, self.take(struct.calcsize(packed), name))
        return Array(count, max(numbers), numbers if kept else ())

    def tensor(self) -> Tensor:
        name = self.name("the name of a tensor")
        dimensions = self.number("<I", f"the shape of {name}")
        if dimensions > MOST_DIMENSIONS:
            raise Malformed(f"its tensor {name} has {dimensions} dimensions, and may have {MOST_DIMENSIONS}")
        shape = struct.unpack(f"<{dimensions}Q", self.take(8 * dimensions, f"the shape of {name}"))
        weights = math.prod(shape)
        kind = self.number("<I", f"the type of {name}")
        offset = self.number("<Q", f"the offset of {name}")
        return Tensor(name, weights, offset, _size_of(name, kind, shape))


def _size_of(name: str, kind: int, shape: tuple[int, ...]) -> int:
    """Bytes of a tensor; 0 for a type of a later llama.cpp, which is for that to judge."""
    if kind not in BLOCKS:
        return 0
    weights, size = BLOCKS[kind]
    row = shape[0] if shape else 1
    if row % weights:
        raise Malformed(f"the rows of its tensor {name} have {row} weights, not a multiple of {weights}")
    return math.prod(shape) // weights * size
