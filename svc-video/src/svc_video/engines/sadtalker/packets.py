"""What goes over the pipes between the service and the process that holds SadTalker: JSON, and raw bytes beside it.

A pipe and not shared memory: a square of 256 pixels has 196 KB, and two processes hand over thousands of those in a
second; nothing of it can be left behind when one of them is killed.
"""

from __future__ import annotations

import json
import struct
import threading
from dataclasses import dataclass
from typing import IO, Any

_HEADER = struct.Struct(">II")  # lengths of the JSON and of the bytes beside it
LARGEST = 256 << 20  # bytes; a packet that says it is larger is not one of ours

Data = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class Packet:
    """One message, and what is too large for JSON: pixels, sound."""

    message: dict[str, Any]
    data: Data = b""


def write(stream: IO[bytes], packet: Packet) -> None:
    """Write it whole and flush; the bytes are not copied. Raises `BrokenPipeError` where the other side is gone."""
    text = json.dumps(packet.message, separators=(",", ":")).encode()
    data = memoryview(packet.data).cast("B")
    stream.write(_HEADER.pack(len(text), data.nbytes) + text)
    if data.nbytes:
        stream.write(data)
    stream.flush()


def read(stream: IO[bytes]) -> Packet | None:
    """The next packet, waited for; None where the other side is gone; raises `ValueError` where it is not ours."""
    header = _exactly(stream, _HEADER.size)
    if header is None:
        return None
    text, data = _HEADER.unpack(header)
    if text + data > LARGEST:
        raise ValueError(f"a packet of {text + data:,} bytes; none is larger than {LARGEST:,}")
    message, beside = _exactly(stream, text), _exactly(stream, data)
    if message is None or beside is None:
        return None
    return Packet(json.loads(message), beside)


def _exactly(stream: IO[bytes], size: int) -> bytearray | None:
    """So many bytes, read in place; None where the stream ends before."""
    data = bytearray(size)
    view, got = memoryview(data), 0
    while got < size:
        more = stream.readinto(view[got:])  # type: ignore[attr-defined]  # every binary stream of a pipe has it
        if not more:
            return None
        got += more
    return data


class Out:
    """The pipe to the service; several threads write, each a whole packet."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, message: dict[str, Any], data: Data = b"") -> None:
        """Now."""
        with self._lock:
            write(self._stream, Packet(message, data))
