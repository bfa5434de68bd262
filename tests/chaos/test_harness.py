"""The scenarios can fail: against a gateway that does nothing for its callers they count every broken answer."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
from tests.chaos.dns import Zone, serving
from tests.chaos.load import Load, failures
from tests.chaos.proxy import in_front_of
from tests.chaos.stage import GONE_S, Stage, chats, targets


@pytest.mark.timeout(120)
async def test_a_kill_is_seen_in_every_answer_it_broke(stage: Stage, figures) -> None:
    """The harness itself: kill -9 of one of two replicas behind a gateway that does nothing about it"""
    replicas = await stage.replicas("svc_text", 2)
    gateway = await stage.start("tests.chaos.naive", NAIVE_REPLICAS=targets(replicas))
    load = Load(lambda: gateway.http, streams=20, rate=40.0)
    async with load.running():
        await asyncio.sleep(2.0)
        before = list(load.outcomes)
        replicas[0].kill()
        await asyncio.sleep(2.0)
    figures.load(load.outcomes)
    assert not failures(before)
    broken = failures(load.outcomes[len(before) :])
    assert sum(times for why, times in broken.items() if why.startswith("stream: error event UNAVAILABLE")) >= 5
    assert sum(times for why, times in broken.items() if why.startswith("request: 503")) >= 10
    assert await chats(replicas[1]) > 20


async def test_a_replica_comes_back_on_its_port(stage: Stage) -> None:
    replica = await stage.service("svc_text")
    address = replica.grpc
    replica.kill()
    await replica.again()
    assert replica.grpc == address
    assert await replica.end() == 0


async def test_one_that_does_not_end_leaves_nobody_else_behind(tmp_path: Path, monkeypatch) -> None:
    stage = Stage(tmp_path)
    text = await stage.service("svc_text")
    gateway = await stage.gateway(PROVIDER_ECHO_TARGET=text.grpc)
    stop = gateway.process.stop

    def stuck() -> int:
        stop()
        raise subprocess.TimeoutExpired("gateway", GONE_S)

    monkeypatch.setattr(gateway.process, "stop", stuck)
    with pytest.raises(subprocess.TimeoutExpired):
        await stage.close()
    assert text.process.popen.poll() is not None


async def test_the_dns_server_tells_what_the_zone_holds_now() -> None:
    import dns.asyncresolver
    import dns.resolver

    zone = Zone({"text.test": ["127.0.0.11", "127.0.0.12"]})
    async with serving(zone) as address:
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], int(address.rpartition(":")[2])
        answer = await resolver.resolve("text.test", "A")
        assert sorted(record.address for record in answer) == ["127.0.0.11", "127.0.0.12"]
        zone.names["text.test"] = ["127.0.0.13"]
        assert [record.address for record in await resolver.resolve("text.test", "A")] == ["127.0.0.13"]
        with pytest.raises(dns.resolver.NoAnswer):
            await resolver.resolve("text.test", "AAAA")
        with pytest.raises(dns.resolver.NXDOMAIN):
            await resolver.resolve("other.test", "A")


async def test_the_proxy_spoils_and_swallows() -> None:
    async def echo(reader, writer) -> None:
        writer.write(await reader.read(100))
        await reader.read()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    upstream = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def said(proxy) -> bytes:
        host, _, port = proxy.address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            writer.write(b"hello" * 10)
            async with asyncio.timeout(0.5):
                return await reader.read(100)
        except TimeoutError:
            return b"silence"
        except ConnectionResetError:
            return b""
        finally:
            writer.transport.abort()

    async with in_front_of(upstream) as proxy:
        assert await said(proxy) == b"hello" * 10
        proxy.spoil = True
        assert await said(proxy) != b"hello" * 10
        proxy.spoil, proxy.swallow = False, True
        assert await said(proxy) == b"silence"
        proxy.refuse = True
        assert await said(proxy) == b""
    server.close()
