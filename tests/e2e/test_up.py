"""`troupe up` and `troupe doctor`, and `uvicorn gateway.app:app`, as people start them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from gateway.cli.mesh import TOO_SOON_S, free_ports

TROUPE = str(Path(sys.executable).with_name("troupe"))
READY_S = 60.0


class Up:
    """A running `troupe up`, its output in a file."""

    def __init__(self, folder: Path, settings: dict[str, str], command: list[str] | None = None) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("TROUPE_", "PROVIDER_"))}
        self.out = folder / "up.log"
        with self.out.open("w") as out:
            self.popen = subprocess.Popen(
                command or [TROUPE, "up"], cwd=folder, env=clean | settings, stdout=out, stderr=subprocess.STDOUT
            )
        self.url = f"http://127.0.0.1:{settings['TROUPE_PORT']}"

    @property
    def log(self) -> str:
        return self.out.read_text()

    def wait_for(self, words: str) -> None:
        deadline = time.monotonic() + READY_S
        while words not in self.log:
            assert self.popen.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.popen.pid).children(recursive=True)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        try:
            return self.popen.wait(45)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            raise


@pytest.fixture
def ups(tmp_path: Path) -> Iterator[list[Up]]:
    started: list[Up] = []
    yield started
    for up in started:
        up.stop()


def start(ups: list[Up], folder: Path, settings: dict[str, str]) -> Up:
    folder.mkdir(exist_ok=True)
    ups.append(Up(folder, settings))
    return ups[-1]


def wait_serving(url: str) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        try:
            if all(httpx.get(f"{url}/health", timeout=5).json()["ready"][name] for name in ("tts", "video")):
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    pytest.fail("not serving")


def test_up_shows_the_banner_serves_drains_and_leaves_no_process(ups: list[Up], tmp_path: Path) -> None:
    up = start(ups, tmp_path / "a", free_ports())
    up.wait_for("Available providers:")
    wait_serving(up.url)
    up.wait_for(f"The Studio: open {up.url.replace('127.0.0.1', 'localhost')}/")
    log = up.log
    for line in ("=== Provider Configuration ===", "Text provider:", "TTS provider:", "Video provider:"):
        assert line in log
    family = up.family()
    assert len(family) >= 8  # four parts, each with honcho's watcher
    assert up.stop() == 0
    assert "SIGINT received: draining" in up.log
    # A zombie has ended; whoever adopted it has only not asked how.
    assert [each for each in family if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []
    assert "Traceback" not in up.log


def test_a_second_mesh_on_the_same_ports_says_which_and_by_whom(ups: list[Up], tmp_path: Path) -> None:
    settings = free_ports()
    first = start(ups, tmp_path / "a", settings)
    first.wait_for("Available providers:")
    second = start(ups, tmp_path / "b", settings)
    assert second.popen.wait(45) != 0
    assert "is taken by process" in second.log
    assert any(f"Port {settings[name]} on" in second.log for name in settings if name.endswith("PORT"))
    assert "Traceback" not in second.log
    assert httpx.get(f"{first.url}/health", timeout=5).status_code == 200


def test_a_part_that_is_killed_comes_back(ups: list[Up], tmp_path: Path) -> None:
    up = start(ups, tmp_path / "a", free_ports())
    up.wait_for("listening service=")
    time.sleep(TOO_SOON_S)  # a part that ends sooner is taken for one that cannot start
    wait_serving(up.url)
    victims = [p for p in up.family() if p.cmdline()[-2:] == ["-m", "svc_video"]]
    victims[0].kill()
    up.wait_for("video ended (status -9); starting it again")
    wait_serving(up.url)
    assert up.log.count("listening service=video") == 2


def test_an_unknown_setting_names_the_nearest(ups: list[Up], tmp_path: Path) -> None:
    up = start(ups, tmp_path / "a", free_ports() | {"PROVIDER_TTTS": "espeak"})
    assert up.popen.wait(45) != 0
    assert 'PROVIDER_TTTS. Did you mean "PROVIDER_TTS"?' in up.log
    assert "Traceback" not in up.log


def test_uvicorn_serves_the_app_and_prints_the_banner(tmp_path: Path, ups: list[Up]) -> None:
    ports = free_ports()
    command = [sys.executable, "-m", "uvicorn", "gateway.app:app", "--port", ports["TROUPE_PORT"]]
    ups.append(Up(tmp_path, ports, command))
    ups[0].wait_for("=== Provider Configuration ===")
    ups[0].wait_for("Application startup complete")
    assert httpx.get(f"{ups[0].url}/health", timeout=5).status_code == 200


def test_the_doctor_examines_every_engine(tmp_path: Path) -> None:
    done = subprocess.run(
        [TROUPE, "doctor", "--json"], cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False
    )
    rows = {(row["part"], row["name"]): row for row in json.loads(done.stdout)}
    assert done.returncode == 0, rows
    assert [rows[engine]["state"] for engine in (("speech", "espeak"), ("video", "portrait"), ("text", "echo"))] == [
        "OK"
    ] * 3
    assert all(row["remedy"] for row in rows.values() if row["needed"] and row["state"] != "OK")
    assert {("gateway", "keys"), ("gateway", "port 8000"), ("machine", "driver")} <= rows.keys()


def test_the_doctor_names_the_command_that_mends(tmp_path: Path) -> None:
    env = os.environ | {"PATH": str(tmp_path)}
    done = subprocess.run(
        [TROUPE, "doctor"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=90, check=False
    )
    flite = done.stdout[done.stdout.index("The program flite") :]
    assert "apt-get install" in flite.partition("do:")[2].splitlines()[0]
    assert "needed" in done.stdout.splitlines()[-1]
