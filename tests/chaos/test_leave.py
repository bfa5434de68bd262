"""Clients that leave, a thousand times: the engine stops at once, and nothing stumbles."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from tests.chaos.figures import SLACK, Figures
from tests.chaos.http1 import Client, Cut
from tests.chaos.load import percentile
from tests.chaos.stage import CANARY, Actor, Stage, counted, until

pytestmark = pytest.mark.timeout(180)
IDLE_S = 0.2
AT_ONCE = 25
FOREVER = {"count_to": 100_000, "delay_ms_per_token": 20}


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
async def test_a_client_that_leaves_frees_the_engine(stage: Stage, figures: Figures, streamed: bool) -> None:
    engine = await stage.service("svc_text")
    gateway = await stage.gateway(PROVIDER_ECHO_TARGET=engine.grpc)
    idle_after = []
    for _ in range(500 // AT_ONCE):
        leavers = [asyncio.create_task(ask_and_wait(gateway, streamed)) for _ in range(AT_ONCE)]
        await until(lambda: holds(engine, AT_ONCE), 10.0, "all chats run")
        for leaver in leavers:
            leaver.cancel()
        left = time.monotonic()
        ended = await asyncio.gather(*leavers, return_exceptions=True)
        assert [str(each) for each in ended if isinstance(each, Exception)] == []
        await until(lambda: holds(engine, 0), IDLE_S * SLACK + 1.0, "the engine is idle")
        idle_after.append(time.monotonic() - left)
    figures.title = f"500 clients leave, {AT_ONCE} at once, {'amid a stream' if streamed else 'before the answer'}"
    figures.ms("engine idle after, p50", percentile(idle_after, 0.5), "200 ms")
    figures.ms("engine idle after, worst", max(idle_after), "200 ms")
    assert max(idle_after) < IDLE_S * SLACK


async def holds(engine: Actor, number: int) -> bool:
    return await counted(engine.metrics, "troupe_rpc_outstanding", method="Chat") == number


async def ask_and_wait(gateway: Actor, streamed: bool) -> None:
    """Ask for what never ends; whoever cancels this leaves."""
    client = Client()
    body = json.dumps({"prompt": CANARY, "stream": streamed, "echo": FOREVER}).encode()
    async with client.ask(gateway.http, "POST", "/api/text", body) as reply:
        pieces = [piece async for piece in reply.pieces() if reply.status != 200]
    raise Cut(f"it ended by itself: {reply.status} {b''.join(pieces)[:500]!r}")
