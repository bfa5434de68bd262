"""Which addresses a download may come from: public unicast ones, named by what is allowed and not by what is not.

Python's `is_global` lets NAT64, 6to4, multicast and some providers' metadata addresses through (measured), so the test
is an allow-list with carve-outs.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket

from troupe.wire.errors import EngineFailed

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PUBLIC_V6 = ipaddress.ip_network("2000::/3")
_CARVED_V6 = tuple(
    ipaddress.ip_network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3ffe::/16", "3fff::/20")
)
_CARVED_V4 = tuple(
    ipaddress.ip_network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
    )
)  # fmt: skip
"""IPv4: private, shared, loopback, link-local, documentation, benchmark, anycast relays, a cloud's host, multicast."""


def is_public(address: Address) -> bool:
    """Whether it is a public unicast address."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in net for net in _CARVED_V4)
    return address in _PUBLIC_V6 and not any(address in net for net in _CARVED_V6)


def is_loopback(host: str) -> bool:
    """Whether the name can only mean this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def public_address(host: str, port: int) -> str:
    """One public address of the host, to connect to. Raises `EngineFailed` when any of them is not public."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise EngineFailed("MiniMax named a download host that cannot be found.") from error
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not addresses or not all(is_public(address) for address in addresses):
        raise EngineFailed("MiniMax named a download address that is not public; it is not fetched.")
    return str(addresses[0])
