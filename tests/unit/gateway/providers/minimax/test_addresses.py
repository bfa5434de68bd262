import ipaddress

import pytest

from gateway.providers.minimax.addresses import is_loopback, is_public, public_address
from troupe.wire.errors import EngineFailed

INSIDE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.0.192",
    "168.63.129.16",
    "198.18.0.1",
    "192.0.2.1",
    "203.0.113.9",
    "198.51.100.1",
    "240.0.0.1",
    "192.88.99.1",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:db8::1",
    "fec0::1",
    "2001::1",
    "100::1",
]
OUTSIDE = ["1.1.1.1", "8.8.8.8", "47.74.0.1", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::1"]


@pytest.mark.parametrize("address", INSIDE)
def test_inside(address):
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_outside(address):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "no.such.host.invalid"])
async def test_names_that_lead_inside_are_not_fetched(host):
    with pytest.raises(EngineFailed):
        await public_address(host, 443)


async def test_a_public_address_is_itself():
    assert await public_address("1.1.1.1", 443) == "1.1.1.1"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("x", False)],
)
def test_loopback(host, loopback):
    assert is_loopback(host) is loopback
