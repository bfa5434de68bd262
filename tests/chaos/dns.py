"""A DNS server of one zone over UDP: it tells the IPv4 addresses that a name has just now, and forgets nothing else."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

HEADER = struct.Struct("!6H")  # id, flags, questions, answers, authorities, additionals
ANSWER = struct.Struct("!HHHIH")  # pointer to the name, type, class, seconds to live, length of the data
NAME_AT_12 = 0xC00C
TYPE_A = 1
CLASS_IN = 1
RESPONSE = 0x8580  # a response, authoritative, recursion wanted and had
NO_SUCH_NAME = 3
TTL_S = 1


@dataclass(slots=True)
class Zone(asyncio.DatagramProtocol):
    """Names and their addresses; change `names` and the next question gets the new answer."""

    names: dict[str, list[str]] = field(default_factory=dict)
    asked: int = 0
    _transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # datagrams have a datagram transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked += 1
        assert self._transport is not None
        self._transport.sendto(self.answer(data), addr)

    def answer(self, query: bytes) -> bytes:
        """The response to one query of one question."""
        number = HEADER.unpack_from(query)[0]
        name, end = _name(query, HEADER.size)
        kind = struct.unpack_from("!H", query, end)[0]
        question = query[HEADER.size : end + 4]
        ips = self.names.get(name)
        found = [_record(ip) for ip in ips or [] if kind == TYPE_A]
        flags = RESPONSE | (NO_SUCH_NAME if ips is None else 0)
        return HEADER.pack(number, flags, 1, len(found), 0, 0) + question + b"".join(found)


def _name(query: bytes, at: int) -> tuple[str, int]:
    labels = []
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode("ascii"))
        at += 1 + length
    return ".".join(labels).casefold(), at + 1


def _record(ip: str) -> bytes:
    data = bytes(map(int, ip.split(".")))
    return ANSWER.pack(NAME_AT_12, TYPE_A, CLASS_IN, TTL_S, len(data)) + data


@asynccontextmanager
async def serving(zone: Zone) -> AsyncIterator[str]:
    """Serve the zone on a free port of loopback; gives `ip:port`."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: zone, local_addr=("127.0.0.1", 0))
    try:
        yield "127.0.0.1:{}".format(transport.get_extra_info("sockname")[1])
    finally:
        transport.close()
