"""`coqui` as a child process of the gateway, and as a container of the first release behind a URL."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import psutil
import pytest
from tests.fakes.certificates import environ, make

NOBODY = "127.0.0.1:1"
SETTINGS = {
    "PROVIDER_TTS": "coqui",
    "PROVIDER_TTS_FALLBACK": "",
    "PROVIDER_COQUI_MODE": "local",
    "TROUPE_SPEECH_ENGINES": "espeak",
    "TROUPE_TEXT_TARGET": NOBODY,
    "TROUPE_VIDEO_TARGET": NOBODY,
    "TROUPE_MISSED_TICKS": "20",
}


async def until(condition, within_s: float = 25.0):
    async with asyncio.timeout(within_s):
        while not (found := await condition()):
            await asyncio.sleep(0.05)
    return found


@pytest.fixture
def gateway(start_service):
    return start_service("gateway", **SETTINGS)


def children(gateway) -> list[psutil.Process]:
    return [each for each in psutil.Process(gateway.popen.pid).children() if "svc_tts" in command(each)]


def command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has ended, and was not waited for yet
        return ""


async def speaks(client: httpx.AsyncClient) -> bool:
    reply = await client.post("/api/voice", json={"text": "Hello", "format": "wav"})
    return reply.status_code == 200 and reply.headers["x-troupe-provider"] == "coqui" and len(reply.content) > 1000


async def test_the_child_speaks_comes_back_when_it_is_killed_and_leaves_with_the_gateway(gateway) -> None:
    async with httpx.AsyncClient(base_url=f"http://{gateway.addresses['http']}", timeout=30) as client:
        await until(lambda: speaks(client))
        (first,) = children(gateway)
        first.kill()

        async def another() -> list[psutil.Process]:
            return [child for child in children(gateway) if child.pid != first.pid]

        (second,) = await until(another)
        assert "is started again" in gateway.log
        await until(lambda: speaks(client))
    gateway.signal(signal.SIGTERM)
    assert await asyncio.to_thread(gateway.popen.wait, 25) == 0
    assert not second.is_running()
    assert "Traceback" not in gateway.log


async def test_the_child_shows_the_certificate_of_its_gateway(start_service, tmp_path) -> None:
    """The gateway has no other than its own, and asks the child for that."""
    gateway = start_service("gateway", **SETTINGS, **environ(make(tmp_path), "gateway"))
    async with httpx.AsyncClient(base_url=f"http://{gateway.addresses['http']}", timeout=30) as client:
        await until(lambda: speaks(client))


async def test_the_child_does_not_outlive_a_gateway_that_was_killed(gateway) -> None:
    async def born() -> list[psutil.Process]:
        return children(gateway)

    (child,) = await until(born)
    gateway.signal(signal.SIGKILL)
    await asyncio.to_thread(gateway.popen.wait, 10)

    async def gone() -> bool:
        return not child.is_running() or child.status() == psutil.STATUS_ZOMBIE

    await until(gone)


MP3 = b"\xff\xfb" + bytes(9_000)


class OldContainer(BaseHTTPRequestHandler):
    """Says what `server_edge.py` of the seed says."""

    def answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        health = {"status": "healthy", "cuda": False, "model_loaded": True, "backend": "edge-tts"}
        voices = {"voices": [{"voice_id": "en-US-AriaNeural", "name": "Aria", "language": "en-US", "gender": "Female"}]}
        self.answer("application/json", json.dumps({"/health": health, "/voices": voices}[self.path]).encode())

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        assert asked == {"text": "Hello world", "voice_id": "en-US-AriaNeural"}
        self.answer("audio/mpeg", MP3)

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def old_url():
    server = ThreadingHTTPServer(("127.0.0.1", 0), OldContainer)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_env_of_the_seed_with_its_old_container_works(start_service, old_url) -> None:
    env = {"PROVIDER_TTS": "coqui", "PROVIDER_TTS_FALLBACK": "", "PROVIDER_COQUI_MODE": "service"}
    nobody = {"TROUPE_TEXT_TARGET": NOBODY, "TROUPE_VIDEO_TARGET": NOBODY}
    gateway = start_service("gateway", **env, **nobody, PROVIDER_COQUI_SERVICE_URL=old_url)
    with httpx.Client(base_url=f"http://{gateway.addresses['http']}", timeout=30) as client:
        asked = {"text": "Hello world", "voice_id": "en-US-AriaNeural"}
        reply = client.post("/api/voice", json=asked)
        assert (reply.status_code, reply.headers["x-troupe-provider"], reply.content) == (200, "coqui", MP3)
        assert reply.headers["content-type"] == "audio/mpeg"
        (rung,) = client.get("/providers").json()["tts"]["chain"]
        assert (rung["state"], rung["engine"], rung["cloud"], rung["formats"]) == ("ready", "edge", True, ["mp3"])
        for more, why in (({"format": "pcm"}, "it makes no pcm, only mp3"), ({"local_only": True}, "out of the house")):
            refused = client.post("/api/voice", json=asked | more)
            assert (refused.status_code, refused.json()["error"]["code"]) == (422, "no_rung_can_serve")
            assert why in refused.json()["error"]["details"]["coqui"]
    assert "Traceback" not in gateway.log
