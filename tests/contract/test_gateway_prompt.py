"""POST /api/avatar with a prompt, over real sockets: what a model writes is spoken and shown while it is written."""

from __future__ import annotations

import io
import json

import av
import httpx
import pytest

PROMPT = "# Welcome\n\nThis is **Acme**. We make anvils, and more. Come and see us."
SPOKEN = "Welcome.\nThis is Acme. We make anvils, and more. Come and see us."


@pytest.fixture(scope="module")
def services(start_service_once):
    return (
        start_service_once("svc_text", TROUPE_TEXT_ENGINES="echo"),
        start_service_once("svc_tts", TROUPE_SPEECH_ENGINES="tone"),
        start_service_once("svc_video", TROUPE_VIDEO_ENGINES="still"),
    )


@pytest.fixture(scope="module")
def gateway(start_service_once, services):
    text, speech, video = services
    named = {"TEXT": "echo", "TTS": "tone", "VIDEO": "still"}
    return start_service_once(
        "gateway",
        **{f"PROVIDER_{modality}": engine for modality, engine in named.items()},
        **{f"PROVIDER_{modality}_FALLBACK": "" for modality in named},
        TROUPE_TEXT_TARGET=text.grpc,
        TROUPE_SPEECH_TARGET=speech.grpc,
        TROUPE_VIDEO_TARGET=video.grpc,
        TROUPE_MISSED_TICKS="20",
    )


@pytest.fixture
def client(gateway):
    with httpx.Client(base_url=f"http://{gateway.addresses['http']}", timeout=60) as client:
        yield client


def events_of(client: httpx.Client, scene_id: str) -> list[tuple[str, dict]]:
    events = []
    for block in client.get(f"/api/scenes/{scene_id}/events").text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        events.append((fields["event"], json.loads(fields["data"])))
    return events


def seconds_of_sound(film: bytes) -> float:
    with av.open(io.BytesIO(film)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
        return samples / container.streams.audio[0].rate


def test_what_a_model_writes_is_spoken(client) -> None:
    reply = client.post("/api/avatar", json={"prompt": PROMPT, "voice_id": "en-US-GuyNeural"})
    assert reply.status_code == 200, reply.text
    assert reply.headers["x-troupe-provider"] == "text=echo;tts=tone;video=still"
    assert seconds_of_sound(reply.content) > 2.0
    events = events_of(client, reply.headers["x-troupe-scene"])
    script = "".join(data["text"] for kind, data in events if kind == "text")
    assert script == SPOKEN
    words = [word for kind, data in events if kind == "words" for word in data["words"]]
    assert [word["word"].strip(".,") for word in words] == [word.strip(".,") for word in SPOKEN.split()]
    assert all(script[word["text_start"] : word["text_end"]] == word["word"] for word in words)
    stages = [data["stage"] for kind, data in events if kind == "stage"]
    assert stages.index("first_token") < stages.index("first_audio") < stages.index("first_bytes")
    assert "text_done" in stages
    assert {data["modality"] for kind, data in events if kind == "provider"} == {"text", "tts", "video"}
    assert events[-1][1]["ok"] is True
