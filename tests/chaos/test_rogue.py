"""Replicas that are healthy by their own account and answer badly: INTERNAL, a second late, nonsense, spoilt bytes."""

from __future__ import annotations

import asyncio

import pytest
from tests.chaos.figures import SLACK, Figures
from tests.chaos.load import Load, failures, percentile, worst_gap
from tests.chaos.proxy import in_front_of
from tests.chaos.stage import Actor, Stage, chats, counted, failed_attempts, until

from gateway.routing.budget import FLOOR

pytestmark = pytest.mark.timeout(120)
EJECTED_S = 2.0
MOST_FAILURES = 5
PROBES = 8  # trial calls of a breaker that is half open now and then, while a scenario lasts
LATE_S = 0.9
BACK_S = 2.0


async def rogue(stage: Stage, how: str) -> Actor:
    return await stage.start("tests.chaos.rogue", TROUPE_TEXT_GRPC_PORT="0", TROUPE_TEXT_METRICS_PORT="0", ROGUE=how)


@pytest.mark.parametrize("how", ["internal", "garbage"])
async def test_a_replica_that_always_fails_is_left_alone(stage: Stage, figures: Figures, how: str) -> None:
    bad, good = await asyncio.gather(rogue(stage, how), stage.service("svc_text"))
    gateway = await stage.gateway(PROVIDER_ECHO_TARGET=f"{bad.grpc},{good.grpc}")
    load = Load(lambda: gateway.http, streams=10, rate=40.0)
    async with load.running():
        await asyncio.sleep(EJECTED_S)
        early = await failed_attempts(gateway, "echo")
        await asyncio.sleep(4.0)
    asked = await failed_attempts(gateway, "echo")
    figures.title = f"one of 2 replicas always answers {how}"
    figures.load(load.outcomes)
    figures.note("attempts at it in the first 2 s", early, "5")
    figures.note("attempts at it in 6 s, trial calls included", asked)
    assert asked > 0, "it was never asked: the scenario shows nothing"
    assert not failures(load.outcomes)
    assert early <= 2 * MOST_FAILURES  # calls that were on their way when it was ejected count, too
    assert asked <= MOST_FAILURES + PROBES


@pytest.mark.parametrize("how", ["internal", "garbage"])
async def test_a_rung_that_always_fails_is_passed_over(stage: Stage, figures: Figures, how: str) -> None:
    bad, good = await asyncio.gather(rogue(stage, how), stage.service("svc_text"))
    gateway = await stage.gateway(
        PROVIDER_TEXT_FALLBACK="spare",
        PROVIDER_SPARE_ENGINE="echo",
        PROVIDER_ECHO_TARGET=bad.grpc,
        PROVIDER_SPARE_TARGET=good.grpc,
    )
    load = Load(lambda: gateway.http, streams=10, rate=40.0)
    async with load.running():
        await asyncio.sleep(4.0)
    asked = await failed_attempts(gateway, "echo")
    figures.title = f"the only replica of the first rung always answers {how}"
    figures.load(load.outcomes)
    figures.note("attempts at it in 4 s, trial calls included", asked)
    assert not failures(load.outcomes)
    assert {outcome.provider for outcome in load.outcomes[-20:]} == {"spare"}
    assert 0 < asked <= MOST_FAILURES + PROBES


async def test_a_slow_replica_gets_little(stage: Stage, figures: Figures) -> None:
    """one of 3 replicas begins every answer 1 s late"""
    slow, *_ = await asyncio.gather(rogue(stage, "slow"), stage.service("svc_text"), stage.service("svc_text"))
    gateway = await stage.gateway(PROVIDER_ECHO_TARGET=",".join(actor.grpc for actor in stage.actors))
    load = Load(lambda: gateway.http, rate=40.0)
    async with load.running():
        await asyncio.sleep(EJECTED_S)
        settled = len(load.outcomes)
        await asyncio.sleep(5.0)
    late = [outcome for outcome in load.outcomes if outcome.took_s > LATE_S]
    late_later = [outcome for outcome in load.outcomes[settled:] if outcome.took_s > LATE_S]
    figures.load(load.outcomes)
    figures.note("late answers in the first 2 s / later", f"{len(late) - len(late_later)} / {len(late_later)}")
    figures.note("share of late answers once it is known", len(late_later) / (len(load.outcomes) - settled), "0.02")
    assert await chats(slow) > 0, "it was never asked: the scenario shows nothing"
    assert not failures(load.outcomes)
    assert len(late_later) <= 0.02 * SLACK * (len(load.outcomes) - settled)
    assert percentile([outcome.took_s for outcome in load.outcomes[settled:]], 0.5) < LATE_S


async def test_a_spoilt_stream_of_chats_fails_none_of_them(stage: Stage, figures: Figures) -> None:
    """one of 2 replicas spoils each stream of chats after 2.5 s: all chats on it break at once"""
    bad, good = await asyncio.gather(rogue(stage, "rotten"), stage.service("svc_text"))
    gateway = await stage.gateway(PROVIDER_ECHO_TARGET=f"{bad.grpc},{good.grpc}", TROUPE_TEXT_CONNECT="1")
    load = Load(lambda: gateway.http, streams=40)
    async with load.running():
        await asyncio.sleep(9.0)
    broken = await counted(gateway.http, "troupe_attempts_total", rung="echo", outcome="stream_broken")
    figures.load(load.outcomes)
    figures.note("answers that broke", broken)
    figures.ms("worst gap between two tokens", worst_gap(load.outcomes))
    assert broken > 2 * FLOOR, "fewer broke than may be retried in any case: the scenario shows nothing"
    assert not failures(load.outcomes)


@pytest.mark.parametrize("way", ["Connect", "Chat"])
async def test_a_network_that_does_harm_is_gone_around(stage: Stage, figures: Figures, way: str) -> None:
    near, far = await stage.replicas("svc_text", 2)
    async with in_front_of(far.grpc) as proxy:
        replicas = f"{near.grpc},{proxy.address}"
        connect = "1" if way == "Connect" else "0"
        gateway = await stage.gateway(PROVIDER_ECHO_TARGET=replicas, TROUPE_TEXT_CONNECT=connect)
        load = Load(lambda: gateway.http, streams=20, tokens=20, rate=20.0)
        async with load.running():
            await asyncio.sleep(1.0)
            assert await chats(far) > 0
            figures.title = f"the network before one of 2 replicas does harm for 3 s, in four ways; chats by {way}"
            for fault in ("spoil", "swallow", "half_close", "refuse"):
                seen = len(load.outcomes)
                setattr(proxy, fault, True)
                await asyncio.sleep(3.0)
                setattr(proxy, fault, False)
                before = await chats(far)

                async def used(before: float = before) -> bool:
                    return await chats(far) > before

                back_s = await until(used, BACK_S * SLACK, f"after {fault} the replica is used again")
                figures.note(fault, f"{sum(failures(load.outcomes[seen:]).values())} failed, back {back_s:.1f} s", "0")
                await asyncio.sleep(1.0)
    figures.load(load.outcomes)
    figures.ms("worst gap between two tokens", worst_gap(load.outcomes))
    assert not failures(load.outcomes)
