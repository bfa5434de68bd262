from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from gateway.cli import mesh as mesh_module
from gateway.cli.mesh import PARTS, Mesh, Part, free_ports, interpreter

SLEEPER = """
import signal, sys, time
def drain(*_):
    print("drained", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, drain)
print("up", flush=True)
time.sleep(60)
"""
QUITTER = "print('the port is taken', flush=True); raise SystemExit(3)"


@pytest.fixture
def modules(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    (tmp_path / "quitter.py").write_text(QUITTER)
    return {"PYTHONPATH": str(tmp_path)}


class Log(io.StringIO):
    """What the mesh prints; `seen` counts words in it."""

    def seen(self, words: str) -> int:
        return self.getvalue().count(words)


def children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def test_it_runs_until_told_drains_and_leaves_no_process(modules: dict[str, str]) -> None:
    log, before = Log(), children()
    mesh = Mesh(modules, log, [Part("a", "sleeper", ()), Part("b", "sleeper", ())])
    assert mesh.run(until=lambda: log.seen("| up") == 2) == 0
    assert log.seen("| drained") == 2
    assert set(children()) <= set(before)


def test_a_part_that_dies_is_started_again(modules: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mesh_module, "TOO_SOON_S", 0.0)
    log = Log()
    mesh = Mesh(modules, log, [Part("a", "sleeper", ())])
    killed = threading.Event()

    def until() -> bool:
        if log.seen("| up") == 1 and not killed.is_set():
            killed.set()
            os.kill(mesh._processes["a"]["pid"], signal.SIGKILL)
        return log.seen("| up") == 2

    assert mesh.run(until) == 0
    assert log.seen("a ended (status -9); starting it again") == 1


def test_a_part_that_cannot_start_ends_the_mesh_with_its_status(modules: dict[str, str]) -> None:
    log = Log()
    mesh = Mesh(modules, log, [Part("a", "sleeper", ()), Part("b", "quitter", ())])
    assert mesh.run() == 3
    assert log.seen("the port is taken") == 1
    assert log.seen("b could not start (status 3)") == 1


def test_a_signal_drains_it(modules: dict[str, str]) -> None:
    log = Log()
    mesh = Mesh(modules, log, [Part("a", "sleeper", ())])
    handler = signal.getsignal(signal.SIGTERM)

    def stop_when_up() -> None:
        while not log.seen("| up"):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop_when_up, daemon=True).start()
    assert mesh.run() == 143
    assert log.seen("| drained") == 1
    assert signal.getsignal(signal.SIGTERM) is handler


def test_a_hangup_makes_the_last_part_read_its_settings_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hearing = 'signal.signal(signal.SIGHUP, lambda *_: print("read again", flush=True))\n'
    (tmp_path / "hearing.py").write_text(SLEEPER.replace('print("up"', f'{hearing}print("up"'))
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    log = Log()
    mesh = Mesh({"PYTHONPATH": str(tmp_path)}, log, [Part("a", "sleeper", ()), Part("b", "hearing", ())])
    told = threading.Event()

    def until() -> bool:
        if log.seen("| up") == 2 and not told.is_set():
            told.set()
            os.kill(os.getpid(), signal.SIGHUP)
        return log.seen("read again") == 1

    assert mesh.run(until) == 0
    assert log.seen("SIGHUP") == 0


def test_what_does_not_drain_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deaf.py").write_text(SLEEPER.replace("sys.exit(0)", "pass"))
    monkeypatch.setattr(mesh_module, "DRAIN_S", 0.3)
    log = Log()
    mesh = Mesh({"PYTHONPATH": str(tmp_path)}, log, [Part("a", "deaf", ())])
    assert mesh.run(until=lambda: bool(log.seen("| up"))) == 0
    assert log.seen("killing what is left") >= 1


def test_free_ports_are_all_different_and_targets_point_at_them() -> None:
    settings = free_ports()
    ports = [value for name, value in settings.items() if not name.endswith("_TARGET")]
    assert len(set(ports)) == len(ports) == sum(len(part.ports) for part in PARTS)
    assert settings["TROUPE_SPEECH_TARGET"] == f"127.0.0.1:{settings['TROUPE_SPEECH_GRPC_PORT']}"


def test_a_part_may_have_an_environment_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text, gateway = PARTS[0], PARTS[-1]
    assert interpreter(text, {}) == interpreter(gateway, {"TROUPE_TEXT_PYTHON": "other"}) == sys.executable
    (tmp_path / ".env").write_text("TROUPE_TEXT_PYTHON=var/vllm/bin/python\n")
    assert interpreter(text, {}) == "var/vllm/bin/python"
    assert interpreter(text, {"TROUPE_TEXT_PYTHON": "other"}) == "other"
