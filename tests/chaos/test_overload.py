"""Ten times more than the engine can do: what is admitted is served as if nothing were wrong, the rest is refused."""

from __future__ import annotations

import asyncio
import time

import pytest
from tests.chaos.figures import SLACK, Figures
from tests.chaos.http1 import Client
from tests.chaos.load import Load, Outcome, failures, percentile
from tests.chaos.stage import Actor, Stage

pytestmark = pytest.mark.timeout(180)
TOKENS, TOKEN_MS = 4, 50  # 0.2 s a chat: the engine sleeps, so that CPU is not the limit
CHAT_S = TOKENS * TOKEN_MS / 1000
SETTLE_S = 3.0
FIND_S = 12.0  # until the limit of what is admitted has been found
HEALTH_P99_S = 0.050
REFUSED_P99_S = 0.010


async def test_overload_tenfold(stage: Stage, figures: Figures, full: bool) -> None:
    """overload: 10 times what the engine can do (it sleeps; 4 places, CHAOS_FULL=1: 8, 0.2 s each)"""
    places = 8 if full else 4
    capacity = places / CHAT_S  # chats per second
    engine = await stage.start(
        "tests.chaos.rogue", TROUPE_TEXT_GRPC_PORT="0", TROUPE_TEXT_METRICS_PORT="0", ROGUE="narrow",
        ROGUE_PLACES=str(places),
    )  # fmt: skip
    gateway = await stage.gateway(PROVIDER_ECHO_TARGET=engine.grpc)
    unloaded = await phase(gateway, capacity / 4, 5.0)
    busy = await phase(gateway, capacity * 0.95, 8.0)
    cpu = cpu_of(gateway, engine)
    health = asyncio.create_task(watch_health(gateway, 10.0))
    over = await phase(gateway, capacity * 10, 10.0, FIND_S)
    wall, *spent = (after - before for after, before in zip(cpu_of(gateway, engine), cpu, strict=True))
    peak = goodput(busy)
    figures.note("capacity, chats/s", capacity)
    figures.note("goodput at 95 % of capacity, /s", peak)
    figures.note("goodput at 10x, /s", goodput(over), f"{0.95 * capacity:.0f}")
    figures.ms("unloaded latency p99", percentile(latencies(unloaded), 0.99))
    figures.ms("admitted latency p99 at 10x", percentile(latencies(over), 0.99), "2x unloaded")
    refused = [each for each in over if not each.good]
    figures.note("refused", len(refused))
    for why, times in failures(over).items():
        figures.note(f"  {why}", times)
    figures.ms("refusal p50", percentile([each.took_s for each in refused], 0.5))
    figures.ms("refusal p99", percentile([each.took_s for each in refused], 0.99), "10 ms")
    figures.ms("/health p99", percentile(await health, 0.99), "50 ms")
    for name, seconds in zip(("generator", "gateway", "engine"), spent, strict=True):
        figures.note(f"CPU of the {name}, cores", seconds / wall)
    assert not [each.why for each in unloaded + busy if not each.good]
    assert {each.status for each in refused} <= {429, 503}
    assert all(each.retry_after for each in refused)
    assert goodput(over) >= 0.95 * peak / 1.5
    assert percentile(latencies(over), 0.99) <= 2 * SLACK * percentile(latencies(unloaded), 0.99)
    assert percentile(health.result(), 0.99) <= HEALTH_P99_S * 2 * SLACK  # p99 of 200 is its second worst


async def phase(gateway: Actor, rate: float, seconds: float, settle_s: float = SETTLE_S) -> list[Outcome]:
    """Ask so often; gives what came of it once the gateway had settled."""
    load = Load(lambda: gateway.http, rate=rate, request_tokens=TOKENS, request_ms=TOKEN_MS)
    started = time.monotonic()
    async with load.running():
        await asyncio.sleep(settle_s + seconds)
    ended = started + settle_s + seconds
    return [each for each in load.outcomes if started + settle_s <= each.began <= ended]


def goodput(outcomes: list[Outcome]) -> float:
    """Good answers per second."""
    good = sorted(each.began + each.took_s for each in outcomes if each.good)
    return (len(good) - 1) / (good[-1] - good[0]) if len(good) > 1 else 0.0


def latencies(outcomes: list[Outcome]) -> list[float]:
    return [each.took_s for each in outcomes if each.good]


def cpu_of(gateway: Actor, engine: Actor) -> tuple[float, float, float, float]:
    """The clock, and CPU seconds of the generator (this process), the gateway and the engine."""
    return time.monotonic(), time.process_time(), gateway.cpu_s(), engine.cpu_s()


async def watch_health(gateway: Actor, seconds: float) -> list[float]:
    """How long /health takes, asked twenty times a second."""
    client, took = Client(), []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        started = time.monotonic()
        async with client.ask(gateway.http, "GET", "/health") as reply:
            await reply.body()
            assert reply.status == 200
        took.append(time.monotonic() - started)
        await asyncio.sleep(0.05)
    client.close()
    return took
