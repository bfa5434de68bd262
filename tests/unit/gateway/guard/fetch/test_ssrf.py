"""Addresses inside, spelled in every way known to us, offered on every way in: nothing may be connected to."""

from __future__ import annotations

import ipaddress

import pytest

from gateway.guard.fetch.fetcher import Fetcher
from troupe.wire.errors import AddressRefused, FetchFailed

from .conftest import PUBLIC, ScriptedNames

SPELLINGS = [
    # IPv4, as written and in other numbers
    "127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "127.000.000.001", "2130706433", "0x7f000001", "0x7f.0.0.1",
    "0X7F.0x0.0x0.0x1", "0x7f.1", "0177.0.0.1", "0177.1", "017700000001", "00000177.0.0.1", "0x7f.0.1", "127.0x0.0.1",
    "127.0.0.1.0", "4294967297", "0", "0.0.0.0", "00", "0x0", "127.255.255.254", "10.0.0.1", "012.0.0.1", "167772161",
    "172.16.0.1", "192.168.0.1", "192.168.257", "3232235521", "169.254.169.254", "2852039166", "0xa9fea9fe",
    "169.254.43518", "0251.0376.0251.0376", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192",
    "192.0.0.8", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1",
    # other writing
    "１２７.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "%31%32%37.0.0.1", "127%2e0%2e0%2e1",
    "127.0.0.1%00.example.com", "127.0.0.1%2f.example.com", "١٢٧.0.0.1", "1\u200b27.0.0.1", "127.0.0.1\u00ad",
    # IPv6
    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[0000::1]", "[::0001]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[::ffff:0:127.0.0.1]", "[::127.0.0.1]", "[::7f00:1]", "[0:0:0:0:0:FFFF:A9FE:A9FE]", "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a00:1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2001::1]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "[fe80::1]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[fc00::1]",
    "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]", "[ff05::1:3]", "[100::1]", "[2001:db8::1]", "[3fff::1]",
    "[2a00:1450::5efe:a00:1]", "[::1%25lo]", "[::1].", "[v1.127]",
    # names
    "localhost", "LOCALHOST", "localhost.", "LocalHost.", "ip6-localhost", "localhost.localdomain", "svc-text",
    "metadata", "metadata.google.internal", "Metadata.Google.Internal.", "127.0.0.1.nip.io", "localtest.me",
    "ｌｏｃａｌｈｏｓｔ", "lo\u00adcalhost", "kubernetes.default.svc", "inside.example", "INSIDE.Example.",
    "instance-data",
]  # fmt: skip
NAMES = ScriptedNames().hosts | {
    "metadata.google.internal": [["169.254.169.254"]],
    "127.0.0.1.nip.io": [["127.0.0.1"]],
    "localtest.me": [["127.0.0.1", "::1"]],
    "localhost.localdomain": [["127.0.0.1"]],
    "kubernetes.default.svc": [["10.96.0.1"]],
    "inside.example": [["10.1.2.3"]],
    "public.example": [[PUBLIC]],
}
BEHIND = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "168.63.129.16",
    "192.0.0.192",
    "0.0.0.0",
    "224.0.0.1",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001::1",
    "fe80::1",
    "fd00::1",
    "fec0::1",
    "ff02::1",
    "::127.0.0.1",
]
WAYS = {
    "direct": "http://{}/",
    "https": "https://{}/",
    "mixed case": "hTtP://{}/",
    "port 443": "http://{}:443/latest/meta-data/",
    "any port": "http://{}:8080/",
    "user": "http://public.example@{}/",
    "user and password": "http://public.example:80@{}:80/",
    "as user": "http://{}@public.example/",
    "backslash": "http://public.example\\@{}/",
    "two at signs": "http://a@public.example@{}/",
    "one slash": "http:/{}/",
    "no slash": "http:{}/",
    "no scheme": "//{}/",
    "bare": "{}",
    "leading tab": "\thttp://{}/",
    "inner newline": "http://{}\n/",
    "file": "file://{}/etc/passwd",
    "gopher": "gopher://{}:6379/_INFO",
    "jar": "jar:http://{}!/",
    "url prefix": "url:http://{}/",
}


