"""ISO base media boxes (ISO/IEC 14496-12), as far as a fragmented MP4 has to be cut into init segment and fragments."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

HEADER = struct.Struct(">I4s")
LARGE_SIZE = struct.Struct(">Q")
VIDEO_HANDLER = b"vide"

# trun and tfhd flags, ISO/IEC 14496-12 section 8.8
TFHD_BASE_DATA_OFFSET = 0x01
TFHD_DESCRIPTION_INDEX = 0x02
TFHD_DEFAULT_DURATION = 0x08
TRUN_DATA_OFFSET = 0x001
TRUN_FIRST_FLAGS = 0x004
TRUN_DURATION = 0x100
TRUN_OPTIONAL = (TRUN_DURATION, 0x200, 0x400, 0x800)  # duration, size, flags, composition offset: 4 bytes each


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its type, and its whole bytes with the header."""

    kind: bytes
    data: bytes
    header: int

    @property
    def body(self) -> bytes:
        """What follows the header."""
        return self.data[self.header :]


@dataclass(frozen=True, slots=True)
class Track:
    """What the init segment says of a track."""

    track_id: int
    handler: bytes
    timescale: int
    default_duration: int


@dataclass(frozen=True, slots=True)
class Span:
    """The part of the picture track one fragment covers, in seconds."""

    sequence: int
    start_s: float
    end_s: float


def whole_box(buffer: bytes | bytearray) -> Box | None:
    """The first box of the buffer, or None while it is not whole."""
    if len(buffer) < HEADER.size:
        return None
    size, kind = HEADER.unpack_from(buffer)
    header = HEADER.size
    if size == 1:
        if len(buffer) < header + LARGE_SIZE.size:
            return None
        size, header = LARGE_SIZE.unpack_from(buffer, header)[0], header + LARGE_SIZE.size
    if size < header:
        raise ValueError(f"box {kind!r} says it has {size} bytes")
    return Box(kind, bytes(buffer[:size]), header) if len(buffer) >= size else None


def boxes(data: bytes) -> Iterator[Box]:
    """The boxes that stand one after another in `data`."""
    while (box := whole_box(data)) is not None:
        yield box
        data = data[len(box.data) :]


def find(data: bytes, *path: bytes) -> Iterator[Box]:
    """Every box at that path of nested types."""
    for box in boxes(data):
        if box.kind == path[0]:
            if len(path) == 1:
                yield box
            else:
                yield from find(box.body, *path[1:])


def make_box(kind: bytes, body: bytes) -> bytes:
    """A box around `body`."""
    return HEADER.pack(HEADER.size + len(body), kind) + body


def tracks(moov: Box) -> list[Track]:
    """The tracks an init segment announces."""
    defaults = {
        struct.unpack_from(">I", trex.body, 4)[0]: struct.unpack_from(">I", trex.body, 12)[0]
        for trex in find(moov.body, b"mvex", b"trex")
    }
    return [_track(trak, defaults) for trak in find(moov.body, b"trak")]


def _track(trak: Box, defaults: dict[int, int]) -> Track:
    tkhd = next(find(trak.body, b"tkhd")).body
    mdhd = next(find(trak.body, b"mdia", b"mdhd")).body
    handler = next(find(trak.body, b"mdia", b"hdlr")).body[8:12]
    # Version 1 holds both times in 8 bytes instead of 4.
    track_id = struct.unpack_from(">I", tkhd, 20 if tkhd[0] else 12)[0]
    timescale = struct.unpack_from(">I", mdhd, 20 if mdhd[0] else 12)[0]
    return Track(track_id, handler, timescale, defaults.get(track_id, 0))


def span(moof: Box, picture: Track) -> Span | None:
    """The fragment's number and picture time; None where it holds no picture."""
    sequence = struct.unpack_from(">I", next(find(moof.body, b"mfhd")).body, 4)[0]
    for traf in find(moof.body, b"traf"):
        tfhd = next(find(traf.body, b"tfhd")).body
        if struct.unpack_from(">I", tfhd, 4)[0] != picture.track_id:
            continue
        start = _decode_time(next(find(traf.body, b"tfdt")).body)
        default = _default_duration(tfhd, picture.default_duration)
        length = sum(_run_duration(trun.body, default) for trun in find(traf.body, b"trun"))
        return Span(sequence, start / picture.timescale, (start + length) / picture.timescale)
    return None


def _decode_time(tfdt: bytes) -> int:
    return int(struct.unpack_from(">Q" if tfdt[0] else ">I", tfdt, 4)[0])


def _flags(body: bytes) -> int:
    return int.from_bytes(body[1:4], "big")


def _default_duration(tfhd: bytes, track_default: int) -> int:
    flags = _flags(tfhd)
    if not flags & TFHD_DEFAULT_DURATION:
        return track_default
    offset = 8 + (8 if flags & TFHD_BASE_DATA_OFFSET else 0) + (4 if flags & TFHD_DESCRIPTION_INDEX else 0)
    return int(struct.unpack_from(">I", tfhd, offset)[0])


def _run_duration(trun: bytes, default: int) -> int:
    flags = _flags(trun)
    samples = int(struct.unpack_from(">I", trun, 4)[0])
    if not flags & TRUN_DURATION:
        return samples * default
    offset = 8 + (4 if flags & TRUN_DATA_OFFSET else 0) + (4 if flags & TRUN_FIRST_FLAGS else 0)
    stride = 4 * sum(bool(flags & flag) for flag in TRUN_OPTIONAL)
    return sum(struct.unpack_from(">I", trun, offset + stride * index)[0] for index in range(samples))
