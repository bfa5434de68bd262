"""Which addresses a target has now: a list as written, or all that its DNS name resolves to.

gRPC's own resolver asks once and never sees a scale-out (measured), so names are resolved here, anew each second: first
the hosts file (compose writes there), then DNS, by the system's servers or by one that is named.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path

import dns.asyncresolver
import dns.exception
import dns.resolver

from troupe.wire.errors import CannotConnect, InvalidArgument

LOOKUP_S = 2.0
HOSTS_FILE = Path("/etc/hosts")
DNS_PORT = 53


class Resolver:
    """Turns `host:port` (or several, with commas) into addresses with an IP each."""

    def __init__(self, server: str = "", hosts_file: Path = HOSTS_FILE) -> None:
        self._server = server  # `ip` or `ip:port`; empty = the system's servers
        self._hosts_file = hosts_file
        self._dns: dns.asyncresolver.Resolver | None = None

    async def addresses(self, target: str) -> list[str]:
        """Every `ip:port` of the target, sorted. Raises `CannotConnect` saying which name has no address."""
        found: set[str] = set()
        for place in split_targets(target):
            host, port = split_place(place)
            found.update(_joined(ip, port) for ip in await self._ips(host))
        return sorted(found)

    async def _ips(self, host: str) -> Sequence[str]:
        if _is_ip(host):
            return [host]
        return _one_family(self._listed(host)) or await self._asked(host)

    def _listed(self, host: str) -> list[str]:
        """The addresses that the hosts file gives this name."""
        if not self._hosts_file.is_file():
            return []
        rows = (line.partition("#")[0].split() for line in self._hosts_file.read_text("utf-8", "replace").splitlines())
        return [row[0] for row in rows if len(row) > 1 and host.casefold() in map(str.casefold, row[1:])]

    async def _asked(self, host: str) -> Sequence[str]:
        why: dns.exception.DNSException | None = None
        for kind in ("A", "AAAA"):  # one family is enough, and both would count each replica twice
            try:
                answer = await self._resolver().resolve(host, kind, search=True, lifetime=LOOKUP_S)
            except dns.exception.DNSException as error:
                why = why or error
            else:
                return [record.address for record in answer]
        raise CannotConnect(f"The name {host} has no address: {why}. Correct it, or start what bears it.") from why

    def _resolver(self) -> dns.asyncresolver.Resolver:
        if self._dns is None:
            self._dns = dns.asyncresolver.Resolver(configure=not self._server)
            if self._server:
                host, _, port = self._server.partition(":")
                self._dns.nameservers = [host]
                self._dns.port = int(port or DNS_PORT)
            self._dns.cache = None  # a scale-out must be seen within a second
        return self._dns


def split_targets(target: str) -> list[str]:
    """`a:1, b:2` -> its places."""
    return [place.strip() for place in target.split(",") if place.strip()]


def split_place(place: str) -> tuple[str, str]:
    """`host:port` -> both; an IPv6 address stands in brackets. Raises `InvalidArgument`."""
    host, colon, port = place.rpartition(":")
    if not colon or not port.isdecimal() or not host or (":" in host and not host.startswith("[")):
        raise InvalidArgument(f'"{place}" is no address; write host:port, with [] around an IPv6 address.')
    return host.strip("[]"), port


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _one_family(ips: Sequence[str]) -> list[str]:
    """The IPv4 addresses, else those of IPv6."""
    return [ip for ip in ips if ":" not in ip] or list(ips)


def _joined(ip: str, port: str) -> str:
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
