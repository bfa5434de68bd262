"""Replicas by name: those that DNS adds are used, those that it takes away are not, while nobody notices."""

from __future__ import annotations

import asyncio

import pytest
from tests.chaos.dns import Zone, serving
from tests.chaos.figures import SLACK, Figures
from tests.chaos.load import Load, failures
from tests.chaos.stage import Stage, chats, until

pytestmark = pytest.mark.timeout(180)
NAME = "text.troupe.test"
SEEN_S = 2.0


async def test_scaling_out_and_in_is_seen_within_seconds(stage: Stage, figures: Figures) -> None:
    """DNS: two replicas more, then two less, under load"""
    first = await stage.service("svc_text", TROUPE_TEXT_HOST="127.0.0.11")
    port = first.grpc.rpartition(":")[2]
    zone = Zone({NAME: ["127.0.0.11"]})
    async with serving(zone) as server:
        gateway = await stage.gateway(PROVIDER_ECHO_TARGET=f"{NAME}:{port}", TROUPE_DNS_SERVER=server)
        load = Load(lambda: gateway.http, streams=20, rate=30.0)
        async with load.running():
            more = [
                await stage.service("svc_text", TROUPE_TEXT_HOST=host, TROUPE_TEXT_GRPC_PORT=port)
                for host in ("127.0.0.12", "127.0.0.13")
            ]
            zone.names[NAME] = ["127.0.0.11", "127.0.0.12", "127.0.0.13"]

            async def all_used() -> bool:
                return all([await chats(each) > 0 for each in more])

            out_s = await until(all_used, SEEN_S * SLACK, "the new replicas are used")
            zone.names[NAME] = ["127.0.0.11"]
            await asyncio.sleep(SEEN_S + 1)
            left = [await chats(each) for each in more]
            await asyncio.sleep(2.0)
            assert [await chats(each) for each in more] == left
    figures.load(load.outcomes)
    figures.ms("new replicas used after DNS named them", out_s, "2,000 ms")
    assert not failures(load.outcomes)
