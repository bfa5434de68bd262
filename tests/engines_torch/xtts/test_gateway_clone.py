"""A cloned voice from the gateway's door to our own XTTS and back, in real processes; the weights are made ones."""

from __future__ import annotations

import io
import time
import wave
from pathlib import Path

import httpx
import pytest
from tests.fakes.speaker import file, speech
from tests.fakes.xtts_release import make

SAMPLE = file(speech(12.0), "MP3")
AGREED = {"speaker": "Ada Lovelace", "statement": "I agree that my voice is cloned."}
LATENTS = "*.safetensors"


@pytest.fixture(scope="module")
def voices(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("voices")


@pytest.fixture(scope="module")
def client(start_service_once, tmp_path_factory, voices):
    """`flite` stands first: it does not clone."""
    checkpoint = make(tmp_path_factory.mktemp("xtts"), stop_bias=4.0)
    service = start_service_once(
        "svc_tts",
        TROUPE_SPEECH_ENGINES="flite,xtts",
        PROVIDER_XTTS_CHECKPOINT=str(checkpoint),
        COQUI_TOS_AGREED="1",
        VOICES_URL=str(voices),
    )
    gateway = start_service_once(
        "gateway",
        PROVIDER_TTS="flite",
        PROVIDER_TTS_FALLBACK="xtts",
        TROUPE_SPEECH_TARGET=service.grpc,
        TROUPE_TEXT_TARGET="127.0.0.1:1",
        TROUPE_VIDEO_TARGET="127.0.0.1:1",
        TROUPE_MISSED_TICKS="20",
    )
    with httpx.Client(base_url=f"http://{gateway.addresses['http']}", timeout=60) as client:
        wait_for(lambda: "ready" in state_of(client, "xtts"), 60)
        yield client


def state_of(client: httpx.Client, name: str) -> str:
    chain = client.get("/providers").json()["tts"]["chain"]
    return next(rung["state"] for rung in chain if rung["name"] == name)


def wait_for(condition, within_s: float) -> None:
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.05)


def test_a_voice_is_cloned_agreed_to_spoken_and_deleted(client, voices: Path) -> None:
    kept = client.post("/api/clone", files={"audio": SAMPLE}, data={"name": "Ada"}).json()
    assert (kept["stored"], kept["state"]) == (True, "awaiting_consent")
    order = {"text": "Hello there, this is me.", "voice_id": kept["voice_id"], "format": "wav", "language": "en"}
    assert client.post("/api/voice", json=order).status_code == 403
    assert not list(voices.rglob(LATENTS))  # nothing is computed of a sample whose speaker has not agreed

    agreed = client.post(f"/api/voices/{kept['voice_id']}/consent", json=AGREED).json()
    assert (agreed["usable"], agreed["state"]) == (True, "ready")
    said = client.post("/api/voice", json=order)
    assert said.status_code == 200, said.text
    assert said.headers["x-troupe-provider"] == "xtts"
    assert said.headers["x-troupe-voice"] == kept["voice_id"]
    with wave.open(io.BytesIO(said.content)) as sound:
        assert sound.getframerate() == 24_000
    assert len(said.content) > 2_000
    wait_for(lambda: list(voices.rglob(LATENTS)), 20)

    assert client.delete(f"/api/voices/{kept['voice_id']}").status_code == 200
    assert client.post("/api/voice", json=order).status_code == 404
    assert not [path for path in voices.rglob("*") if path.is_file()]
