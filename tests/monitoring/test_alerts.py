"""Every alert of deploy/prometheus fires in a mesh that is hurt, as a real Prometheus sees it, and clears afterwards.

The rules are the deployed ones with seconds in place of minutes. What no test can have for real (a full card, a full
disk, vLLM's queue, SadTalker on a CPU) is told by an exporter that plays the part.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from tests.chaos.http1 import Cut, ask_once
from tests.chaos.load import Load
from tests.chaos.stage import Actor, Stage
from tests.monitoring.exporter import exporter
from tests.monitoring.prometheus import Prometheus, Targets
from tests.monitoring.rules import alerts

pytestmark = pytest.mark.timeout(150)
FIRES_S = 40.0
CLEARS_S = 60.0
DAY_S = 86400.0
Watch = Callable[[Targets], Prometheus]
SHOWN: set[str] = set()
"""The alerts that have fired and cleared so far; the last test compares them with the rules."""


async def fires(prometheus: Prometheus, *names: str) -> None:
    await prometheus.until(set(names), FIRES_S)


async def clears(prometheus: Prometheus, *names: str) -> None:
    await prometheus.until(set(names), CLEARS_S, quiet=True)
    SHOWN.update(names)


def jobs(gateway: Actor, *texts: Actor) -> dict[str, list[str]]:
    return {"gateway": [gateway.http], "svc-text": [text.metrics for text in texts]}


@asynccontextmanager
async def chatting(gateway: Actor, **settings: float) -> AsyncIterator[None]:
    """Chats by the clock while the block runs."""
    async with Load(lambda: gateway.http, **({"rate": 8.0} | settings)).running():
        yield


async def ask(gateway: Actor, path: str, **body: object) -> int:
    """The status of one answer; 0 = it broke off."""
    with suppress(Cut):
        return (await ask_once(gateway.http, "POST", path, body))[0].status
    return 0


async def spare_of(stage: Stage, first: Actor, **env: str) -> tuple[Actor, Actor]:
    """A spare service behind that one, and a gateway that knows both."""
    spare = await stage.service("svc_text")
    rungs = {"PROVIDER_TEXT_FALLBACK": "spare", "PROVIDER_SPARE_ENGINE": "echo", "PROVIDER_SPARE_TARGET": spare.grpc}
    return spare, await stage.gateway(PROVIDER_ECHO_TARGET=first.grpc, **rungs, **env)


async def test_a_killed_service_and_then_its_spare(stage: Stage, watch: Watch) -> None:
    first = await stage.service("svc_text")
    spare, gateway = await spare_of(stage, first)
    prometheus = watch(jobs(gateway, first, spare))
    async with chatting(gateway):
        await asyncio.sleep(2)
        assert not {"TroupePartDown", "TroupeFallbacks", "TroupeErrors"} & await prometheus.firing()
        first.kill()
        await fires(prometheus, "TroupePartDown", "TroupeReplicaAway", "TroupeFallbacks")
        assert "TroupeErrors" not in await prometheus.firing()
        spare.kill()
        await fires(prometheus, "TroupeChainNotServing", "TroupeErrors")
        await asyncio.gather(first.again(), spare.again())
        await clears(prometheus, "TroupePartDown", "TroupeReplicaAway", "TroupeChainNotServing")
        await clears(prometheus, "TroupeFallbacks", "TroupeErrors")


async def test_a_service_that_keeps_dying(stage: Stage, watch: Watch) -> None:
    text = await stage.service("svc_text")
    prometheus = watch({"svc-text": [text.metrics]})
    await prometheus.scraped(1)
    for _ in range(3):
        text.kill()
        await text.again()
        await asyncio.sleep(1.5)  # two scrapes see this life
    await fires(prometheus, "TroupeRestarting")
    await clears(prometheus, "TroupeRestarting")


async def test_a_service_that_nobody_has(stage: Stage, watch: Watch) -> None:
    text = await stage.service("svc_text")
    all_parts = {job: [text.metrics] for job in ("gateway", "svc-text", "svc-tts", "svc-video")}
    prometheus = watch(all_parts | {"svc-video": []})
    await fires(prometheus, "TroupePartAbsent")
    prometheus.watch(all_parts)
    await clears(prometheus, "TroupePartAbsent")


async def test_a_rung_that_fails_at_everything(stage: Stage, watch: Watch) -> None:
    ports = {"TROUPE_TEXT_GRPC_PORT": "0", "TROUPE_TEXT_METRICS_PORT": "0"}
    rogue = await stage.start("tests.chaos.rogue", ROGUE="internal", **ports)
    spare, gateway = await spare_of(stage, rogue)
    prometheus = watch(jobs(gateway, rogue, spare))
    async with chatting(gateway):
        await fires(prometheus, "TroupeBreakerOpen", "TroupeFallbacks")
    rogue.kill()
    rogue.module = "svc_text"  # the same address, and what it does is right now
    rogue.env["TROUPE_TEXT_ENGINES"] = "echo"
    await rogue.again()
    async with chatting(gateway):
        await clears(prometheus, "TroupeBreakerOpen", "TroupeFallbacks")


async def test_more_chats_than_a_rung_takes(stage: Stage, watch: Watch) -> None:
    text = await stage.service("svc_text")
    gateway = await stage.gateway(PROVIDER_ECHO_TARGET=text.grpc, PROVIDER_ECHO_MAX_CONCURRENCY="2")
    prometheus = watch(jobs(gateway, text))
    async with chatting(gateway, rate=60.0, request_tokens=4, request_ms=100):
        await fires(prometheus, "TroupeQueue", "TroupeRefusing")
    await clears(prometheus, "TroupeQueue", "TroupeRefusing")


async def test_answers_that_break(stage: Stage, watch: Watch) -> None:
    text = await stage.service("svc_text")
    gateway = await stage.gateway(PROVIDER_ECHO_TARGET=text.grpc)
    prometheus = watch(jobs(gateway, text))
    await prometheus.scraped(2)
    broken = {"count_to": 9, "delay_ms_per_token": 20, "fail_after_tokens": 2}
    async with chatting(gateway):  # the good ones between keep the breaker closed
        for _ in range(4):
            await ask(gateway, "/api/text", prompt="broken", stream=True, echo=broken)
            await asyncio.sleep(1)
        await fires(prometheus, "TroupeBrokenStreams")
    await clears(prometheus, "TroupeBrokenStreams")


async def test_chats_that_wait_inside_their_engine(stage: Stage, watch: Watch) -> None:
    ports = {"TROUPE_TEXT_GRPC_PORT": "0", "TROUPE_TEXT_METRICS_PORT": "0"}
    narrow = await stage.start("tests.chaos.rogue", ROGUE="narrow", ROGUE_PLACES="1", **ports)
    gateway = await stage.gateway(PROVIDER_ECHO_TARGET=narrow.grpc)
    prometheus = watch(jobs(gateway, narrow))
    await prometheus.scraped(2)
    second = {"count_to": 5, "delay_ms_per_token": 200}
    await ask(gateway, "/api/text", prompt="first", echo=second)  # the first of a series is no increase yet
    await asyncio.sleep(1)
    asked = [ask(gateway, "/api/text", prompt="a second each", stream=True, echo=second) for _ in range(10)]
    chats = asyncio.gather(*asked)
    await fires(prometheus, "TroupeFirstTokenSlow")
    await chats
    await clears(prometheus, "TroupeFirstTokenSlow")


async def test_speech_that_freezes_for_a_while(stage: Stage, watch: Watch) -> None:
    speech = await stage.service("svc_tts")
    gateway = await stage.gateway(TROUPE_MISSED_TICKS="400", TROUPE_SPEECH_TARGET=speech.grpc)
    prometheus = watch({"gateway": [gateway.http], "svc-tts": [speech.metrics]})
    await prometheus.scraped(2)
    await ask(gateway, "/api/voice", text="One.")  # the first of a series is no increase yet
    await asyncio.sleep(1.5)
    speech.freeze()
    said = asyncio.create_task(ask(gateway, "/api/voice", text="A word."))
    await asyncio.sleep(3.2)  # longer than the alert allows, shorter than a connection lives without a sign
    speech.thaw()
    assert await said == 200
    await fires(prometheus, "TroupeFirstAudioSlow")
    await clears(prometheus, "TroupeFirstAudioSlow")


async def test_a_gateway_without_time(stage: Stage, watch: Watch) -> None:
    text = await stage.service("svc_text")
    gateway = await stage.gateway(PROVIDER_ECHO_TARGET=text.grpc)
    prometheus = watch(jobs(gateway, text))

    async def stutter() -> None:
        while True:
            gateway.freeze()
            await asyncio.sleep(0.3)
            gateway.thaw()
            await asyncio.sleep(0.1)

    stuttering = asyncio.create_task(stutter())
    try:
        await fires(prometheus, "TroupeLoopLag")
    finally:
        stuttering.cancel()
        gateway.thaw()
    await clears(prometheus, "TroupeLoopLag")


WELL = {
    "troupe_memory_available_bytes": 8e9,
    'troupe_disk_free_bytes{folder="/app/models"}': 50e9,
    'troupe_disk_bytes{folder="/app/models"}': 100e9,
    'troupe_gpu_memory_used_bytes{gpu="0"}': 70e9,
    'troupe_gpu_memory_bytes{gpu="0"}': 80e9,
    'troupe_spend_usd{rung="minimax"}': 1.0,
    'troupe_spend_cap_usd{rung="minimax"}': 10.0,
    "troupe_tls_expires_seconds": 60 * DAY_S,
    'vllm:num_requests_waiting{engine="0"}': 0.0,
    'vllm:kv_cache_usage_perc{engine="0"}': 0.4,
}
ILL = {
    "troupe_memory_available_bytes": 1e8,
    'troupe_disk_free_bytes{folder="/app/models"}': 1e9,
    'troupe_gpu_memory_used_bytes{gpu="0"}': 79.9e9,
    'troupe_spend_usd{rung="minimax"}': 9.0,
    "troupe_tls_expires_seconds": 3 * DAY_S,
    'vllm:num_requests_waiting{engine="0"}': 12.0,
    'vllm:kv_cache_usage_perc{engine="0"}': 0.99,
}
RUNS_OUT = ("TroupeMemoryLow", "TroupeDiskLow", "TroupeGpuMemoryLow", "TroupeSpendNearCap", "TroupeCertificateExpires")
OF_VLLM = ("TroupeVllmQueue", "TroupeVllmCacheFull")


async def test_what_runs_out(watch: Watch) -> None:
    making, audio = (f'troupe_speech_{name}_seconds_total{{engine="xtts"}}' for name in ("making", "audio"))
    films = 'troupe_rung_first_byte_seconds_bucket{modality="video",rung="sadtalker",le="%s"}'
    slow = ("TroupeSpeechSlow", "TroupeFirstFrameSlow")
    with exporter() as part:
        part.values = dict(WELL)
        prometheus = watch({"svc-text": [part.address]})
        await prometheus.until(set(), FIRES_S)
        await asyncio.sleep(2)
        assert not {*RUNS_OUT, *OF_VLLM, *slow} & await prometheus.firing()
        part.values |= ILL
        for second in range(12):  # two seconds of work for each second of sound, and every film after 10 s
            part.values |= {making: 2.0 * second, audio: 1.0 * second}
            part.values |= {films % "10": 0.0, films % "30": second, films % "+Inf": second}
            await asyncio.sleep(0.5)
        await fires(prometheus, *RUNS_OUT, *OF_VLLM, *slow)
        part.values |= WELL
        await clears(prometheus, *RUNS_OUT, *OF_VLLM, *slow)


def test_every_alert_has_been_shown() -> None:
    """The last one of the module: it needs those before it."""
    if len(SHOWN) < 3:
        pytest.skip("the others were not run")
    assert {rule["alert"] for rule in alerts()} - SHOWN == set()
