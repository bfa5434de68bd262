"""Has a released voice tell how long each phoneme lasts, without any package that edits ONNX files.

VITS rounds the lengths of its phonemes up to whole frames: the output of the graph's only `Ceil` node. Released voices
compute it and do not give it. In protobuf a second `graph` field merges with the first, so that naming one more output
is a few bytes at the end of the file; the only work is to find the node's name. Field numbers are those of onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterator

_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_OUTPUT = 1, 12
_NODE_OUTPUT, _NODE_OPERATOR = 2, 4
_VALUE_NAME = 1
_BLOCK = 2  # wire type of what has a length
_LONGEST_VARINT = 10  # bytes


class NotProtobuf(ValueError):
    """These bytes are no ONNX file."""


def with_durations(model: bytes) -> bytes:
    """The same model with the frames of each phoneme as one more output; unchanged where it cannot be told which.

    Raises `NotProtobuf` for what is no model, or one cut short.
    """
    view = memoryview(model)
    named: list[bytes] = []
    told: set[bytes] = set()
    for graph in _blocks(view, _MODEL_GRAPH):
        named += [name for node in _blocks(graph, _GRAPH_NODE) for name in _ceil_outputs(node)]
        told |= {bytes(name) for output in _blocks(graph, _GRAPH_OUTPUT) for name in _blocks(output, _VALUE_NAME)}
    if len(named) != 1 or named[0] in told:
        return model
    return model + _block(_MODEL_GRAPH, _block(_GRAPH_OUTPUT, _block(_VALUE_NAME, named[0])))


def _ceil_outputs(node: memoryview) -> list[bytes]:
    if [bytes(name) for name in _blocks(node, _NODE_OPERATOR)] != [b"Ceil"]:
        return []
    return [bytes(name) for name in _blocks(node, _NODE_OUTPUT)]


def _blocks(message: memoryview, wanted: int) -> Iterator[memoryview]:
    """The fields of that number that hold bytes."""
    at = 0
    while at < len(message):
        key, at = _number(message, at)
        start, at = _extent(message, at, key & 7)
        if at > len(message):
            raise NotProtobuf("it is cut short")
        if key == (wanted << 3 | _BLOCK):
            yield message[start:at]


def _extent(message: memoryview, at: int, kind: int) -> tuple[int, int]:
    """Where the content of the field at `at` begins and ends."""
    match kind:
        case 0:  # a varint
            return at, _number(message, at)[1]
        case 1:  # 64 bits
            return at, at + 8
        case 2:
            length, start = _number(message, at)
            return start, start + length
        case 5:  # 32 bits
            return at, at + 4
    raise NotProtobuf("it is no ONNX file")


def _number(message: memoryview, at: int) -> tuple[int, int]:
    """The varint at `at`, and where it ends."""
    read = 0
    for shift in range(_LONGEST_VARINT):
        if at >= len(message):
            raise NotProtobuf("it is cut short")
        byte = message[at]
        at += 1
        read |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:  # the last byte of a varint has no top bit
            return read, at
    raise NotProtobuf("it is no ONNX file")


def _block(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | _BLOCK) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:  # seven bits a byte
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])
