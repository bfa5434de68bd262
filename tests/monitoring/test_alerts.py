"""Every alert of deploy/prometheus fires in a mesh that is hurt, as a real Prometheus sees it, and clears afterwards.

The rules are the deployed ones with seconds in place of minutes. Here is who serves and how soon; what runs out is in
`test_limits.py`.
"""

from __future__ import annotations

import asyncio

import pytest
from tests.chaos.stage import Actor, Stage
from tests.monitoring.callers import chat_on, film, speak
from tests.monitoring.showing import Watch, ask, chatting, clears, fires, is_quiet, jobs

pytestmark = pytest.mark.timeout(150)
ERRORS = ("TroupeErrors", "TroupeGrpcErrors")
SLOW = ("TroupeFirstAudioSlow", "TroupeSpeechSlow", "TroupeFirstFrameSlow")


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
        grpc_caller = asyncio.create_task(chat_on(gateway))
        await asyncio.sleep(2)
        await is_quiet(prometheus, "TroupePartDown", "TroupeFallbacks", *ERRORS)
        first.kill()
        await fires(prometheus, "TroupePartDown", "TroupeReplicaAway", "TroupeFallbacks")
        await is_quiet(prometheus, *ERRORS)
        spare.kill()
        await fires(prometheus, "TroupeChainNotServing", *ERRORS)
        await asyncio.gather(first.again(), spare.again())
        await clears(prometheus, "TroupePartDown", "TroupeReplicaAway", "TroupeChainNotServing")
        await clears(prometheus, "TroupeFallbacks", *ERRORS)
        assert not grpc_caller.done()
        grpc_caller.cancel()


async def a_service_that_keeps_dying(stage: Stage, watch: Watch) -> None:
    text = await stage.service("svc_text")
    prometheus = watch({"svc-text": [text.metrics]})
    await prometheus.scraped(1)
    for _ in range(3):
        text.kill()
        await text.again()
        await asyncio.sleep(1.5)  # two scrapes see this life
    await fires(prometheus, "TroupeRestarting")
    await clears(prometheus, "TroupeRestarting")


async def a_service_that_nobody_has(stage: Stage, watch: Watch) -> None:
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


async def speech_and_films_that_keep_their_callers_waiting(stage: Stage, watch: Watch) -> None:
    speech, video = await asyncio.gather(stage.service("svc_tts"), stage.service("svc_video"))
    targets = {"TROUPE_SPEECH_TARGET": speech.grpc, "TROUPE_VIDEO_TARGET": video.grpc}
    gateway = await stage.gateway(TROUPE_MISSED_TICKS="400", **targets)
    prometheus = watch({"gateway": [gateway.http], "svc-tts": [speech.metrics], "svc-video": [video.metrics]})
    await prometheus.scraped(3)
    for _ in range(2):  # the first of a series is no increase yet
        await asyncio.gather(speak(gateway, 20, 0), film(gateway, 0))
        await asyncio.sleep(1.2)  # two scrapes
    await is_quiet(prometheus, *SLOW)
    filming = asyncio.gather(film(gateway, 2200), fires(prometheus, "TroupeFirstFrameSlow"))
    await speak(gateway, 1, 3000)
    await fires(prometheus, "TroupeFirstAudioSlow", "TroupeSpeechSlow")
    await filming
    await clears(prometheus, *SLOW)


async def test_what_takes_its_time(stage: Stage, watch: Watch) -> None:
    """They wait for windows and films more than for a processor: they run at once."""
    async with asyncio.TaskGroup() as running:
        running.create_task(a_service_that_keeps_dying(stage, watch))
        running.create_task(a_service_that_nobody_has(stage, watch))
        running.create_task(speech_and_films_that_keep_their_callers_waiting(stage, watch))


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
