"""Fetches one page: judged, pinned, bounded in time and size. Nothing of it is kept between two requests."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

import httpcore
import httpx

from gateway.guard.fetch.addresses import Address, Network, is_public
from gateway.guard.fetch.body import PAGE_BYTES, Body
from gateway.guard.fetch.names import Dns, Names
from gateway.guard.fetch.pinned import Pinned
from gateway.guard.fetch.place import PORTS, Place, place
from troupe.wire.errors import AddressRefused, FetchFailed

CONNECT_S = 5.0
TOTAL_S = 10.0
MOST_REDIRECTS = 3
MOST_AT_ONCE = 32
PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml", "text/plain"})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
USER_AGENT = f"Troupe/{version('troupe-gateway')} (reads a page that a person named)"
"""Also what a site's robots.txt may call us: `Troupe`."""
BROKEN = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError)


@dataclass(frozen=True, slots=True)
class Page:
    """What came."""

    url: str  # where it was in the end
    content_type: str  # as the server said it, with its charset
    data: bytes  # unpacked


@dataclass(frozen=True, slots=True)
class Times:
    """How long one page may take, in seconds."""

    connect_s: float = CONNECT_S
    total_s: float = TOTAL_S


class Fetcher:
    """Fetches pages for callers.

    `allowed`: networks that may be reached although they are not public, and `ports`: those that may be asked. Both are
    for tests, whose sites are on this machine; no setting reaches them.
    """

    def __init__(
        self,
        names: Names | None = None,
        *,
        allowed: Collection[Network] = (),
        ports: Collection[int] = tuple(PORTS.values()),
        network: httpcore.AsyncNetworkBackend | None = None,
        trust: ssl.SSLContext | None = None,
        times: Times | None = None,
    ) -> None:
        self._names: Names = names or Dns()
        self._allowed = tuple(allowed)
        self._ports = ports
        self._network = network or httpcore.AnyIOBackend()
        self._trust = trust
        self.times = times or Times()
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    async def get(self, url: str, *, types: Collection[str] = PAGE_TYPES, limit: int = PAGE_BYTES) -> Page:
        """The page at an address. Raises `AddressRefused` (not fetched from here) or `FetchFailed` (did not come)."""
        where = place(url)
        try:
            async with asyncio.timeout(self.times.total_s), self._room:
                return await self._followed(where, types, limit)
        except TimeoutError:
            seconds = self.times.total_s
            raise FetchFailed(f"{where.host} was too slow: the page did not come within {seconds:.0f} s.") from None

    async def _followed(self, where: Place, types: Collection[str], limit: int) -> Page:
        for _ in range(MOST_REDIRECTS + 1):
            async with self._asked(where) as answer:
                if answer.status not in REDIRECTS:
                    return await _read(where, answer, types, limit)
                where = _next(where, answer)
        raise FetchFailed(f"{where.host} redirects more than {MOST_REDIRECTS} times; the page is not followed further.")

    @asynccontextmanager
    async def _asked(self, where: Place) -> AsyncIterator[httpcore.Response]:
        """One request on a connection of its own, to addresses judged just now."""
        addresses = await self._judged(where)
        connection = httpcore.AsyncHTTPConnection(
            httpcore.Origin(where.scheme.encode(), where.host.encode(), where.port),
            ssl_context=await self._certificates() if where.scheme == "https" else None,
            network_backend=Pinned(self._network, addresses),
        )
        try:
            yield await connection.handle_async_request(self._request(where))
        except BROKEN as error:
            raise FetchFailed(f"{where.host} {_what_happened(error)}") from error
        finally:
            await connection.aclose()

    def _request(self, where: Place) -> httpcore.Request:
        times = {"connect": self.times.connect_s, "read": self.times.total_s, "write": self.times.connect_s}
        return httpcore.Request(
            b"GET",
            httpcore.URL(scheme=where.scheme, host=where.host, port=where.port, target=where.target),
            headers=[
                (b"Host", where.host_header),
                (b"User-Agent", USER_AGENT.encode()),
                (b"Accept", b"text/html, application/xhtml+xml, text/plain;q=0.5"),
                (b"Accept-Encoding", b"gzip"),
                (b"Connection", b"close"),
            ],
            extensions={"timeout": times},
        )

    async def _judged(self, where: Place) -> Sequence[Address]:
        """Its addresses, if every one may be connected to. Raises `AddressRefused`."""
        if where.port not in self._ports:
            raise AddressRefused(f"Only the ports 80 and 443 are asked, not {where.port}. Send the address without it.")
        literal = where.literal
        addresses = [literal] if literal is not None else await self._names.addresses(where.host)
        if not addresses or not all(self._may(address) for address in addresses):
            raise AddressRefused(f"{where.host} is not on the public internet; only public pages are fetched.")
        return addresses

    def _may(self, address: Address) -> bool:
        return is_public(address) or any(address in network for network in self._allowed)

    async def _certificates(self) -> ssl.SSLContext:
        if self._trust is None:  # reading them takes 30 ms
            self._trust = await asyncio.to_thread(httpx.create_ssl_context, trust_env=False)
        return self._trust


def _next(where: Place, answer: httpcore.Response) -> Place:
    location = _header(answer, b"location")
    if not location.strip():
        raise FetchFailed(f"{where.host} redirects to nowhere (HTTP {answer.status}).", status=answer.status)
    return place(location, after=where)


async def _read(where: Place, answer: httpcore.Response, types: Collection[str], limit: int) -> Page:
    if answer.status != httpx.codes.OK:
        raise FetchFailed(f"{where.host} {_refusal(answer.status)}", status=answer.status)
    kind = _header(answer, b"content-type")
    if (named := kind.partition(";")[0].strip().casefold()) not in types:
        raise FetchFailed(f'{where.host} sent "{named[:64]}" and no web page. Send the address of an HTML page.')
    body = Body(_header(answer, b"content-encoding"), limit)
    async for piece in answer.aiter_stream():
        body.feed(piece)
    return Page(where.url, kind[:200], body.whole())


def _header(answer: httpcore.Response, name: bytes) -> str:
    return next((value.decode("utf-8", "replace") for key, value in answer.headers if key.lower() == name), "")


def _refusal(status: int) -> str:
    said = {
        404: "has no such page",
        410: "has no such page any more",
        401: "asks for a login",
        403: "lets no programs in",
    }
    meant = said.get(status, "did not give the page" if status < httpx.codes.INTERNAL_SERVER_ERROR else "has a fault")
    return f"{meant} (HTTP {status}). Open the address in a browser and send the one that works there."


def _what_happened(error: Exception) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "has a certificate that is not valid, so that nobody knows whose page it is."
    if "SSL" in str(error):
        return "does not answer with https there. Try the address with http://, if that is how it opens in a browser."
    if isinstance(error, httpcore.ConnectTimeout | httpcore.ConnectError):
        return "cannot be reached: nothing answers there. Check the address, and whether this machine is online."
    if isinstance(error, httpcore.ProtocolError):
        return "answered something that is no web page."
    return "broke off before the page was whole. Try again."
