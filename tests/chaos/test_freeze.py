"""A replica that freezes: its sockets stay open and its ticks stop."""

from __future__ import annotations

import asyncio

import pytest
from tests.chaos.figures import SLACK, Figures
from tests.chaos.load import Load, failures, worst_gap
from tests.chaos.stage import Stage, chats, targets, until

pytestmark = pytest.mark.timeout(240)
DETECTED_S = 1.0
FROZEN_S = 4.0


async def test_a_frozen_replica_is_left_and_used_again(stage: Stage, figures: Figures, full: bool) -> None:
    """SIGSTOP: each of 3 replicas freezes for 4 s under streams and requests"""
    streams, rate = (200, 200.0) if full else (60, 60.0)
    replicas = await stage.replicas("svc_text", 3)
    gateway = await stage.gateway(PROVIDER_ECHO_TARGET=targets(replicas))
    load = Load(lambda: gateway.http, streams=streams, rate=rate)
    back = []
    async with load.running():
        await asyncio.sleep(2.0)
        for replica in replicas:
            replica.freeze()
            await asyncio.sleep(FROZEN_S)
            replica.thaw()
            before = await chats(replica)

            async def used(replica=replica, before=before) -> bool:
                return await chats(replica) > before

            back.append(await until(used, 1.0 * SLACK, "the thawed replica is used again"))
            await asyncio.sleep(1.0)
    figures.load(load.outcomes)
    figures.ms("worst gap between two tokens", worst_gap(load.outcomes), "1,000 ms after the last token")
    figures.ms("worst wait until a replica was used again", max(back))
    assert not failures(load.outcomes)
    assert worst_gap(load.outcomes) < DETECTED_S * SLACK
