"""A world to fetch from: scripted names, one public address that leads to a site, and a network that counts."""

from __future__ import annotations

import asyncio
import ipaddress
import sys
from pathlib import Path

import httpcore
import pytest

from gateway.guard.fetch.fetcher import Fetcher
from troupe.wire.errors import FetchFailed

FAKES = str(Path(__file__).parents[4] / "fakes")
if FAKES not in sys.path:
    sys.path.insert(0, FAKES)

PUBLIC = "93.184.215.14"
PUBLIC_V6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


class ScriptedNames:
    """Each answer is given once, the last one again and again: how a rebinding server behaves."""

    def __init__(self, **hosts: list[list[str]]) -> None:
        self.hosts = {name.replace("_", "."): list(answers) for name, answers in hosts.items()}
        self.asked: list[str] = []

    async def addresses(self, host: str):
        self.asked.append(host)
        if host not in self.hosts:
            raise FetchFailed(f"There is no website at {host}.")
        answers = self.hosts[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [ipaddress.ip_address(address) for address in found]


class CountingNetwork(httpcore.AnyIOBackend):
    """Every connection is noted; those to public addresses reach the site, all others a listener that counts too."""

    def __init__(self) -> None:
        self.site_port = 0
        self.trap_port = 0
        self.trapped = 0
        self.connects: list[str] = []
        self.dead: set[str] = set()

    async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):  # noqa: ASYNC109
        self.connects.append(host)
        if host in self.dead:
            raise httpcore.ConnectError("nobody there")
        to = self.site_port if host in {PUBLIC, PUBLIC_V6} else self.trap_port
        return await super().connect_tcp("127.0.0.1", to, timeout, local_address, socket_options)


class RawSite:
    """A server that says exactly these bytes per path; a list is said piece by piece, numbers in it are pauses."""

    def __init__(self) -> None:
        self.replies: dict[str, list[bytes | float]] = {}
        self.requests: list[bytes] = []

    async def serve(self, reader, writer) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head)
            for part in self.replies.get(head.split()[1].decode(), [b"HTTP/1.1 404 no\r\n\r\n"]):
                if isinstance(part, bytes):
                    writer.write(part)
                    await writer.drain()
                else:
                    await asyncio.sleep(part)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def page(self, path: str, body: bytes = b"<p>hello", headers: str = "Content-Type: text/html\r\n") -> None:
        self.replies[path] = [f"HTTP/1.1 200 OK\r\n{headers}\r\n".encode(), body]

    def redirect(self, path: str, to: str, status: int = 302) -> None:
        self.replies[path] = [f"HTTP/1.1 {status} there\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()]


@pytest.fixture
async def network():
    made = CountingNetwork()

    async def trap(_reader, writer) -> None:
        made.trapped += 1
        writer.close()

    server = await asyncio.start_server(trap, "127.0.0.1", 0)
    made.trap_port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


@pytest.fixture
async def site(network):
    made = RawSite()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    network.site_port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


@pytest.fixture
def names() -> ScriptedNames:
    return ScriptedNames(public_example=[[PUBLIC]])


@pytest.fixture
def fetcher(network, names, site) -> Fetcher:
    return Fetcher(names, network=network)
