"""`make up-with-fake-cloud` as a developer uses it: freeze the local text service, and the cloud answers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from gateway.cli.mesh import free_ports

PROGRAM = Path(__file__).parents[2] / "tools" / "up_with_fake_cloud.py"
READY_S = 40.0
SMALL = {
    "TROUPE_TEXT_ENGINES": "echo",
    "TROUPE_SPEECH_ENGINES": "tone",
    "TROUPE_VIDEO_ENGINES": "still",
    "PROVIDER_TTS": "tone",
    "PROVIDER_TTS_FALLBACK": "minimax",
    "PROVIDER_VIDEO": "still",
}


@dataclass
class Up:
    """The running program."""

    popen: subprocess.Popen[bytes]
    out: Path
    url: str

    def wait_for(self, words: str) -> str:
        deadline = time.monotonic() + READY_S
        while words not in self.out.read_text():
            assert self.popen.poll() is None, self.out.read_text()
            assert time.monotonic() < deadline, self.out.read_text()
            time.sleep(0.05)
        return self.out.read_text()

    def ask(self) -> httpx.Response:
        return httpx.post(f"{self.url}/api/text", json={"prompt": "count the cranes"}, timeout=30).raise_for_status()

    def part(self, module: str) -> psutil.Process:
        family = psutil.Process(self.popen.pid).children(recursive=True)
        return next(process for process in family if process.cmdline()[-1:] == [module])


@pytest.fixture
def up(tmp_path) -> Iterator[Up]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TROUPE_", "PROVIDER_"))}
    folders = {"VOICES_URL": str(tmp_path / "voices"), "PORTRAITS_URL": str(tmp_path / "portraits")}
    folders["TROUPE_SPEECH_CACHE_DIR"] = str(tmp_path / "sentences")
    settings, out = free_ports() | SMALL | folders, tmp_path / "up.log"
    with out.open("w") as log:
        popen = subprocess.Popen(
            [sys.executable, PROGRAM], cwd=tmp_path, env=clean | settings, stdout=log, stderr=subprocess.STDOUT
        )
    started = Up(popen, out, f"http://127.0.0.1:{settings['TROUPE_PORT']}")
    yield started
    if popen.poll() is None:
        popen.send_signal(signal.SIGINT)
    popen.wait(45)


def test_the_cloud_answers_while_the_local_service_is_frozen(up) -> None:
    up.wait_for("listening service=gateway")
    assert "/_seen" in up.wait_for("listening service=minimax")
    assert up.ask().headers["X-Troupe-Provider"] == "echo"
    text = up.part("svc_text")
    text.suspend()
    answered = up.ask()
    text.resume()
    assert answered.headers["X-Troupe-Provider"] == "minimax"
    assert answered.json()["text"] == "count the cranes"
    up.wait_for("Using fallback provider: minimax")
    family = psutil.Process(up.popen.pid).children(recursive=True)
    up.popen.send_signal(signal.SIGINT)
    assert up.popen.wait(45) == 0
    assert [process for process in family if process.is_running()] == []
