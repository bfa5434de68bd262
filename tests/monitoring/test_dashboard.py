"""Every query of the dashboard gives data, asked of a Prometheus that watches a mesh with requests and one failover."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from tests.chaos.http1 import ask_once
from tests.chaos.stage import NOWHERE, Actor, Stage
from tests.monitoring.exporter import exporter, of_vllm
from tests.monitoring.rules import DEPLOY, WINDOW_S

pytestmark = pytest.mark.timeout(120)
DASHBOARD = json.loads((DEPLOY / "grafana/dashboards/troupe.json").read_text())
PATIENCE_S = 30.0
ROUNDS = 8
NO_TEST_HAS = of_vllm(running=3, waiting=1, used=0.4) | {
    'troupe_gpu_memory_used_bytes{gpu="0"}': 70e9,
    'troupe_gpu_memory_bytes{gpu="0"}': 80e9,
}
"""vLLM and a card, told by an exporter."""


def queries() -> list[tuple[str, str]]:
    """Title and PromQL of every query, with Grafana's rate interval filled in."""
    return [
        (panel["title"], target["expr"].replace("$__rate_interval", f"{WINDOW_S}s"))
        for panel in DASHBOARD["panels"]
        for target in panel.get("targets", [])
    ]


async def busy(gateway: Actor) -> None:
    """What callers do: chats, speech, films, and what must fail."""
    for _ in range(ROUNDS):
        echo = {"count_to": 3, "delay_ms_per_token": 5, "fail_after_tokens": 2}
        await asyncio.gather(
            ask_once(gateway.http, "POST", "/api/text", {"prompt": "one two three", "stream": True}),
            ask_once(gateway.http, "POST", "/api/text", {"prompt": "breaks", "stream": True, "echo": echo}),
            ask_once(gateway.http, "POST", "/api/voice", {"text": "A few words.", "format": "wav"}),
            ask_once(gateway.http, "POST", "/api/avatar", {"text": "A few words."}),
            ask_once(gateway.http, "POST", "/api/text", {"prompt": "nobody", "provider": "gone"}),
        )
        await asyncio.sleep(0.5)


async def test_every_panel_has_data(stage: Stage, watch, tmp_path: Path) -> None:
    text, speech, video = await asyncio.gather(*(stage.service(name) for name in ("svc_text", "svc_tts", "svc_video")))
    gateway = await stage.gateway(
        PROVIDER_TEXT="gone,echo",
        PROVIDER_GONE_ENGINE="echo",
        PROVIDER_GONE_TARGET=NOWHERE,
        PROVIDER_VIDEO_FALLBACK="minimax",
        MINIMAX_API_KEY="sk-nobody",
        MINIMAX_API_HOST=f"http://{NOWHERE}",
        PROVIDER_MINIMAX_CAP_USD_DAY="5",
        TROUPE_TEXT_TARGET=text.grpc,
        TROUPE_SPEECH_TARGET=speech.grpc,
        TROUPE_VIDEO_TARGET=video.grpc,
        TROUPE_STATE_DIR=str(tmp_path / "state"),
        wait=False,
    )
    with exporter() as card:
        card.values = dict(NO_TEST_HAS)
        prometheus = watch(
            {
                "gateway": [gateway.http],
                "svc-text": [text.metrics, card.address],
                "svc-tts": [speech.metrics],
                "svc-video": [video.metrics],
            }
        )
        await busy(gateway)
        empty = queries()
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while empty and asyncio.get_running_loop().time() < deadline:
            await busy(gateway)
            empty = [(title, promql) for title, promql in empty if not _numbers(await prometheus.query(promql))]
        assert empty == []
        assert len(queries()) > 30


def _numbers(samples: list[dict[str, list[object]]]) -> bool:
    """Whether there is a figure: a quantile or a ratio of nothing is NaN."""
    return any(sample["value"][1] != "NaN" for sample in samples)
