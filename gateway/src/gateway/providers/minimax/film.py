"""MiniMax's finished MP4, put in order: what it is and how to read it come before the media.

The boxes become ftyp, a mark that the film is synthetic (XMP, as the house's own films carry), moov, then the media.
The chunk offsets are moved with the media; nothing is decoded.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from troupe.wire.errors import EngineFailed

XMP_UUID = uuid.UUID("be7acfcb-97a9-42e8-9c71-999491e3afac")  # XMP specification part 3, section 1.2.7
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
MAX_BOXES = 4096
HEAD = 8  # bytes: size and type
LARGE = 1  # a size that says: 64 bits of it follow the type
TO_THE_END = 0


@dataclass(frozen=True, slots=True)
class Box:
    """A box of the file: its type, where it begins, where its content begins, where it ends."""

    kind: bytes
    start: int
    body: int
    end: int


@dataclass(frozen=True, slots=True)
class Film:
    """A film in order."""

    init: bytes  # up to the media
    media: bytes
    duration_ms: int
    width: int
    height: int


def in_order(data: bytes, content_id: str = "", engine: str = "minimax") -> Film:
    """The film of a file. Raises `EngineFailed` for what is no MP4."""
    try:
        return _ordered(data, _mark(content_id, engine))
    except (struct.error, IndexError, ValueError):
        raise EngineFailed("The file that MiniMax made is no MP4.") from None


def _ordered(data: bytes, mark: bytes) -> Film:
    boxes = list(_boxes(data, 0, len(data)))
    moov = next((box for box in boxes if box.kind == b"moov"), None)
    if not boxes or boxes[0].kind != b"ftyp" or moov is None:
        raise ValueError("no film")
    rest = [box for box in boxes[1:] if box is not moov]
    head = data[boxes[0].start : boxes[0].end] + mark
    index = bytearray(data[moov.start : moov.end])
    _move_chunks(index, _shifts(rest, len(head) + len(index)))
    width, height = _size(index)
    media = b"".join(data[box.start : box.end] for box in rest)
    return Film(head + bytes(index), media, _duration_ms(index), width, height)


def _boxes(data: bytes | bytearray, start: int, end: int) -> Iterator[Box]:
    for _ in range(MAX_BOXES):
        if start + HEAD > end:
            return
        size, kind = struct.unpack_from(">I4s", data, start)
        body = start + HEAD
        if size == LARGE:
            (size,) = struct.unpack_from(">Q", data, body)
            body += 8
        stop = end if size == TO_THE_END else start + size
        if not body <= stop <= end:
            raise ValueError("a box that does not fit")
        yield Box(kind, start, body, stop)
        start = stop


def _within(data: bytearray, wanted: bytes, start: int = 0, end: int | None = None, depth: int = 0) -> Iterator[Box]:
    """Every box of that kind inside the containers of an index."""
    if depth > len(CONTAINERS):
        raise ValueError("boxes too deep")
    for box in _boxes(data, start, len(data) if end is None else end):
        if box.kind == wanted:
            yield box
        elif box.kind in CONTAINERS:
            yield from _within(data, wanted, box.body, box.end, depth + 1)


def _shifts(rest: Sequence[Box], start: int) -> list[tuple[int, int, int]]:
    """(old start, old end, how far it moves) of each box behind the index."""
    moved = []
    for box in rest:
        moved.append((box.start, box.end, start - box.start))
        start += box.end - box.start
    return moved


def _move_chunks(index: bytearray, shifts: list[tuple[int, int, int]]) -> None:
    for kind, code in ((b"stco", "I"), (b"co64", "Q")):
        for box in _within(index, kind):
            (count,) = struct.unpack_from(">I", index, box.body + 4)
            shape = f">{count}{code}"
            if struct.calcsize(shape) != box.end - box.body - 8:
                raise ValueError("a table of another length")
            offsets = struct.unpack_from(shape, index, box.body + 8)
            struct.pack_into(shape, index, box.body + 8, *(_moved(offset, shifts) for offset in offsets))


def _moved(offset: int, shifts: list[tuple[int, int, int]]) -> int:
    for start, end, by in shifts:
        if start <= offset < end:
            return offset + by
    raise ValueError("a chunk outside of the media")


def _duration_ms(index: bytearray) -> int:
    box = next(_within(index, b"mvhd"))
    if index[box.body]:  # version 1 has longer times
        scale, duration = struct.unpack_from(">IQ", index, box.body + 20)
    else:
        scale, duration = struct.unpack_from(">II", index, box.body + 12)
    return min(int(duration * 1000 // scale), 2**31) if scale else 0


def _size(index: bytearray) -> tuple[int, int]:
    """Of the first track that has one; 16.16 fixed point at the end of its header."""
    for box in _within(index, b"tkhd"):
        width, height = struct.unpack_from(">II", index, box.end - 8)
        if width and height:
            return width >> 16, height >> 16
    return 0, 0


def _mark(content_id: str, engine: str) -> bytes:
    """The XMP packet that says what the film is."""
    packet = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        f" Iptc4xmpExt:DigitalSourceType={quoteattr(SOURCE_TYPE)} xmp:CreatorTool={quoteattr(f'Troupe/{engine}')}"
        f' dc:identifier={quoteattr(content_id)}/></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    ).encode()
    body = XMP_UUID.bytes + packet
    return struct.pack(">I4s", HEAD + len(body), b"uuid") + body
