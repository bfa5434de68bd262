"""A TCP proxy that does harm: it delays, swallows, spoils or half-closes what passes it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

PIECE = 64 * 1024
CLOSE_S = 2.0


@dataclass(slots=True)
class Proxy:
    """In front of one address. Its faults may be changed while it runs; all but `swallow` hold for answers only."""

    upstream: str
    delay_s: float = 0.0  # before each piece is passed on
    swallow: bool = False  # connections stay open and nothing passes, as when a network loses packets
    spoil: bool = False  # bytes are changed
    half_close: bool = False  # the server seems to have said all it has to say
    refuse: bool = False  # new connections are closed at once
    address: str = ""
    connections: int = 0
    refused: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until both sides have ended."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            # Only `stop` cancels it, and asyncio's streams would report a cancelled callback as an accident.
            with suppress(asyncio.CancelledError, ConnectionError):
                await self._between(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _between(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuse:
            self.refused += 1
            return
        host, _, port = self.upstream.rpartition(":")
        try:
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
        except OSError:
            self.refused += 1
            return
        asking = asyncio.create_task(self._pass(reader, far_writer, answers=False))
        try:
            await self._pass(far_reader, writer, answers=True)
        finally:
            asking.cancel()
            far_writer.transport.abort()
            await asyncio.gather(asking, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        with suppress(OSError):
            while piece := await reader.read(PIECE):
                while self.swallow:
                    await asyncio.sleep(0.05)
                if answers and self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if answers and self.half_close:
                    writer.write_eof()
                    await asyncio.sleep(CLOSE_S)
                    return
                writer.write(_spoilt(piece) if answers and self.spoil else piece)
                await writer.drain()

    async def stop(self) -> None:
        """Cut every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _spoilt(piece: bytes) -> bytes:
    changed = bytearray(piece)
    for _ in range(1 + len(changed) // 16):
        changed[random.randrange(len(changed))] ^= 0xFF
    return bytes(changed)


@asynccontextmanager
async def in_front_of(upstream: str, **faults: float) -> AsyncIterator[Proxy]:
    """A proxy on a free port of loopback."""
    proxy = Proxy(upstream)
    for name, value in faults.items():
        setattr(proxy, name, value)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        await proxy.stop()
