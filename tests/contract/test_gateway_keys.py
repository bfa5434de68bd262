"""API keys over HTTP: who is let in, what a key may do, and that portraits and scenes belong to a key."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest
from PIL import Image

from gateway.guard.keys import create_key


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return tmp_path_factory.mktemp("keys") / "keys.json"


@pytest.fixture(scope="module")
def alice(keys) -> str:
    return create_key(keys, "alice")


@pytest.fixture(scope="module")
def bob(keys) -> str:
    return create_key(keys, "bob")


@pytest.fixture(scope="module")
def singer(keys) -> str:
    return create_key(keys, "singer", ["voice"])


@pytest.fixture(scope="module")
def gateway(start_service_once, keys, alice, bob, singer):
    speech = start_service_once("svc_tts", TROUPE_SPEECH_ENGINES="tone")
    video = start_service_once("svc_video", TROUPE_VIDEO_ENGINES="still")
    return start_service_once(
        "gateway",
        TROUPE_API_KEYS_FILE=str(keys),
        PROVIDER_TTS="tone",
        PROVIDER_VIDEO="still",
        TROUPE_SPEECH_TARGET=speech.grpc,
        TROUPE_VIDEO_TARGET=video.grpc,
        TROUPE_TEXT_TARGET="127.0.0.1:1",
        TROUPE_MISSED_TICKS="20",
    )


@pytest.fixture
def call(gateway):
    def call(method: str, path: str, key: str = "", **options) -> httpx.Response:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return httpx.request(
            method, f"http://{gateway.addresses['http']}{path}", headers=headers, timeout=30, **options
        )

    return call


def picture() -> dict:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(file, "PNG")
    return {"portrait": ("me.png", file.getvalue())}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/voice"),
        ("POST", "/api/avatar"),
        ("GET", "/api/voices"),
        ("GET", "/api/portraits"),
        ("POST", "/api/portraits"),
        ("DELETE", "/api/portraits/x"),
        ("GET", "/api/scenes/x/events"),
        ("DELETE", "/api/scenes/x"),
        ("GET", "/providers"),
        ("GET", "/api/nothing"),
    ],
)
@pytest.mark.parametrize("key", ["", "tp_wrong"])
def test_without_a_known_key_nothing_is_told(call, method, path, key) -> None:
    reply = call(method, path, key)
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "unauthenticated")
    assert reply.headers["www-authenticate"] == "Bearer"


def test_liveness_and_metrics_need_no_key_and_docs_are_off(call) -> None:
    assert call("GET", "/health").status_code == 200
    assert call("GET", "/metrics").status_code == 200
    assert call("GET", "/docs").status_code == 404
    assert call("GET", "/openapi.json").status_code == 404


def test_both_ways_of_sending_a_key_work(gateway, call, alice) -> None:
    assert call("GET", "/api/voices", alice).status_code == 200
    url = f"http://{gateway.addresses['http']}/api/voices"
    assert httpx.get(url, headers={"x-api-key": alice}).status_code == 200


def test_a_wrong_key_is_refused_before_the_body_is_read(gateway) -> None:
    host, port = gateway.addresses["http"].split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(
            b"POST /api/portraits HTTP/1.1\r\nhost: x\r\nx-api-key: tp_wrong\r\ncontent-length: 1000000\r\n"
            b"content-type: multipart/form-data; boundary=x\r\n\r\n"
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")  # nothing of the body was sent


def test_a_scope_limits_what_a_key_may_do(call, singer) -> None:
    assert call("POST", "/api/voice", singer, json={"text": "Hello"}).status_code == 200
    for method, path, options in (
        ("POST", "/api/avatar", {"json": {"text": "Hello"}}),
        ("POST", "/api/portraits", {"files": picture()}),
        ("DELETE", "/api/portraits/x", {}),
    ):
        reply = call(method, path, singer, **options)
        assert (reply.status_code, reply.json()["error"]["code"]) == (403, "permission_denied")


def test_a_strangers_portrait_answers_404(call, alice, bob) -> None:
    portrait = call("POST", "/api/portraits", alice, files=picture()).json()["portrait_id"]
    assert portrait not in call("GET", "/api/portraits", bob).text
    assert call("DELETE", f"/api/portraits/{portrait}", bob).status_code == 404
    film = call("POST", "/api/avatar", bob, json={"text": "Hello", "portrait_id": portrait})
    assert (film.status_code, film.json()["error"]["code"]) == (404, "unknown_portrait")
    assert call("DELETE", f"/api/portraits/{portrait}", alice).status_code == 200


def test_a_strangers_scene_answers_404(call, alice, bob) -> None:
    scene = call("POST", "/api/avatar", alice, json={"text": "Hello"}).headers["x-troupe-scene"]
    assert call("GET", f"/api/scenes/{scene}/events", bob).status_code == 404
    assert call("DELETE", f"/api/scenes/{scene}", bob).status_code == 404
    assert call("GET", f"/api/scenes/{scene}/events", alice).status_code == 200


def test_sighup_takes_in_new_keys(gateway, call, keys) -> None:
    late = create_key(keys, "late")
    assert call("GET", "/api/voices", late).status_code == 401
    gateway.signal(signal.SIGHUP)
    deadline = time.monotonic() + 5
    while call("GET", "/api/voices", late).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_no_key_is_in_the_log_or_the_metrics(gateway, call, alice, bob, singer) -> None:
    metrics = call("GET", "/metrics").text
    for key in (alice, bob, singer):
        assert key not in gateway.log
        assert key not in metrics


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"TROUPE_HOST": "0.0.0.0"}, "TROUPE_OPEN=1"),
        ({"PROVIDER_TSS": "tone"}, 'Did you mean "PROVIDER_TTS"?'),
    ],
)
def test_a_wrong_setting_ends_the_start_with_one_clear_line(tmp_path, env, says) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TROUPE_", "PROVIDER_"))}
    done = subprocess.run(
        [sys.executable, "-m", "gateway"],
        env={**kept, **env}, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_uvicorn_starts_the_app_and_the_banner_is_the_seeds(tmp_path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TROUPE_", "PROVIDER_"))}
    (tmp_path / ".env").write_text("PROVIDER_TTS=espeak\n")
    nobody = dict.fromkeys(("TROUPE_TEXT_TARGET", "TROUPE_SPEECH_TARGET", "TROUPE_VIDEO_TARGET"), "127.0.0.1:1")
    with subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "gateway.app:app", "--port", "0"],
        env={**kept, **nobody, "PYTHONUNBUFFERED": "1"}, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    ) as process:  # fmt: skip
        said = ""
        for line in process.stdout:
            said += line
            if "Uvicorn running on" in said and "  Video:" in said:
                break
        address = re.search(r"http://[\d.:]+", said)
        health = httpx.get(f"{address[0]}/health") if address else None
        process.terminate()
        process.stdout.read()
    assert "=== Provider Configuration ===" in said
    assert "TTS provider: espeak" in said
    assert health is not None
    assert health.json()["status"] == "healthy"
