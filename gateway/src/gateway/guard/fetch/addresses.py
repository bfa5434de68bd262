"""Which addresses may be connected to: public unicast ones, named by what is allowed and not by what is not.

Python's `is_global` lets NAT64, 6to4, multicast and some providers' metadata addresses through (measured), so the test
is an allow-list with carve-outs: of IPv6 what is given out to the public (2000::/3), of IPv4 what no registry keeps.
"""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PUBLIC_V6 = ipaddress.ip_network("2000::/3")
CARVED_V6 = tuple(
    ipaddress.ip_network(net)
    for net in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3ffe::/16", "3fff::/20")
)
"""IPv6: protocols' own (Teredo, ORCHID, AS112), documentation, 6to4, the old 6bone."""
CARVED_V4 = tuple(
    ipaddress.ip_network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
    )
)  # fmt: skip
"""IPv4: private, shared, loopback, link-local, documentation, benchmark, anycast relays, a cloud's host, multicast."""
ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})
"""The third quarter of an IPv6 address whose last one is an IPv4 address to tunnel to (RFC 5214)."""


def is_public(address: Address) -> bool:
    """Whether it is a public unicast address."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in net for net in CARVED_V4)
    tunnel = int(address) >> 32 & 0xFFFF_FFFF in ISATAP
    return address in PUBLIC_V6 and not tunnel and not any(address in net for net in CARVED_V6)
