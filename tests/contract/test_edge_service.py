"""svc-tts with edge in a process of its own, against the fake endpoint: over HTTP, and behind the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from tests.fakes.edge import FakeEdge, Mood, edge_in_a_thread

NOBODY = "127.0.0.1:1"
ARIA = "en-US-AriaNeural"
PATIENCE_S = 25.0


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeEdge]:
    with edge_in_a_thread() as fake:
        yield fake


@pytest.fixture(scope="module")
def service(start_service_once, fake: FakeEdge):
    return start_service_once(
        "svc_tts", TROUPE_SPEECH_ENGINES="edge,espeak", TROUPE_SPEECH_EDGE_ENDPOINT=fake.url, TROUPE_SPEECH_WORKERS="1"
    )


@pytest.fixture(scope="module")
def gateway(start_service_once, service):
    return start_service_once(
        "gateway",
        PROVIDER_TTS="coqui",
        PROVIDER_TTS_FALLBACK="espeak",
        TROUPE_SPEECH_TARGET=service.grpc,
        TROUPE_TEXT_TARGET=NOBODY,
        TROUPE_VIDEO_TARGET=NOBODY,
        TROUPE_MISSED_TICKS="20",
    )


def to(process) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://{process.addresses['http']}", timeout=30)


async def healthy(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (await client.get("/health")).json().get("backend") != "edge-tts":
            await asyncio.sleep(0.1)


async def test_the_seeds_curl_line(service, fake: FakeEdge) -> None:
    async with to(service) as client:
        await healthy(client)
        assert fake.knocks == 0  # nothing is asked before somebody speaks
        health = (await client.get("/health")).json()
        assert health == {"status": "healthy", "cuda": False, "model_loaded": True, "backend": "edge-tts"}
        reply = await client.post("/synthesize", json={"text": "Hello world", "voice_id": ARIA})
    assert reply.content == fake.turns[-1].audio
    assert (reply.headers["content-type"], reply.headers["x-troupe-voice"]) == ("audio/mpeg", ARIA)


async def test_behind_the_gateway_it_speaks_and_is_passed_over_when_microsoft_refuses(gateway, fake: FakeEdge) -> None:
    async with to(gateway) as client:

        async def voice() -> tuple[str, int]:
            reply = await client.post("/api/voice", json={"text": "Hello there.", "voice_id": ARIA, "format": "wav"})
            return reply.headers.get("x-troupe-provider", reply.text), len(reply.content)

        async def until_it_is(provider: str) -> None:
            async with asyncio.timeout(PATIENCE_S):
                while (await voice())[0] != provider:
                    await asyncio.sleep(0.2)

        await until_it_is("coqui")
        fake.mood.status = 403
        await until_it_is("espeak")  # its dictionaries may be loading
        answers = [await voice() for _ in range(5)]
        assert {provider for provider, _ in answers} == {"espeak"}
        assert all(size > 10_000 for _, size in answers)
        assert "Using fallback provider: espeak" in gateway.log
        fake.mood = Mood()
        await until_it_is("coqui")
