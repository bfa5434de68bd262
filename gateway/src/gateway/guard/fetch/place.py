"""A web address as a person writes it -> where to connect and what to ask there; everything unusual is refused.

One parser reads it (httpx's, which makes IDNA and percent-encoding too) and what it found is what is sent: there is no
second reader that could understand the same text differently. Numbers in other spellings than four plain decimals
(`0x7f.1`, `017700000001`, `2130706433`, full-width digits) name no host that a person would mean.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from gateway.guard.fetch.addresses import Address
from troupe.wire.errors import AddressRefused

MAX_URL_CHARS = 2048
PORTS: Mapping[str, int] = {"http": 80, "https": 443}
HIGHEST_PORT = 65_535
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\\\ud800-\udfff]")
_USER = re.compile(r"^([a-z][a-z0-9+.-]*:)?//[^/?#]*@", re.IGNORECASE)
_BARE = re.compile(r"^[^\s/:@?#\[\]]+\.[^\s/:@?#\[\].]+\.?(:\d+)?([/?#]|$)")
"""`example.com/about`: what people type; https is meant."""
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+")
_LAST_IS_NUMBER = re.compile(r"(^|\.)(\d+|0x[0-9a-f]*)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """One page's address, taken apart."""

    url: str  # as it is told to people: without fragment
    scheme: str
    host: str  # ASCII, lower case, no trailing dot, no brackets
    port: int
    target: bytes  # path and query as they are sent

    @property
    def literal(self) -> Address | None:
        """The address, where the host is one."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    @property
    def host_header(self) -> bytes:
        """As the request must name it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (host if self.port == PORTS[self.scheme] else f"{host}:{self.port}").encode("ascii")


def place(text: str, *, after: Place | None = None) -> Place:
    """Take an address apart; a redirect's may be relative to the page it came `after`. Raises `AddressRefused`."""
    written = text.strip()
    if not written:
        raise AddressRefused("No address was given. Send the `url` of a web page, such as https://example.com.")
    if len(written) > MAX_URL_CHARS:
        raise AddressRefused(f"The address has {len(written):,} characters; at most {MAX_URL_CHARS:,} are taken.")
    if _UNPRINTABLE.search(written):
        raise AddressRefused("The address has spaces, backslashes or control characters in it. Send a plain one.")
    if _USER.match(written):
        raise AddressRefused("The address holds a user name or password. Send it without: pages are read as anybody.")
    return _checked(_parsed(written, after))


def _parsed(written: str, after: Place | None) -> httpx.URL:
    bare = after is None and "://" not in written and _BARE.match(written)
    try:
        if after is not None:
            return httpx.URL(after.url).join(written)
        return httpx.URL(f"https://{written}" if bare else written)
    except (httpx.InvalidURL, ValueError) as error:
        raise AddressRefused(f"The address cannot be read: {error}. Send one such as https://example.com.") from None


def _checked(url: httpx.URL) -> Place:
    if url.scheme not in PORTS:
        raise AddressRefused("Only http:// and https:// addresses are fetched.")
    host = _host(url.raw_host.decode("ascii", "replace"))
    plain = url.copy_with(fragment=None, host=host)
    port = PORTS[url.scheme] if url.port is None else url.port
    if not 0 < port <= HIGHEST_PORT:
        raise AddressRefused(f"{port} is no port. Send the address without it.")
    return Place(str(plain), url.scheme, host, port, plain.raw_path)


def _host(written: str) -> str:
    host = written.casefold().removesuffix(".")
    if ":" in host or _LAST_IS_NUMBER.search(host):
        return _address(host)
    if not _NAME.fullmatch(host):
        raise AddressRefused("The address names no host of the public web. Send one such as https://example.com.")
    return host


def _address(host: str) -> str:
    """An address in its plain spelling; a zone (`fe80::1%eth0`) is none of ours to follow."""
    try:
        if "%" not in host:
            return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    raise AddressRefused("The host is a number in an unusual spelling. Send a name such as example.com.")
