"""The alerts of what runs out: a machine's memory, disk and card, money, certificates, and what vLLM has inside.

They wait for Prometheus more than for anything else, and know nothing of each other: they run at once.
"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
from tests.chaos.stage import Stage, until
from tests.fakes.certificates import environ, make
from tests.monitoring.exporter import exporter, of_vllm
from tests.monitoring.machine import CARD_BYTES, GIB, MEMORY_BYTES, MIB, Machine, may_be
from tests.monitoring.showing import FIRES_S, Watch, ask, clears, fires, is_quiet, jobs

pytestmark = pytest.mark.timeout(150)
OF_THE_MACHINE = ("TroupeMemoryLow", "TroupeDiskLow", "TroupeGpuMemoryLow")
OF_VLLM = ("TroupeVllmQueue", "TroupeVllmCacheFull")


async def a_machine_that_fills_up(stage: Stage, watch: Watch, tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    text = await machine.start(stage)
    prometheus = watch({"svc-text": [text.metrics]})
    await prometheus.scraped(1)
    await is_quiet(prometheus, *OF_THE_MACHINE)
    with machine.filled():
        machine.take(memory=MEMORY_BYTES - 400 * MIB, card=CARD_BYTES - GIB)
        await fires(prometheus, *OF_THE_MACHINE)
    machine.take(memory=GIB, card=GIB)
    await clears(prometheus, *OF_THE_MACHINE)


async def certificates_that_nobody_renewed(stage: Stage, watch: Watch, tmp_path: Path) -> None:
    papers = make(tmp_path / "tls", days=3)
    text = await stage.service("svc_text", **environ(papers, "svc-text"))
    gateway = await stage.gateway(PROVIDER_ECHO_TARGET=text.grpc, **environ(papers, "gateway"))
    prometheus = watch(jobs(gateway, text))
    await fires(prometheus, "TroupeCertificateExpires")

    async def of_both() -> bool:
        theirs = await prometheus.query('ALERTS{alertname="TroupeCertificateExpires", alertstate="firing"}')
        return {each["metric"]["job"] for each in theirs} == {"gateway", "svc-text"}

    await until(of_both, FIRES_S, "both certificates are told of")
    make(papers, days=90)
    await clears(prometheus, "TroupeCertificateExpires")
    assert await ask(gateway, "/api/text", prompt="one two three") == 200


async def a_day_that_costs_nearly_its_cap(stage: Stage, watch: Watch, tmp_path: Path) -> None:
    cloud, env_file = await stage.cloud(), tmp_path / "money.env"
    env_file.write_text("PROVIDER_MINIMAX_CAP_USD_DAY=0.05\n")
    account = {"MINIMAX_API_HOST": f"http://{cloud.http}", "MINIMAX_API_KEY": "sk-api-fake-global"}
    kept = {"TROUPE_STATE_DIR": "state", "TROUPE_ENV_FILE": str(env_file)}
    gateway = await stage.gateway(PROVIDER_TTS="minimax", wait=False, **account, **kept)
    prometheus = watch({"gateway": [gateway.http]})
    await prometheus.scraped(1)
    await is_quiet(prometheus, "TroupeSpendNearCap")
    assert await ask(gateway, "/api/voice", text="Nine words of a sentence that costs some money. " * 9) == 200
    await fires(prometheus, "TroupeSpendNearCap")
    env_file.write_text("PROVIDER_MINIMAX_CAP_USD_DAY=5\n")
    gateway.signal(signal.SIGHUP)  # what was spent today stays spent
    await clears(prometheus, "TroupeSpendNearCap")
    assert (await prometheus.query("troupe_spend_usd > 0.04 and troupe_spend_usd < 0.05")) != []


async def vllm_with_more_chats_than_it_can_hold(watch: Watch) -> None:
    with exporter() as part:
        part.values = of_vllm(running=3, waiting=0, used=0.4)
        prometheus = watch({"svc-text": [part.address]})
        await prometheus.scraped(1)
        await is_quiet(prometheus, *OF_VLLM)
        part.values = of_vllm(running=8, waiting=12, used=0.99)
        await fires(prometheus, *OF_VLLM)
        part.values = of_vllm(running=3, waiting=0, used=0.4)
        await clears(prometheus, *OF_VLLM)


async def test_what_runs_out(stage: Stage, watch: Watch, tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as running:
        running.create_task(certificates_that_nobody_renewed(stage, watch, tmp_path))
        running.create_task(a_day_that_costs_nearly_its_cap(stage, watch, tmp_path))
        running.create_task(vllm_with_more_chats_than_it_can_hold(watch))
        if may_be():
            running.create_task(a_machine_that_fills_up(stage, watch, tmp_path))
