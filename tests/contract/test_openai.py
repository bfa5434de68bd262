"""An OpenAI-compatible server behind svc-text behind the gateway: the seed's `PROVIDER_VLLM_BASE_URL`, as processes."""

from __future__ import annotations

import asyncio
import json
import time

import httpx
import pytest
from tests.fakes.openai_server import MODEL, serving

NOBODY = "127.0.0.1:1"
FREED_S = 0.2  # the promise; asserted at five times
PATIENCE_S = 25.0
KEY = "sk-very-secret"


def mesh(start_service, url: str, fallback: str = "", **env: str):
    """svc-text and a gateway whose text is that server's; gives both."""
    seed = {"PROVIDER_VLLM_BASE_URL": url, "PROVIDER_VLLM_API_KEY": KEY, "TROUPE_LOG_LEVEL": "DEBUG"}
    text = start_service("svc_text", TROUPE_TEXT_LOG_LEVEL="DEBUG", TROUPE_TEXT_ENGINES="openai,echo", **seed)
    gateway = start_service(
        "gateway",
        PROVIDER_TEXT="vllm",
        PROVIDER_TEXT_FALLBACK=fallback,
        TROUPE_TEXT_TARGET=text.grpc,
        TROUPE_SPEECH_TARGET=NOBODY,
        TROUPE_VIDEO_TARGET=NOBODY,
        **seed | env,
    )
    return text, gateway


def client(gateway) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://{gateway.addresses['http']}", timeout=PATIENCE_S)


async def until_serving(http: httpx.AsyncClient, rung: str | None) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (await http.get("/providers")).json()["text"]["serving"] != rung:
            await asyncio.sleep(0.05)


async def test_the_seeds_two_settings_are_enough(start_service) -> None:
    async with serving(key=KEY) as server:
        text, gateway = mesh(start_service, server.url)
        async with client(gateway) as http:
            await until_serving(http, "vllm")
            reply = await http.post("/api/text", json={"prompt": "one two three"})
            assert reply.status_code == 200, reply.text
            assert (reply.json()["text"], reply.json()["model"]) == ("one two three", MODEL)
            assert reply.headers["x-troupe-provider"] == "vllm"
        assert KEY not in text.log + gateway.log


async def test_an_absent_server_is_told_in_the_seeds_words_and_found_when_it_comes(start_service) -> None:
    async with serving() as server:
        url, port = server.url, int(server.url.rpartition(":")[2])
    _, gateway = mesh(start_service, url)
    async with client(gateway) as http:
        reply = await http.post("/api/text", json={"prompt": "hello"})
        assert reply.status_code == 503
        assert f"Cannot connect to vLLM server at {url}" in reply.text
        assert "vllm serve MODEL --port 8001" in reply.text
        async with serving(port=port):
            await until_serving(http, "vllm")
            assert (await http.post("/api/text", json={"prompt": "hello"})).json()["text"] == "hello"


async def test_while_it_is_away_the_next_rung_serves(start_service) -> None:
    _, gateway = mesh(start_service, f"http://{NOBODY}", fallback="echo")
    async with client(gateway) as http:
        await until_serving(http, "echo")
        reply = await http.post("/api/text", json={"prompt": "hello"})
        assert (reply.json()["text"], reply.headers["x-troupe-provider"]) == ("hello", "echo")


async def test_who_leaves_the_gateway_frees_the_server(start_service) -> None:
    async with serving(token_s=0.02) as server:
        _, gateway = mesh(start_service, server.url)
        async with client(gateway) as http:
            await until_serving(http, "vllm")
            body = {"prompt": "word " * 2000, "stream": True}
            async with http.stream("POST", "/api/text", json=body) as reply:
                await anext(reply.aiter_bytes())
                assert server.running == 1
            left = time.monotonic()
            while server.running:
                await asyncio.sleep(0.005)
        assert time.monotonic() - left < FREED_S * 5


def events_in(text: str) -> list[tuple[str, dict]]:
    events = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        events.append((fields["event"], json.loads(fields["data"])))
    return events


@pytest.mark.parametrize(("fallback", "whole"), [("echo", True), ("", False)])
async def test_an_answer_that_breaks_off_goes_on_elsewhere_or_ends_typed(start_service, fallback, whole) -> None:
    begun = b'data: {"choices":[{"index":0,"delta":{"content":"one"},"finish_reason":null}]}\n\n'
    async with serving() as server:
        other = start_service("svc_text", TROUPE_TEXT_ENGINES="echo")  # not the process in which it broke
        _, gateway = mesh(start_service, server.url, fallback=fallback, PROVIDER_ECHO_TARGET=other.grpc)
        async with client(gateway) as http:
            await until_serving(http, "vllm")
            server.script = [begun, 0.05, None]
            reply = await http.post("/api/text", json={"prompt": "one two three", "stream": True})
    events = events_in(reply.text)
    said = "".join(data.get("text", "") for name, data in events if name == "delta")
    assert said == ("one two three" if whole else "one"), reply.text
    assert (events[-1][0] == "error") != whole


async def test_the_gateway_as_its_own_server_is_found_out(start_service) -> None:
    gateway = start_service(
        "gateway",
        PROVIDER_TEXT="echo",
        PROVIDER_TEXT_FALLBACK="",
        TROUPE_TEXT_TARGET=NOBODY,
        TROUPE_SPEECH_TARGET=NOBODY,
        TROUPE_VIDEO_TARGET=NOBODY,
    )
    _, second = mesh(start_service, f"http://{gateway.addresses['http']}")
    async with client(second) as http:
        reply = await http.post("/api/text", json={"prompt": "hello"})
    assert "is Troupe's own gateway" in reply.text
