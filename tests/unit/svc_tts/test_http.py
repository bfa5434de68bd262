from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import av
import httpx
import pytest

from svc_tts.booth import Booth
from svc_tts.engine import EngineContext
from svc_tts.engines.tone import ToneEngine
from svc_tts.http import GRPC_PORT_HEADER, MEDIA_TYPES, make_app, serve_http
from svc_tts.voices.seed import SEED_VOICES
from svc_tts.voices.store import VoiceStore
from troupe.wire.errors import PortTaken

GRPC_PORT = "50052"


@pytest.fixture
async def booth(tmp_path: Path) -> Booth:
    booth = Booth({"tone": ToneEngine(EngineContext(1, 1.0))}, VoiceStore(tmp_path))
    await booth.board.ready("tone")
    return booth


@pytest.fixture
async def client(booth: Booth) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(make_app(booth, GRPC_PORT))
    async with httpx.AsyncClient(transport=transport, base_url="http://speech") as client:
        yield client


def seconds(data: bytes) -> float:
    with av.open(io.BytesIO(data)) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(container.streams.audio[0]))


async def test_the_seeds_call_gives_an_mp3(client: httpx.AsyncClient) -> None:
    reply = await client.post("/synthesize", json={"text": "Hello world", "voice_id": "en-US-AriaNeural"})
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "audio/mpeg"
    assert reply.headers[GRPC_PORT_HEADER] == GRPC_PORT
    assert reply.headers["X-Troupe-Voice-Substituted"] == "true"
    assert seconds(reply.content) == pytest.approx(0.6, abs=0.1)


@pytest.mark.parametrize("codec", [codec for codec in MEDIA_TYPES if codec not in {"pcm", "pcmu_raw"}])
async def test_every_format(client: httpx.AsyncClient, codec: str) -> None:
    reply = await client.post("/synthesize", json={"text": "Hello world", "format": codec, "speed": 0.5})
    assert reply.headers["content-type"] == MEDIA_TYPES[codec]
    assert seconds(reply.content) == pytest.approx(1.2, abs=0.1)


async def test_what_telephones_take(client: httpx.AsyncClient) -> None:
    reply = await client.post("/synthesize", json={"text": "Hello world", "format": "pcmu_raw", "speed": 0.5})
    assert reply.headers["content-type"] == "audio/basic"
    assert len(reply.content) == 1.2 * 8_000


async def test_loudness_out_of_range_is_refused(client: httpx.AsyncClient) -> None:
    reply = await client.post("/synthesize", json={"text": "Hello world", "loudness": -3})
    assert reply.status_code == 400
    assert "loudness_lufs is -3; it may be -40 to -8" in reply.json()["detail"]


async def test_pcm_at_an_asked_rate(client: httpx.AsyncClient) -> None:
    reply = await client.post("/synthesize", json={"text": "Hi", "format": "pcm", "sample_rate": 8000, "channels": 2})
    assert len(reply.content) == 0.3 * 8000 * 2 * 2


async def test_voices_are_told_as_the_seed_did(client: httpx.AsyncClient) -> None:
    voices = (await client.get("/voices")).json()["voices"]
    assert [voice["voice_id"] for voice in voices[:10]] == [voice.voice_id for voice in SEED_VOICES]
    assert voices[0] == {"voice_id": "en-US-AriaNeural", "name": "Aria", "language": "en-US", "gender": "female"}
    assert all(voice.keys() == voices[0].keys() for voice in voices)


async def test_health_is_exactly_the_seeds(client: httpx.AsyncClient, booth: Booth) -> None:
    reply = await client.get("/health")
    assert reply.text == '{"status":"healthy","cuda":false,"model_loaded":true,"backend":"tone"}'
    assert reply.headers[GRPC_PORT_HEADER] == GRPC_PORT
    await booth.board.broken("tone", "it coughs")
    reply = await client.get("/health")
    assert (reply.status_code, reply.json()["status"]) == (503, "unhealthy")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"text": ""}, 400, "empty_text"),
        ({"text": "😀"}, 400, "empty_text"),
        ({"text": "x" * 1_000_001}, 413, "text_too_long"),
        ({"text": "hi", "voice_id": "en-US-AriaNeura"}, 404, "unknown_voice"),
        ({"text": "hi", "format": "wma"}, 400, "unsupported_format"),
        ({"text": "hi", "sample_rate": 12_345}, 400, "unsupported_format"),
        ({"text": "hi", "speed": 9}, 400, "invalid_argument"),
        ({"text": "hi", "engine": "tune"}, 404, "unknown_engine"),
    ],
)
async def test_bad_requests_are_told(
    client: httpx.AsyncClient, body: dict[str, object], status: int, code: str
) -> None:
    reply = await client.post("/synthesize", json=body)
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert reply.json()["detail"]
    assert reply.headers[GRPC_PORT_HEADER] == GRPC_PORT


async def test_a_body_that_says_it_is_huge_is_not_read(booth: Booth) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while read < 300_000_000:
            read += 65_536
            yield b"x" * 65_536

    transport = httpx.ASGITransport(make_app(booth, GRPC_PORT))
    async with httpx.AsyncClient(transport=transport, base_url="http://speech") as client:
        reply = await client.post("/synthesize", content=endless(), headers={"content-length": "300000000"})
        assert (reply.status_code, reply.json()["code"]) == (413, "body_too_large")
        assert read == 0
        reply = await client.post("/synthesize", content=endless(), headers={"content-type": "application/json"})
        assert (reply.status_code, reply.json()["code"]) == (413, "body_too_large")
        assert read < 10_000_000


async def test_a_real_server_streams_and_stops(booth: Booth) -> None:
    async with serve_http(booth, "127.0.0.1", 0, GRPC_PORT, "SETTING") as address:
        async with httpx.AsyncClient(base_url=f"http://{address}") as client:
            assert (await client.get("/health")).status_code == 200
            body = {"text": "one two. three four. " * 20, "format": "pcm"}
            async with client.stream("POST", "/synthesize", json=body) as reply:
                assert reply.headers["transfer-encoding"] == "chunked"
                async for _ in reply.aiter_bytes():
                    break
            async with asyncio.timeout(5):
                while booth.outstanding["tone"]:
                    await asyncio.sleep(0.01)
        with pytest.raises(PortTaken, match=address.rpartition(":")[2]):
            async with serve_http(booth, "127.0.0.1", int(address.rpartition(":")[2]), GRPC_PORT, "SETTING"):
                pass


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"text": 5}', b'{"text": "hi", "speed": "quick"}', b'{"voice_id": "x"}', b"\xff\xfe"]
)
async def test_what_is_no_request_is_told_without_saying_it_back(client: httpx.AsyncClient, body: bytes) -> None:
    reply = await client.post("/synthesize", content=body)
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_argument")
    assert "Send JSON like" in reply.json()["detail"]
    assert "quick" not in reply.text


async def test_a_form_without_its_parts_is_told(client: httpx.AsyncClient) -> None:
    for form in ({"data": {"name": "x"}}, {"files": {"audio": ("a.wav", b"RIFF")}}, {"content": b"x"}):
        reply = await client.post("/clone", **form)
        assert (reply.status_code, reply.json()["code"]) == (400, "invalid_argument")


async def test_other_paths_and_methods_are_not_there(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nowhere")).status_code == 404
    assert (await client.get("/synthesize")).status_code == 405
    assert (await client.get("/nowhere")).headers[GRPC_PORT_HEADER] == GRPC_PORT
