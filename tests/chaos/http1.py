"""A small HTTP/1.1 client over asyncio's streams: light enough to load two cores that it shares, and it never retries.

Connections are kept alive and used again, as a balancer in front of the gateway would; one that the server has closed
or is about to close is not.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

FETCH_S = 30.0
LINE_LIMIT = 1 << 20
CLOSE_S = 1.0


class Place(Protocol):
    """Somewhere a gateway listens."""

    @property
    def http(self) -> str:
        """`host:port`."""
        ...


class Cut(Exception):
    """The connection ended before the answer did."""


@dataclass(slots=True)
class Link:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def usable(self) -> bool:
        return not self.reader.at_eof() and not self.writer.is_closing() and self.reader.exception() is None


@dataclass(slots=True)
class Reply:
    """An answer whose head has come."""

    status: int
    headers: dict[str, str]
    link: Link
    whole: bool = False

    async def pieces(self) -> AsyncGenerator[bytes]:
        """The body as it comes. Raises `Cut` when the connection ends before it is whole."""
        try:
            if self.headers.get("transfer-encoding") == "chunked":
                while size := int(await self.link.reader.readline() or b"x", 16):
                    yield (await self.link.reader.readexactly(size + 2))[:-2]
                await self.link.reader.readline()
            elif length := int(self.headers.get("content-length", "0")):
                yield await self.link.reader.readexactly(length)
        except (asyncio.IncompleteReadError, OSError, ValueError) as error:
            raise Cut("the answer was cut") from error
        self.whole = True

    async def body(self) -> bytes:
        """The whole body."""
        return b"".join([piece async for piece in self.pieces()])


@dataclass(slots=True)
class Client:
    """Connections to any number of addresses."""

    idle: dict[str, list[Link]] = field(default_factory=dict)

    @asynccontextmanager
    async def ask(
        self, address: str, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> AsyncGenerator[Reply]:
        """Ask; the connection is kept when the answer was read to its end, and closed at once when it was not."""
        link = await self._link(address)
        reply = None
        try:
            link.writer.write(_head(address, method, path, len(body), headers or {}) + body)
            reply = await _reply(link)
            yield reply
        except OSError as error:
            raise Cut(f"{type(error).__name__}") from error
        finally:
            if reply and reply.whole and reply.headers.get("connection") != "close" and link.usable:
                self.idle.setdefault(address, []).append(link)
            else:
                link.writer.transport.abort()

    async def _link(self, address: str) -> Link:
        links = self.idle.get(address, [])
        while links:
            link = links.pop()
            if link.usable:
                return link
            link.writer.transport.abort()
        host, _, port = address.rpartition(":")
        return Link(*await asyncio.open_connection(host, int(port), limit=LINE_LIMIT))

    def close(self) -> None:
        """Let all connections go."""
        for links in self.idle.values():
            for link in links:
                with suppress(OSError):
                    link.writer.transport.abort()
        self.idle.clear()


def _head(address: str, method: str, path: str, length: int, headers: dict[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"host: {address}", f"content-length: {length}"]
    if length and "content-type" not in headers:
        lines.append("content-type: application/json")
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _reply(link: Link) -> Reply:
    try:
        head = await link.reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, OSError) as error:
        raise Cut("closed before it answered") from error
    status, *lines = head.decode("latin-1").split("\r\n")[:-2]
    pairs = (line.partition(":") for line in lines)
    return Reply(int(status.split()[1]), {name.lower(): value.strip() for name, _, value in pairs}, link)


async def ask_once(address: str, method: str, path: str, body: Any = None) -> tuple[Reply, bytes]:
    """Ask on a connection of its own, whatever the status; gives the head and the body."""
    client = Client()
    sent = b"" if body is None else json.dumps(body).encode()
    try:
        async with asyncio.timeout(FETCH_S), client.ask(address, method, path, sent) as reply:
            return reply, await reply.body()
    finally:
        client.close()


async def fetch(address: str, path: str) -> bytes:
    """GET."""
    return (await ask_once(address, "GET", path))[1]


async def fetch_json(address: str, path: str) -> Any:
    """GET JSON."""
    return json.loads(await fetch(address, path))
