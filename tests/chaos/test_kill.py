"""Replicas that die: `kill -9` under load, of one of three and of the only one."""

from __future__ import annotations

import asyncio
import os
import time

import pytest
from tests.chaos.figures import SLACK, Figures
from tests.chaos.load import Load, Outcome, failures, percentile, worst_gap
from tests.chaos.stage import Actor, Stage, chats, failed_attempts, targets, until

pytestmark = pytest.mark.timeout(300)
WORST_GAP_S = 1.0
USED_AGAIN_S = 1.0
BACK_S = 5.0
ADDED_S = 0.010
SETTLED_S = 2.0  # after a kill, until the breaker is surely open
MOST_ATTEMPTS = 5


def kill_size(*, full: bool) -> tuple[int, int, float]:
    """Rounds, streams and requests per second; CHAOS_KILL=6,120,100 tries what a machine carries."""
    if named := os.environ.get("CHAOS_KILL"):
        rounds, streams, rate = named.split(",")
        return int(rounds), int(streams), float(rate)
    return (20, 200, 200.0) if full else (6, 60, 60.0)


async def used_again(replica: Actor, within_s: float) -> float:
    """Seconds from its start until it has taken a chat."""

    async def used() -> bool:
        return await chats(replica) > 0

    return await until(used, within_s * SLACK, "the replica is used again")


async def round_of_killing(replica: Actor, outage_s: float) -> float:
    replica.kill()
    await asyncio.sleep(outage_s)
    await replica.again()
    return await used_again(replica, USED_AGAIN_S)


async def test_kill_one_of_three_under_load(stage: Stage, figures: Figures, full: bool) -> None:
    """kill -9 one of 3 replicas under streams and requests"""
    rounds, streams, rate = kill_size(full=full)
    replicas = await stage.replicas("svc_text", 3)
    gateway = await stage.gateway(PROVIDER_ECHO_TARGET=targets(replicas))
    # 200 streams of ten tokens a second leave two cores no room for a replica's start: full streams are slower ones.
    tokens, token_ms = (30, 100) if streams <= 60 else (15, 400)
    load = Load(lambda: gateway.http, streams=streams, tokens=tokens, token_ms=token_ms, rate=rate)
    back = []
    async with load.running():
        await asyncio.sleep(2.0)
        clock, spent = time.monotonic(), gateway.cpu_s()
        for turn in range(rounds):
            back.append(await round_of_killing(replicas[turn % 3], outage_s=0.5))
            await asyncio.sleep(0.5)
        figures.note("CPU of the gateway, cores", (gateway.cpu_s() - spent) / (time.monotonic() - clock))
    figures.note("rounds, streams, requests/s", f"{rounds}, {streams}, {rate:.0f}", "20, 200, 200 (CHAOS_FULL=1)")
    figures.load(load.outcomes)
    figures.ms("worst gap between two tokens", worst_gap(load.outcomes), "1,000 ms")
    figures.ms("worst wait until a replica was used again", max(back), "1,000 ms")
    assert not failures(load.outcomes)
    assert worst_gap(load.outcomes) < WORST_GAP_S * SLACK


async def test_a_replica_that_was_long_away_is_used_again(stage: Stage, figures: Figures, full: bool) -> None:
    """kill -9 one of 3 replicas, which is away for a minute (CI: 15 s)"""
    outage_s = 60.0 if full else 15.0
    replicas = await stage.replicas("svc_text", 3)
    gateway = await stage.gateway(PROVIDER_ECHO_TARGET=targets(replicas))
    load = Load(lambda: gateway.http, streams=20, rate=20.0)
    async with load.running():
        await asyncio.sleep(1.0)
        back_s = await round_of_killing(replicas[0], outage_s)
    figures.load(load.outcomes)
    figures.ms(f"used again after an outage of {outage_s:.0f} s", back_s, "1,000 ms")
    assert not failures(load.outcomes)


async def test_kill_the_only_replica_of_a_rung(stage: Stage, figures: Figures, full: bool) -> None:
    """kill -9 the only replica of the first rung: the next one serves"""
    outage_s = 60.0 if full else 20.0
    first, spare = await stage.replicas("svc_text", 2)
    gateway = await stage.gateway(
        PROVIDER_TEXT_FALLBACK="spare",
        PROVIDER_SPARE_ENGINE="echo",
        PROVIDER_ECHO_TARGET=first.grpc,
        PROVIDER_SPARE_TARGET=spare.grpc,
    )
    load = Load(lambda: gateway.http, streams=10, rate=30.0)
    async with load.running():
        await asyncio.sleep(4.0)
        assert await chats(spare) == 0
        asked = await failed_attempts(gateway, "echo")
        killed_at = first.kill()
        await asyncio.sleep(outage_s)
        asked = await failed_attempts(gateway, "echo") - asked
        back_at = await first.again()
        back_s = await used_again(first, BACK_S)
    before = latencies(load.outcomes, 0, killed_at - 1)
    amid = latencies(load.outcomes, killed_at + SETTLED_S, back_at - 1)
    added_s = percentile(amid, 0.5) - percentile(before, 0.5)
    figures.load(load.outcomes)
    figures.ms("worst gap between two tokens", worst_gap(load.outcomes), "1,000 ms")
    figures.ms("latency p50 before / while the next rung serves", percentile(before, 0.5))
    figures.ms("  added", added_s, "10 ms")
    figures.note(f"attempts at the dead replica in {outage_s:.0f} s", asked, "5 in 60 s")
    figures.ms("back in use after its return", back_s, "5,000 ms")
    assert not failures(load.outcomes)
    assert added_s < ADDED_S * SLACK
    assert asked <= MOST_ATTEMPTS


def latencies(outcomes: list[Outcome], since: float, until_: float) -> list[float]:
    return [each.took_s for each in outcomes if each.kind == "request" and since <= each.began < until_]
