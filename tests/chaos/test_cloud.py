"""The MiniMax cloud (a faithful fake of it) as the last rung, and what is made of its own failures."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pytest
from tests.chaos.figures import Figures
from tests.chaos.http1 import Reply, ask_once, fetch_json
from tests.chaos.load import Load, failures
from tests.chaos.stage import CANARY, Actor, Stage, counted

pytestmark = pytest.mark.timeout(180)
KEY = "sk-api-fake-global"
CHAT = "/v1/*chat*"
MOST_WHILE_RESTING = 10
RESTING = {"overloaded"}  # what a rung that is paused says
STORM = 1.1  # requests at the cloud per request offered
LINE = f"One two three {CANARY}."
TEXT = {"prompt": "count to 5", "system": CANARY, "echo": {"count_to": 5}}


def with_cloud(cloud: Actor, **env: str) -> dict[str, str]:
    return {"MINIMAX_API_HOST": f"http://{cloud.http}", "MINIMAX_API_KEY": KEY, "TROUPE_STATE_DIR": "state", **env}


async def test_the_cloud_serves_when_everything_local_is_down(stage: Stage, figures: Figures) -> None:
    """all local rungs down: MiniMax serves text, speech and film with the same replies"""
    local = await asyncio.gather(*(stage.service(name) for name in ("svc_text", "svc_tts", "svc_video")))
    cloud = await stage.cloud()
    gateway = await stage.gateway(
        **with_cloud(cloud),
        **{f"PROVIDER_{name}_FALLBACK": "minimax" for name in ("TEXT", "TTS", "VIDEO")},
        **{f"TROUPE_{name}_TARGET": actor.grpc for name, actor in zip(("TEXT", "SPEECH", "VIDEO"), local, strict=True)},
    )
    before = await everything(gateway)
    for actor in local:
        actor.kill()
    after = await everything(gateway)
    for name, (near, far) in {name: (before[name], after[name]) for name in before}.items():
        figures.note(f"{name}: local / cloud", f"{near[0].status} {provider(near)} / {far[0].status} {provider(far)}")
        assert far[0].status == 200, far[1][:500]
        assert "minimax" in provider(far)
        assert "minimax" not in provider(near)
        assert kind(near) == kind(far)
    whole, cloudy = (json.loads(each["text"][1]) for each in (before, after))
    assert whole.keys() == cloudy.keys()
    assert whole["text"] == cloudy["text"] == "1 2 3 4 5"
    assert events(before["text stream"][1]) == events(after["text stream"][1]) == {"delta", "end"}
    assert len(after["voice"][1]) > 1000
    assert after["film"][1][4:8] == b"ftyp"
    assert gateway.log.count("Using fallback provider: minimax") >= 4


Answer = tuple[Reply, bytes]


async def everything(gateway: Actor) -> dict[str, Answer]:
    """One answer of each kind."""
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "text": ("/api/text", TEXT),
        "text stream": ("/api/text", {**TEXT, "stream": True}),
        "voice": ("/api/voice", {"text": LINE}),
        "film": ("/api/avatar", {"text": LINE, "cloud_video": "wait", "width": 256, "height": 256}),
    }
    return {name: await ask_once(gateway.http, "POST", path, body) for name, (path, body) in asked.items()}


def provider(answer: Answer) -> str:
    return answer[0].headers.get("x-troupe-provider", "nobody")


def kind(answer: Answer) -> str:
    return answer[0].headers.get("content-type", "").partition(";")[0]


def events(body: bytes) -> set[str]:
    """The events of a stream, without a model's thoughts."""
    lines = body.decode().splitlines()
    return {line.removeprefix("event: ") for line in lines if line.startswith("event: ")} - {"reasoning"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What the cloud does, and what the gateway must call it."""

    behaviour: dict[str, Any]
    codes: frozenset[str]
    pauses: bool = False  # it is not asked again for a while


FAULTS = {
    "HTTP 401": Fault({"status": 401}, frozenset({"engine_failed"}), pauses=True),
    "1002 rate limit": Fault({"base_resp": 1002}, frozenset({"overloaded", "rate_limited"}), pauses=True),
    "1008 no balance": Fault({"base_resp": 1008}, frozenset({"engine_failed"}), pauses=True),
    "200 with 1008 inside": Fault({"base_resp": 1008, "status": 200}, frozenset({"engine_failed"}), pauses=True),
    "no answer": Fault({"hang": True}, frozenset({"deadline_exceeded"})),
    "half a stream": Fault({"cut_after_events": 6}, frozenset({"stream_broken"})),
    "an end too early": Fault({"end_after_events": 6}, frozenset({"stream_broken"})),
    "garbage": Fault({"garbage": True}, frozenset({"engine_failed", "stream_broken", "cannot_connect"})),
}


CODES = (
    "ok", "engine_failed", "overloaded", "rate_limited", "deadline_exceeded", "stream_broken", "cannot_connect",
    "internal", "invalid_argument", "unauthenticated", "permission_denied",
)  # fmt: skip


async def test_a_failing_cloud_makes_no_storm(stage: Stage, figures: Figures) -> None:
    """the cloud as the first rung, failing in every way it has; a local rung behind it"""
    engine, cloud = await asyncio.gather(stage.service("svc_text"), stage.cloud())
    wrong = []
    for name, fault in FAULTS.items():
        await ask_once(cloud.http, "DELETE", "/_script")
        await ask_once(cloud.http, "DELETE", "/_seen")
        script = {"endpoint": CHAT, "times": 0, **fault.behaviour}
        assert (await ask_once(cloud.http, "POST", "/_script", script))[0].status == 200
        gateway = await stage.gateway(
            **with_cloud(cloud),
            PROVIDER_TEXT="minimax",
            PROVIDER_TEXT_FALLBACK="echo",
            PROVIDER_ECHO_TARGET=engine.grpc,
            PROVIDER_MINIMAX_FIRST_S="1",
        )
        wrong += [f"{name}: {what}" for what in await under_fault(gateway, cloud, name, fault, figures)]
        await gateway.end()
    assert wrong == []


async def under_fault(gateway: Actor, cloud: Actor, name: str, fault: Fault, figures: Figures) -> list[str]:
    """Load while the cloud fails; gives what is wrong with what came of it."""
    load = Load(lambda: gateway.http, streams=5, tokens=20, token_ms=20, rate=20.0)
    async with load.running():
        await asyncio.sleep(3.0)
    asked = sum((await fetch_json(cloud.http, "/_seen"))["counts"].values())
    counts = [await counted(gateway.http, "troupe_attempts_total", rung="minimax", outcome=code) for code in CODES]
    seen = {code: round(times) for code, times in zip(CODES, counts, strict=True) if times}
    broken = failures(load.outcomes)
    told = ", ".join(f"{code} {times}" for code, times in seen.items())
    figures.note(
        name, f"{sum(broken.values())} of {len(load.outcomes)} failed; asked {asked}; {told}", f"0; {STORM} x offered"
    )
    wrong = {
        f"failed: {broken}": bool(broken),
        "it was never asked": asked == 0,
        f"a storm: {asked} for {len(load.outcomes)}": asked > STORM * len(load.outcomes),
        f"asked {asked} times while it should rest": fault.pauses and asked > MOST_WHILE_RESTING,
        f"called {told}": not any(code in seen for code in fault.codes) or not seen.keys() <= fault.codes | RESTING,
    }
    return [what for what, so in wrong.items() if so]
