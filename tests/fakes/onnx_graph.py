"""Writes ONNX graphs by hand: as much of the format (onnx.proto3) as the fakes of voices need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

OPSET, IR_VERSION = 17, 8
FLOAT, INT64 = 1, 7  # TensorProto.DataType
_TYPES = {np.dtype(np.float32): FLOAT, np.dtype(np.int64): INT64}
_ATTRIBUTE_INT, _ATTRIBUTE_FLOAT, _ATTRIBUTE_INTS = 2, 1, 7  # AttributeProto.AttributeType


def number(value: int) -> bytes:
    """A varint; negative ones as 64 bits of two's complement."""
    value &= (1 << 64) - 1
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])


def integer(tag: int, value: int) -> bytes:
    """A field that holds a number."""
    return number(tag << 3) + number(value)


def block(tag: int, value: bytes | str) -> bytes:
    """A field that holds bytes, text or a message."""
    data = value.encode() if isinstance(value, str) else value
    return number(tag << 3 | 2) + number(len(data)) + data


def value(name: str, kind: int, dims: Sequence[int | str]) -> bytes:
    """ValueInfoProto of a tensor; a dimension with a name is known at run time only."""
    shape = b"".join(block(1, block(2, dim) if isinstance(dim, str) else integer(1, dim)) for dim in dims)
    return block(1, name) + block(2, block(1, integer(1, kind) + block(2, shape)))


@dataclass
class Graph:
    """A graph that grows node by node."""

    nodes: list[bytes] = field(default_factory=list)
    weights: list[bytes] = field(default_factory=list)

    def constant(self, name: str, array: Any) -> str:
        """A weight."""
        data = np.asarray(array)
        data = data.astype(np.int64 if data.dtype.kind in "iub" else np.float32)
        dims = b"".join(integer(1, dim) for dim in data.shape)
        self.weights.append(dims + integer(2, _TYPES[data.dtype]) + block(8, name) + block(9, data.tobytes()))
        return name

    def add(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """A node; gives the name of its output."""
        told = b"".join(block(1, name) for name in inputs) + block(2, output) + block(3, output) + block(4, operator)
        self.nodes.append(told + b"".join(block(5, _attribute(name, held)) for name, held in attributes.items()))
        return output

    def model(self, inputs: Sequence[bytes], outputs: Sequence[bytes]) -> bytes:
        """The whole file."""
        graph = b"".join(block(1, node) for node in self.nodes) + block(2, "voice")
        graph += b"".join(block(5, weight) for weight in self.weights)
        graph += b"".join(block(11, each) for each in inputs) + b"".join(block(12, each) for each in outputs)
        return integer(1, IR_VERSION) + block(7, graph) + block(8, block(1, "") + integer(2, OPSET))


def _attribute(name: str, held: Any) -> bytes:
    if isinstance(held, float):
        return block(1, name) + number(2 << 3 | 5) + np.float32(held).tobytes() + integer(20, _ATTRIBUTE_FLOAT)
    if isinstance(held, int):
        return block(1, name) + integer(3, held) + integer(20, _ATTRIBUTE_INT)
    return block(1, name) + b"".join(integer(8, each) for each in held) + integer(20, _ATTRIBUTE_INTS)
