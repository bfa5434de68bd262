from __future__ import annotations

import asyncio
import ipaddress

import pytest

from gateway.guard.fetch.names import Dns
from troupe.wire.errors import FetchFailed

from ...providers.conftest import Names  # noqa: TID252  # tests are no package that has a name


@pytest.fixture
async def server():
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(Names, local_addr=("127.0.0.1", 0))
    yield protocol
    transport.close()


async def test_a_name_is_all_its_addresses_those_of_ipv4_first(server) -> None:
    server.records["a.example"] = ["2606:4700::1111", "1.1.1.1"]
    found = await Dns(server.address).addresses("a.example")
    assert [str(address) for address in found] == ["1.1.1.1", "2606:4700::1111"]


async def test_each_request_asks_anew(server) -> None:
    names = Dns(server.address)
    server.records["a.example"] = ["1.1.1.1"]
    await names.addresses("a.example")
    server.records["a.example"] = ["10.0.0.1"]
    assert list(await names.addresses("a.example")) == [ipaddress.ip_address("10.0.0.1")]


async def test_a_name_nobody_knows(server) -> None:
    with pytest.raises(FetchFailed, match=r"no website at gone\.example"):
        await Dns(server.address).addresses("gone.example")


async def test_the_hosts_file_and_search_domains_are_not_read(server) -> None:
    server.records["svc.test.example"] = ["1.1.1.1"]
    for name in ("localhost", "svc"):
        with pytest.raises(FetchFailed):
            await Dns(server.address).addresses(name)


async def test_a_server_that_says_nothing(server, monkeypatch) -> None:
    monkeypatch.setattr("gateway.guard.fetch.names.LOOKUP_S", 0.2)
    server.silent = True
    with pytest.raises(FetchFailed):
        await Dns(server.address).addresses("a.example")
