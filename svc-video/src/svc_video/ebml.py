"""EBML elements (RFC 8794), as far as a WebM stream has to be cut into its head and whole clusters."""

from __future__ import annotations

from dataclasses import dataclass

SEGMENT = 0x18538067
CLUSTER = 0x1F43B675
SIMPLE_BLOCK = 0xA3
TIMESTAMP = 0xE7
TRACKS = 0x1654AE6B
INFO = 0x1549A966
TAGS = 0x1254C367
EBML_HEAD = 0x1A45DFA3
HEAD_ELEMENTS = frozenset({EBML_HEAD, SEGMENT, INFO, TRACKS, TAGS})
"""What stands before the first cluster and is worth keeping; the rest (Void, Cues) only serves seeking."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its id, its whole bytes, and where its body starts; `unknown` = its size is not told."""

    kind: int
    data: bytes
    header: int
    unknown: bool = False

    @property
    def body(self) -> bytes:
        """What follows the header."""
        return self.data[self.header :]


def _varint(buffer: bytes | bytearray, offset: int, *, keep_marker: bool) -> tuple[int, int] | None:
    """A variable-length number and its length in bytes; None while it is not whole."""
    if offset >= len(buffer):
        return None
    length = 9 - buffer[offset].bit_length()
    if length > 8 or offset + length > len(buffer):  # an EBML number has at most 8 bytes
        return None
    value = int.from_bytes(buffer[offset : offset + length], "big")
    return (value if keep_marker else value & ((1 << 7 * length) - 1)), length


def whole_element(buffer: bytes | bytearray) -> Element | None:
    """The first element of the buffer, or None while it is not whole. Of a Segment only the header is taken."""
    kind = _varint(buffer, 0, keep_marker=True)
    size = kind and _varint(buffer, kind[1], keep_marker=False)
    if not kind or not size:
        return None
    header = kind[1] + size[1]
    unknown = size[0] == (1 << 7 * size[1]) - 1
    if kind[0] == SEGMENT:
        return Element(SEGMENT, bytes(buffer[:header]), header, unknown=True)
    if unknown:
        raise ValueError(f"element {kind[0]:x} of unknown size")
    if len(buffer) < header + size[0]:
        return None
    return Element(kind[0], bytes(buffer[: header + size[0]]), header)


def make_element(kind: int, body: bytes) -> bytes:
    """An element around `body`, its size in eight bytes."""
    head = kind.to_bytes((kind.bit_length() + 7) // 8, "big")
    return head + (len(body) | 1 << 56).to_bytes(8, "big") + body


def simple_block(track: int, relative_ms: int, flags: int, data: bytes) -> bytes:
    """A SimpleBlock; its time counts from the cluster's."""
    return make_element(
        SIMPLE_BLOCK, bytes([0x80 | track]) + relative_ms.to_bytes(2, "big", signed=True) + bytes([flags]) + data
    )


def children(element: Element) -> list[Element]:
    """The elements inside."""
    rest, found = element.body, []
    while (inner := whole_element(rest)) is not None:
        found.append(inner)
        rest = rest[len(inner.data) :]
    return found
