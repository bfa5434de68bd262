"""What every test may ask for: real service processes on free ports, ended by id when the test is over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from troupe.wire.serving import parse_announcement

for shared in ("answers", "choosing", "forms", "messages"):  # their asserts tell what they saw, as those of tests do
    pytest.register_assert_rewrite(f"tests.behaviours.{shared}")

START_S = 30.0
STOP_S = 15.0

SERVICES = {"svc_text": "text", "svc_tts": "speech", "svc_video": "video", "gateway": "gateway"}
PORTS = {
    "svc_text": ("TROUPE_TEXT_GRPC_PORT", "TROUPE_TEXT_METRICS_PORT"),
    "svc_tts": ("TROUPE_SPEECH_GRPC_PORT", "TROUPE_SPEECH_HTTP_PORT", "TROUPE_SPEECH_METRICS_PORT"),
    "svc_video": ("TROUPE_VIDEO_GRPC_PORT", "TROUPE_VIDEO_METRICS_PORT"),
    "gateway": ("TROUPE_PORT", "TROUPE_GRPC_PORT"),
}

NOTHING_KEPT = {"svc_tts": {"TROUPE_SPEECH_CACHE_MB": "0"}}
"""An engine is tested by what it says now, not by what it said before."""


@dataclass
class Process:
    """A running service: its addresses by kind (grpc, http, metrics) and the lines it has logged."""

    popen: subprocess.Popen[str]
    service: str = ""  # as it announces itself, since a child of its own may do so in the same log; empty = whoever
    addresses: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    listening: threading.Event = field(default_factory=threading.Event)
    reader: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.popen.stdout is not None
        with self.popen.stdout as lines:
            for line in lines:
                self.lines.append(line)
                addresses = parse_announcement(line)
                if addresses is not None and self.service in {"", addresses["service"]}:
                    self.addresses.update(addresses)
                    self.listening.set()
        self.listening.set()

    @property
    def grpc(self) -> str:
        return self.addresses["grpc"]

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def signal(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def stop(self) -> int:
        """Drain it; kill it if it does not go. Gives the exit status."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGCONT)
            self.popen.terminate()
        try:
            return self.popen.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait(STOP_S)
            raise
        finally:
            self.reader.join(STOP_S)


Start = Callable[..., Process]


def start_process(module: str, folder: Path, before: Sequence[str] = (), **env: str) -> Process:
    """`python -m module` with all its ports free ones; returns when it says where it listens.

    `before`: words of a command that runs it, such as `nice`.
    """
    # Known settings of the developer's shell must not leak into what is tested.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TROUPE_", "PROVIDER_"))}
    ports = dict.fromkeys(PORTS.get(module, ()), "0")
    folders = {"VOICES_URL": str(folder / "voices"), "PORTRAITS_URL": str(folder / "portraits")}
    popen = subprocess.Popen(
        [*before, sys.executable, "-m", module],
        cwd=folder,
        env=kept | ports | folders | NOTHING_KEPT.get(module, {}) | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    process = Process(popen, SERVICES.get(module, ""))
    started = time.monotonic()
    process.listening.wait(START_S)
    if not process.addresses:
        popen.kill()
        popen.wait()
        process.reader.join(STOP_S)
        pytest.fail(f"{module} did not listen after {time.monotonic() - started:.1f} s:\n{process.log}")
    return process


@pytest.fixture
def start_service(tmp_path: Path) -> Iterator[Start]:
    """`start_service("svc_text", TROUPE_TEXT_ENGINES="echo")` -> a `Process`; ended with the test."""
    started: list[Process] = []

    def start(module: str, **env: str) -> Process:
        process = start_process(module, tmp_path, **env)
        started.append(process)
        return process

    yield start
    for process in reversed(started):
        process.stop()


@pytest.fixture(scope="module")
def start_service_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """As `start_service`, for processes that all tests of a module share."""
    started: list[Process] = []

    def start(module: str, **env: str) -> Process:
        process = start_process(module, tmp_path_factory.mktemp(module), **env)
        started.append(process)
        return process

    yield start
    for process in reversed(started):
        process.stop()
