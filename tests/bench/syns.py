"""Counts who tries to connect where: every TCP SYN on the loopback of a network namespace of one's own.

It is the only count that is the same for every gateway, whatever its own counters say; it needs CAP_NET_RAW.
"""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

ETH_P_IP = 0x0800
SO_ATTACH_FILTER = 26
SYNS = (
    (0x30, 0, 0, 9),  # load the byte that names the protocol
    (0x15, 0, 5, 6),  # TCP, or drop
    (0xB1, 0, 0, 0),  # X = length of the IP header
    (0x50, 0, 0, 13),  # load the flags of TCP
    (0x54, 0, 0, 0x12),  # SYN and ACK of them
    (0x15, 0, 1, 0x02),  # SYN alone, or drop
    (0x06, 0, 0, 0xFFFF),  # take the packet
    (0x06, 0, 0, 0),  # drop it
)
"""A classic BPF program: the kernel hands over the beginnings of connections and nothing else."""


@contextmanager
def counted() -> Iterator[Counter[int] | None]:
    """Connections tried while the block runs, by port; None where the system does not let this process look."""
    try:
        watcher = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
    except PermissionError:
        yield None
        return
    with watcher:
        _attach(watcher)
        watcher.settimeout(0)
        seen: Counter[int] = Counter()
        loop = asyncio.get_running_loop()
        loop.add_reader(watcher, _read, watcher, seen)
        try:
            yield seen
        finally:
            loop.remove_reader(watcher)


def _attach(watcher: socket.socket) -> None:
    code = b"".join(struct.pack("HBBI", *step) for step in SYNS)
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HL", len(SYNS), ctypes.addressof(buffer))
    watcher.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def _read(watcher: socket.socket, seen: Counter[int]) -> None:
    packet = watcher.recv(128)  # each once: only a socket for all protocols sees packets on their way out, too
    header = (packet[0] & 0x0F) * 4
    seen[struct.unpack_from("!H", packet, header + 2)[0]] += 1
