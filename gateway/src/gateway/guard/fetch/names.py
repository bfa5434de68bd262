"""Names -> addresses by DNS alone: the hosts file and search domains, where the names of this network stand, are not
read.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Sequence
from typing import Protocol

import dns.asyncresolver
import dns.exception
import dns.resolver

from gateway.guard.fetch.addresses import Address
from troupe.wire.errors import FetchFailed

LOOKUP_S = 4.0
DNS_PORT = 53


class Names(Protocol):
    """Who knows the addresses of a name."""

    async def addresses(self, host: str) -> Sequence[Address]:
        """All of them. Raises `FetchFailed` where there is none."""
        ...


class Dns:
    """Asks the system's servers, or the one that is named (`ip` or `ip:port`)."""

    def __init__(self, server: str = "") -> None:
        self._server = server
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def addresses(self, host: str) -> Sequence[Address]:
        """The IPv4 addresses first: not every machine has a way out by IPv6."""
        found = await asyncio.gather(*(self._records(host, kind) for kind in ("A", "AAAA")))
        if not any(found):
            raise FetchFailed(f"There is no website at {host}: the name has no address. Check how it is written.")
        return [address for addresses in found for address in addresses]

    async def _records(self, host: str, kind: str) -> Sequence[Address]:
        try:
            answer = await self._asked().resolve(f"{host}.", kind, search=False, lifetime=LOOKUP_S)
        except dns.exception.DNSException:
            return ()
        return [ipaddress.ip_address(str(record.address)) for record in answer]

    def _asked(self) -> dns.asyncresolver.Resolver:
        if self._resolver is None:
            self._resolver = dns.asyncresolver.Resolver(configure=not self._server)
            if self._server:
                host, _, port = self._server.partition(":")
                self._resolver.nameservers = [host]
                self._resolver.port = int(port or DNS_PORT)
        return self._resolver
