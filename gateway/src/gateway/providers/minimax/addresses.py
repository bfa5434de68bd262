"""Which addresses a download may come from: the public unicast ones that the guard's list allows."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

from gateway.guard.fetch.addresses import is_public
from troupe.wire.errors import EngineFailed

__all__ = ["is_loopback", "is_public", "public_address"]


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
