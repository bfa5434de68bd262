import pytest

from gateway.providers.resolver import Resolver
from troupe.wire.errors import CannotConnect, InvalidArgument


@pytest.fixture
def resolver(names, tmp_path) -> Resolver:
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n::1 localhost ip6\n# 10.0.0.1 gone\n10.9.8.7 the-host docker # a note\n")
    return Resolver(names.address, hosts)


async def test_a_name_is_every_address_it_has_now(resolver, names) -> None:
    names.records["svc-text.test"] = ["127.0.0.12", "127.0.0.11"]
    assert await resolver.addresses("svc-text.test:50051") == ["127.0.0.11:50051", "127.0.0.12:50051"]
    names.records["svc-text.test"].append("127.0.0.13")
    assert len(await resolver.addresses("svc-text.test:50051")) == 3


async def test_an_ip_is_asked_of_nobody(resolver, names) -> None:
    assert await resolver.addresses("127.0.0.1:1, [::1]:2") == ["127.0.0.1:1", "[::1]:2"]
    assert names.asked == 0


async def test_the_hosts_file_comes_first_and_one_family_counts(resolver, names) -> None:
    assert await resolver.addresses("localhost:7") == ["127.0.0.1:7"]
    assert await resolver.addresses("ip6:7") == ["[::1]:7"]
    assert await resolver.addresses("Docker:7") == ["10.9.8.7:7"]
    assert names.asked == 0


async def test_a_name_with_ipv6_only(resolver, names) -> None:
    names.records["six.test"] = ["fd00::5"]
    assert await resolver.addresses("six.test:9") == ["[fd00::5]:9"]


async def test_a_name_nobody_knows_is_said(resolver) -> None:
    with pytest.raises(CannotConnect, match=r"gone\.test has no address"):
        await resolver.addresses("gone.test:1")


@pytest.mark.parametrize("place", ["host", "host:", ":1", "host:http", "::1", "fd00::5:80"])
async def test_what_is_no_address_says_how_one_is_written(resolver, place) -> None:
    with pytest.raises(InvalidArgument, match="host:port"):
        await resolver.addresses(place)
