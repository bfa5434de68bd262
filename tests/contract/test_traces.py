"""One trace across the gateway, the speech service and the film service, as a collector receives it."""

from __future__ import annotations

import httpx
import pytest
from tests.fakes.otlp import collector

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
CANARY = "canary of a prompt"


@pytest.fixture
def mesh(start_service):
    """`mesh("text", "video", ...)` -> the gateway's URL and who receives the traces."""
    with collector() as taken:
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": taken.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "200"}

        def start(**env: str) -> str:
            targets = {f"TROUPE_{kind}_TARGET": env.get(f"TROUPE_{kind}_TARGET", "127.0.0.1:1") for kind in KINDS}
            gateway = start_service("gateway", **({"TROUPE_MISSED_TICKS": "20"} | env | targets | told))
            return f"http://{gateway.addresses['http']}"

        yield start, lambda module, **env: start_service(module, **env, **told), taken


KINDS = ("TEXT", "SPEECH", "VIDEO")


def parents_of(spans, span) -> list[str]:
    """The names from a span up to the caller's."""
    by_id = {each.span: each for each in spans}
    names = [span.name]
    while span.parent in by_id:
        span = by_id[span.parent]
        names.append(span.name)
    assert span.parent == PARENT
    return names


def test_a_film_is_one_trace_across_three_processes(mesh) -> None:
    start, service, taken = mesh
    speech = service("svc_tts", TROUPE_SPEECH_ENGINES="tone")
    video = service("svc_video", TROUPE_VIDEO_ENGINES="still")
    url = start(
        PROVIDER_TTS="tone", PROVIDER_TTS_FALLBACK="", PROVIDER_VIDEO="still", PROVIDER_VIDEO_FALLBACK="",
        TROUPE_SPEECH_TARGET=speech.grpc, TROUPE_VIDEO_TARGET=video.grpc,
    )  # fmt: skip
    body = {"text": CANARY}
    reply = httpx.post(f"{url}/api/avatar", json=body, headers={"traceparent": TRACEPARENT}, timeout=50)
    assert reply.status_code == 200, reply.text
    ours = ("POST /api/avatar", "Synthesize", "Animate", "engine")
    taken.until(lambda spans: len([each for each in spans if each.name in ours and each.trace == TRACE]) >= 5)
    spans = [each for each in taken.spans if each.trace == TRACE]
    assert {each.service for each in spans} == {"gateway", "svc-tts", "svc-video"}
    (spoken,) = (each for each in spans if each.service == "svc-tts" and each.name == "engine")
    (drawn,) = (each for each in spans if each.service == "svc-video" and each.name == "engine")
    request = "POST /api/avatar"
    assert parents_of(spans, spoken) == ["engine", "Synthesize", "attempt tone", "chain tts", request]
    assert parents_of(spans, drawn) == ["engine", "Animate", "attempt still", "chain video", request]
    for span in spans:
        assert span.attributes["troupe.code"] in {"ok", "left"}, span
        if span.name.startswith(("attempt", "chain", "Synthesize", "Animate")):
            assert "first output" in span.events, span
    (first,) = (each for each in spans if each.name == request)
    assert first.attributes["troupe.request"] == reply.headers["x-troupe-request-id"]
    assert CANARY.encode() not in taken.raw


def test_each_attempt_of_a_chat_is_told_with_its_code(mesh) -> None:
    start, service, taken = mesh
    text = service("svc_text", TROUPE_TEXT_ENGINES="echo")
    url = start(
        PROVIDER_TEXT="bad,good", PROVIDER_TEXT_FALLBACK="", PROVIDER_BAD_ENGINE="echo", PROVIDER_GOOD_ENGINE="echo",
        PROVIDER_BAD_TARGET="127.0.0.1:1", PROVIDER_GOOD_TARGET=text.grpc, TROUPE_TEXT_TARGET=text.grpc,
    )  # fmt: skip
    headers = {"traceparent": TRACEPARENT}
    body = {"prompt": CANARY, "echo": {"count_to": 9, "fail_after_tokens": 2}}
    assert httpx.post(f"{url}/api/text", json={"prompt": CANARY}, headers=headers, timeout=30).status_code == 200
    assert httpx.post(f"{url}/api/text", json=body, headers=headers, timeout=30).status_code >= 500
    assert httpx.post(f"{url}/api/text", json={"prompt": "x"}, headers={"traceparent": "?"}, timeout=30).is_success
    taken.until(lambda spans: len([each for each in spans if each.name == "POST /api/text"]) == 3)
    taken.until(lambda spans: len([each for each in spans if each.name == "Chat"]) >= 3)
    spans = [each for each in taken.spans if each.trace == TRACE]
    codes = {each.attributes["troupe.code"] for each in spans if each.name == "attempt good"}
    assert "ok" in codes
    assert len(codes) == 2
    served = [each for each in spans if each.name == "Chat" and each.attributes["troupe.code"] == "ok"]
    assert parents_of(spans, served[0]) == ["Chat", "attempt good", "chain text", "POST /api/text"]
    assert served[0].events == ("first output",)
    others = [each for each in taken.spans if each.trace != TRACE]
    assert {each.name for each in others} >= {"POST /api/text", "Chat"}
    assert CANARY.encode() not in taken.raw


def test_a_collector_that_is_away_costs_no_answer(start_service) -> None:
    nobody = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    text = start_service("svc_text", TROUPE_TEXT_ENGINES="echo", **nobody)
    gateway = start_service(
        "gateway", PROVIDER_TEXT="echo", PROVIDER_TEXT_FALLBACK="", TROUPE_TEXT_TARGET=text.grpc,
        TROUPE_SPEECH_TARGET="127.0.0.1:1", TROUPE_VIDEO_TARGET="127.0.0.1:1", **nobody,
    )  # fmt: skip
    for _ in range(5):
        reply = httpx.post(f"http://{gateway.addresses['http']}/api/text", json={"prompt": "x"}, timeout=30)
        assert reply.status_code == 200
