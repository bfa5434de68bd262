"""A roll-out: every replica and every gateway is told to end, one after the other, under load."""

from __future__ import annotations

import asyncio
import time

import pytest
from tests.chaos.balancer import Balancer
from tests.chaos.figures import Figures
from tests.chaos.load import Load, failures, worst_gap
from tests.chaos.stage import Stage, targets, until_ready

pytestmark = pytest.mark.timeout(240)
LAME_DUCK_S = 1.0


async def test_a_rolling_restart_of_everything_fails_nobody(stage: Stage, figures: Figures, full: bool) -> None:
    """Rolling SIGTERM of 3 replicas and 2 gateways under streams and requests"""
    streams, rate = (200, 200.0) if full else (60, 60.0)
    replicas = await stage.replicas("svc_text", 3)
    settings = {"PROVIDER_ECHO_TARGET": targets(replicas), "TROUPE_LAME_DUCK_S": str(LAME_DUCK_S)}
    gateways = [await stage.gateway(**settings) for _ in range(2)]
    statuses, drains = [], []
    async with Balancer(gateways).watching() as balancer:
        load = Load(balancer.pick, streams=streams, rate=rate)
        async with load.running():
            await asyncio.sleep(2.0)
            for actor in (*replicas, *gateways):
                told = time.monotonic()
                statuses.append(await actor.end())
                drains.append(time.monotonic() - told)
                await actor.again()
                if actor in gateways:
                    await until_ready(actor)
                await asyncio.sleep(1.0)
    figures.load(load.outcomes)
    figures.ms("worst gap between two tokens", worst_gap(load.outcomes))
    figures.note("drained within, s", ", ".join(f"{seconds:.1f}" for seconds in drains))
    assert statuses == [0] * 5
    assert not failures(load.outcomes)
