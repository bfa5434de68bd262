from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from tests.fakes.cloning_engine import ParrotEngine
from tests.fakes.speaker import file, speech

from svc_tts.booth import Booth
from svc_tts.engine import EngineContext
from svc_tts.engines.tone import ToneEngine
from svc_tts.http import make_app
from svc_tts.http_voices import LOCAL_OWNER
from svc_tts.voices.store import VoiceStore

CONTEXT = EngineContext(1, 1.0)
SAMPLE = file(speech(12.0))
AGREED = {"consent_speaker": "Ada Lovelace", "consent_statement": "I agree that my voice is cloned."}


def files_in(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.fixture
def parrot() -> ParrotEngine:
    return ParrotEngine(CONTEXT)


@pytest.fixture
async def booth(tmp_path: Path, parrot: ParrotEngine) -> AsyncIterator[Booth]:
    booth = Booth({"tone": ToneEngine(CONTEXT), "parrot": parrot}, VoiceStore(tmp_path))
    await booth.board.ready("tone")
    yield booth
    await booth.cloning.stop()


@pytest.fixture
async def client(booth: Booth) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(make_app(booth, "50052"))
    async with httpx.AsyncClient(transport=transport, base_url="http://speech") as client:
        yield client


async def clone(client: httpx.AsyncClient, sample: bytes = SAMPLE, **fields: str) -> httpx.Response:
    return await client.post("/clone", files={"audio": ("voice.wav", sample)}, data={"name": "MyVoice", **fields})


async def say(client: httpx.AsyncClient, voice_id: str) -> httpx.Response:
    reply = await client.post("/synthesize", json={"text": "Hi", "voice_id": voice_id, "format": "pcm"})
    assert reply.status_code == 200
    return reply


def fundamental_hz(pcm: bytes) -> float:
    samples = np.frombuffer(pcm, "<i2")[:4_800].astype(float)
    return float(np.abs(np.fft.rfft(samples)).argmax() * 24_000 / len(samples))


async def test_the_seeds_call_keeps_a_reference_that_waits_for_consent(client: httpx.AsyncClient, booth: Booth) -> None:
    reply = await clone(client)
    told = reply.json()
    assert reply.status_code == 200
    assert list(told) == ["voice_id", "name", "stored", "usable", "state", "why", "how", "meanwhile"]
    assert (told["name"], told["stored"], told["usable"]) == ("MyVoice", True, False)
    assert (told["state"], told["meanwhile"]) == ("awaiting_consent", "en-US-GuyNeural")
    assert "consent" in told["why"]
    assert "/consent" in told["how"]
    assert booth.store.find(LOCAL_OWNER, told["voice_id"]) is not None


async def test_another_voice_serves_meanwhile_and_the_reply_says_so(client: httpx.AsyncClient, booth: Booth) -> None:
    voice_id = (await clone(client)).json()["voice_id"]
    await booth.board.ready("parrot")
    said = (await say(client, voice_id)).headers
    assert said["X-Troupe-Voice-Substituted"] == "true"
    assert said["X-Troupe-Voice-State"] == "awaiting_consent"


async def test_consent_in_the_form_and_an_engine_make_it_speak(
    client: httpx.AsyncClient, booth: Booth, parrot: ParrotEngine
) -> None:
    fields = {**AGREED, "consent_expires": "2090-01-01", "voice_id": "ada-voice", "language": "en", "denoise": "true"}
    told = (await clone(client, **fields)).json()
    assert (told["state"], told["usable"], told["meanwhile"]) == ("awaiting_engine", False, "en-US-GuyNeural")
    kept = booth.store.find(LOCAL_OWNER, "ada-voice")
    assert kept is not None
    assert kept.consent is not None
    assert kept.consent.expires_at_unix_s == 3_786_912_000
    assert (await say(client, "ada-voice")).headers["X-Troupe-Voice-State"] == "awaiting_engine"
    await booth.board.ready("parrot")
    reply = await say(client, "ADA-VOICE")
    assert (reply.headers["X-Troupe-Voice"], reply.headers["X-Troupe-Voice-Substituted"]) == ("ada-voice", "false")
    assert "X-Troupe-Voice-State" not in reply.headers
    assert fundamental_hz(reply.content) == pytest.approx(400, abs=10)
    assert parrot.spoken[-1].reference == booth.store.reference(LOCAL_OWNER, "ada-voice")


async def test_consent_comes_later(client: httpx.AsyncClient, booth: Booth) -> None:
    await booth.board.ready("parrot")
    voice_id = (await clone(client)).json()["voice_id"]
    body = {"speaker": "Ada", "statement": "I agree.", "scope": "films", "given": 1_700_000_000}
    reply = await client.post(f"/voices/{voice_id}/consent", json=body)
    assert reply.json() == {
        "voice_id": voice_id,
        "name": "MyVoice",
        "stored": True,
        "usable": True,
        "state": "ready",
    }
    kept = booth.store.find(LOCAL_OWNER, voice_id)
    assert kept is not None
    assert kept.consent is not None
    assert (kept.consent.scope, kept.consent.given_at_unix_s) == ("films", 1_700_000_000)
    assert (await say(client, voice_id)).headers["X-Troupe-Voice-Substituted"] == "false"


async def test_consent_that_ends_stops_the_voice(
    client: httpx.AsyncClient, booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    await booth.board.ready("parrot")
    voice_id = (await clone(client, **AGREED, consent_expires="2090-01-01T00:00:00Z")).json()["voice_id"]
    assert (await say(client, voice_id)).headers["X-Troupe-Voice-Substituted"] == "false"
    monkeypatch.setattr("svc_tts.voices.consent.time.time", lambda: 3_800_000_000.0)
    assert (await say(client, voice_id)).headers["X-Troupe-Voice-State"] == "consent_expired"


async def test_clones_are_listed_with_their_state_and_deleted(client: httpx.AsyncClient, tmp_path: Path) -> None:
    voice_id = (await clone(client)).json()["voice_id"]
    listed = (await client.get("/voices")).json()["voices"]
    (own,) = [voice for voice in listed if voice.get("cloned")]
    assert {"voice_id": own["voice_id"], "state": own["state"], "usable": own["usable"]} == {
        "voice_id": voice_id,
        "state": "awaiting_consent",
        "usable": False,
    }
    assert listed[-1] == own
    assert (await client.delete(f"/voices/{voice_id}")).json() == {"voice_id": voice_id, "deleted": True}
    assert files_in(tmp_path) == []
    assert (await client.delete(f"/voices/{voice_id}")).status_code == 404
    assert (await client.delete("/voices/en-US-AriaNeural")).status_code == 404


@pytest.mark.parametrize(
    ("sample", "fields", "status", "code"),
    [
        (b"no sound", {}, 415, "unsupported_media"),
        (file(speech(5.0)), {}, 422, "wrong_duration"),
        (file(np.zeros(24_000 * 12)), {}, 422, "no_speech"),
        (file(speech(12.0) * 0.01), {}, 422, "poor_sample"),
        (SAMPLE, {"voice_id": "x"}, 400, "invalid_argument"),
        (SAMPLE, {"consent_speaker": "Ada"}, 400, "invalid_argument"),
        (SAMPLE, {**AGREED, "consent_expires": "2001-01-01"}, 400, "invalid_argument"),
        (SAMPLE, {**AGREED, "consent_expires": "soon"}, 400, "invalid_argument"),
        (SAMPLE, {"denoise": "perhaps"}, 400, "invalid_argument"),
    ],
)
async def test_what_is_wrong_is_told(
    client: httpx.AsyncClient, sample: bytes, fields: dict[str, Any], status: int, code: str
) -> None:
    reply = await clone(client, sample, **fields)
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert reply.json()["detail"]


async def test_what_is_no_form_is_told(client: httpx.AsyncClient) -> None:
    for form in (
        {"json": {"audio": "x"}},
        {"data": {"name": "x"}},
        {"files": {"audio": ("a.wav", b"x")}},
        {"content": b"--x\r\n", "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
    ):
        reply = await client.post("/clone", **form)
        assert (reply.status_code, reply.json()["code"]) == (400, "invalid_argument"), form
        assert "multipart form" in reply.json()["detail"]


async def test_bad_consent_is_told(client: httpx.AsyncClient) -> None:
    voice_id = (await clone(client)).json()["voice_id"]
    agreed = {"speaker": "Ada", "statement": "I agree."}
    for path, body, status in (
        (voice_id, {"speaker": "Ada"}, 400),
        (voice_id, {**agreed, "expires": 1}, 400),
        (voice_id, {**agreed, "given": "soon"}, 400),
        (voice_id, [], 400),
        ("clone-nobodys", agreed, 404),
        ("en-US-AriaNeural", agreed, 404),
    ):
        reply = await client.post(f"/voices/{path}/consent", json=body)
        assert reply.status_code == status, reply.text


async def test_many_at_once_are_all_kept(client: httpx.AsyncClient) -> None:
    replies = await asyncio.gather(*(clone(client) for _ in range(4)))
    assert len({reply.json()["voice_id"] for reply in replies}) == 4