@pytest.fixture
def guarded(network, site):
    names = ScriptedNames()
    names.hosts = {host: [list(found) for found in answers] for host, answers in NAMES.items()}
    return Fetcher(names, network=network)


async def refused(fetcher: Fetcher, url: str) -> bool:
    try:
        await fetcher.get(url)
    except (AddressRefused, FetchFailed):
        return True
    return False


def test_the_corpus_is_large() -> None:
    assert len(set(SPELLINGS)) >= 100


@pytest.mark.parametrize("way", WAYS)
async def test_directly(guarded, network, way) -> None:
    urls = [WAYS[way].format(spelling) for spelling in SPELLINGS]
    assert [url for url in urls if not await refused(guarded, url)] == []
    assert (network.connects, network.trapped) == ([], 0)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["http://{}/", "https://{}/", "//{}/", "http://public.example@{}/"])
async def test_by_redirect(guarded, network, site, status, location) -> None:
    for number, spelling in enumerate(SPELLINGS):
        site.redirect(f"/{number}", location.format(spelling), status)
    urls = [f"http://public.example/{number}" for number in range(len(SPELLINGS))]
    assert [url for url in urls if not await refused(guarded, url)] == []
    assert network.connects == [PUBLIC] * len(SPELLINGS)
    assert network.trapped == 0


async def test_by_a_chain_of_redirects(guarded, network, site) -> None:
    for number, spelling in enumerate(SPELLINGS):
        site.redirect(f"/{number}", f"/{number}/next")
        site.redirect(f"/{number}/next", f"http://{spelling}/")
    urls = [f"http://public.example/{number}" for number in range(len(SPELLINGS))]
    assert [url for url in urls if not await refused(guarded, url)] == []
    assert network.connects == [PUBLIC] * 2 * len(SPELLINGS)
    assert network.trapped == 0


@pytest.mark.parametrize("address", BEHIND)
@pytest.mark.parametrize("others", [(), (PUBLIC,), ("2606:4700::1111",)])
async def test_by_name_alone_or_among_public_addresses(network, site, address, others) -> None:
    for answer in ([address, *others], [*others, address]):
        fetcher = Fetcher(ScriptedNames(two_example=[answer]), network=network)
        with pytest.raises(AddressRefused, match=r"two\.example is not on the public internet"):
            await fetcher.get("http://two.example/")
    assert (network.connects, network.trapped) == ([], 0)


@pytest.mark.parametrize("address", BEHIND)
async def test_by_a_name_that_changes_its_mind(network, site, address) -> None:
    """First public, then inside: what was judged is connected to, and the next request is judged anew."""
    names = ScriptedNames(rebind_example=[[PUBLIC], [address]])
    fetcher = Fetcher(names, network=network)
    site.page("/")
    await fetcher.get("http://rebind.example/")
    with pytest.raises(AddressRefused):
        await fetcher.get("http://rebind.example/")
    assert network.connects == [PUBLIC]
    assert network.trapped == 0


@pytest.mark.parametrize("address", BEHIND)
async def test_by_a_name_that_changes_its_mind_on_the_way(network, site, address) -> None:
    names = ScriptedNames(rebind_example=[[PUBLIC], [address]])
    site.redirect("/", "http://rebind.example/secret")
    with pytest.raises(AddressRefused):
        await Fetcher(names, network=network).get("http://rebind.example/")
    assert network.connects == [PUBLIC]
    assert network.trapped == 0
    assert names.asked == ["rebind.example"] * 2


async def test_the_trap_works(network, site) -> None:
    """Were the judging gone, this test's world would notice."""
    everything = [ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")]
    fetcher = Fetcher(ScriptedNames(inside_example=[["10.1.2.3"]]), network=network, allowed=everything)
    with pytest.raises(FetchFailed):
        await fetcher.get("http://inside.example/")
    assert network.connects == ["10.1.2.3"]
    assert network.trapped == 1
