"""What goes over the pipes between the service and the process that holds XTTS: JSON, and sound beside it."""

from __future__ import annotations

import asyncio
import json
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

_HEADER = struct.Struct(">II")  # lengths of the JSON and of the sound, bytes
LARGEST = 64 << 20  # bytes; a packet that says it is larger is not one of ours


@dataclass(frozen=True, slots=True)
class Packet:
    """One message, and sound (PCM s16le mono at the engine's rate)."""

    message: dict[str, Any]
    sound: bytes = b""

    def packed(self) -> bytes:
        """As it goes over a pipe."""
        text = json.dumps(self.message, separators=(",", ":")).encode()
        return _HEADER.pack(len(text), len(self.sound)) + text + self.sound


async def receive(reader: asyncio.StreamReader) -> Packet:
    """The next packet; raises `IncompleteReadError` where the other side is gone, `ValueError` where it is not ours."""
    sizes = _sizes(await reader.readexactly(_HEADER.size))
    return _packet(await reader.readexactly(sum(sizes)), sizes[0])


def read(stream: BinaryIO) -> Packet | None:
    """The next packet, waited for; None where the other side is gone; raises `ValueError` where it is not ours."""
    header = _exactly(stream, _HEADER.size)
    if header is None:
        return None
    sizes = _sizes(header)
    body = _exactly(stream, sum(sizes))
    return None if body is None else _packet(body, sizes[0])


def _sizes(header: bytes) -> tuple[int, int]:
    text, sound = _HEADER.unpack(header)
    if text + sound > LARGEST:
        raise ValueError(f"a packet of {text + sound:,} bytes; none is larger than {LARGEST:,}")
    return text, sound


def _packet(body: bytes, text: int) -> Packet:
    return Packet(json.loads(body[:text]), body[text:])


def _exactly(stream: BinaryIO, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        more = stream.read(size - len(data))
        if not more:
            return None
        data += more
    return bytes(data)
