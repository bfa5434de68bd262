"""The MiniMax cloud (the fake) behind the same routes: films only for those who wait, nothing for who stays at home."""

from __future__ import annotations

import io
from pathlib import Path

import av
import httpx
import pytest
from PIL import Image

FAKES = Path(__file__).parents[1] / "fakes"
KEY = "sk-api-fake-global"  # the one the fake takes


@pytest.fixture(scope="module")
def cloud(start_service_once):
    return start_service_once("minimax", PYTHONPATH=str(FAKES), FAKE_MINIMAX_STATES="-")


@pytest.fixture(scope="module")
def gateway(start_service_once, cloud):
    return start_service_once(
        "gateway",
        MINIMAX_API_KEY=KEY,
        MINIMAX_API_HOST=f"http://{cloud.addresses['http']}",
        TROUPE_STATE_DIR="state",
        **{f"PROVIDER_{modality}": "minimax" for modality in ("TEXT", "TTS", "VIDEO")},
        **{f"PROVIDER_{modality}_FALLBACK": "" for modality in ("TEXT", "TTS", "VIDEO")},
        **{f"TROUPE_{service}_TARGET": "127.0.0.1:1" for service in ("TEXT", "SPEECH", "VIDEO")},
    )


@pytest.fixture
def client(gateway):
    with httpx.Client(base_url=f"http://{gateway.addresses['http']}", timeout=50) as client:
        yield client


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (512, 512), "teal").save(file, "PNG")
    return file.getvalue()


def film(client: httpx.Client, **fields: str) -> httpx.Response:
    return client.post("/api/avatar", files={"portrait": ("me.png", picture())}, data={"text": "Hello there."} | fields)


def test_who_waits_gets_a_film_of_the_cloud(client, gateway) -> None:
    reply = film(client, cloud_video="wait")
    assert reply.status_code == 200, reply.text
    assert reply.headers["x-troupe-provider"] == "tts=minimax;video=minimax"
    assert "as a whole" in reply.headers["x-troupe-notes"]
    with av.open(io.BytesIO(reply.content)) as container:
        assert sum(1 for _ in container.decode(video=0)) > 10
    told = client.get(f"/api/scenes/{reply.headers['x-troupe-scene']}/events").text
    assert "event: note" in told
    assert '"ok":true' in told
    assert "Traceback" not in gateway.log


def asked(cloud) -> dict[str, int]:
    return httpx.get(f"http://{cloud.addresses['http']}/_seen").json()["counts"]


def test_who_does_not_wait_is_told_how_before_anything_is_spoken(client, cloud) -> None:
    before = asked(cloud)
    reply = film(client)
    assert asked(cloud) == before
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, "no_rung_can_serve")
    assert "cloud_video=wait" in reply.json()["error"]["message"]


def test_without_a_picture_an_avatar_of_the_house_speaks(client) -> None:
    reply = client.post("/api/avatar", json={"text": "Hello.", "cloud_video": "wait"})
    assert reply.status_code == 200
    assert b"ftyp" in reply.content[:16]


@pytest.mark.parametrize("way", ["field", "header"])
def test_what_must_stay_at_home_never_leaves(client, cloud, way) -> None:
    before = asked(cloud)
    for path, body in (("/api/text", {"prompt": "Hi"}), ("/api/voice", {"text": "Hi"})):
        fields = {"local_only": True} if way == "field" else {}
        headers = {"X-Troupe-Local-Only": "1"} if way == "header" else {}
        reply = client.post(path, json=body | fields, headers=headers)
        assert (reply.status_code, reply.json()["error"]["code"]) == (422, "no_rung_can_serve")
        assert "local_only" in reply.json()["error"]["message"]
    assert asked(cloud) == before


def test_text_and_speech_have_the_same_shape_as_at_home(client) -> None:
    text = client.post("/api/text", json={"prompt": "count to 5"})
    assert text.json().keys() == {"text", "reasoning", "finish_reason", "model", "usage", "provider"}
    assert (text.json()["text"], text.json()["provider"]) == ("1 2 3 4 5", "minimax")
    streamed = client.post("/api/text", json={"prompt": "count to 5", "stream": True}).text
    assert streamed.count("event: end") == 1
    voice = client.post("/api/voice", json={"text": "Hello world.", "format": "mp3"})
    assert (voice.status_code, voice.headers["x-troupe-provider"]) == (200, "minimax")
    assert voice.headers["content-type"] == "audio/mpeg"
