from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from troupe.wire.doctor import ports
from troupe.wire.doctor.findings import State
from troupe.wire.doctor.ports import examine_port
from troupe.wire.ports import UNSEEN

LISTEN = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"


def test_a_free_port_and_any() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        number = held.getsockname()[1]
    assert examine_port("text", "TROUPE_TEXT_GRPC_PORT", "127.0.0.1", number).reason == "free (TROUPE_TEXT_GRPC_PORT)"
    assert examine_port("text", "TROUPE_TEXT_GRPC_PORT", "127.0.0.1", 0).name == "port any"


def test_another_programs_port_is_named_with_who_holds_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        finding = examine_port("text", "TROUPE_TEXT_GRPC_PORT", "127.0.0.1", held.getsockname()[1])
    assert finding.failed
    assert finding.reason.startswith("taken by ")
    assert finding.remedy == "Stop that process, or set TROUPE_TEXT_GRPC_PORT to another port."


def test_a_part_of_ours_may_hold_it(tmp_path: Path) -> None:
    (tmp_path / "svc_text.py").write_text(LISTEN)  # its command line says what the service's says
    command = [sys.executable, "-m", "svc_text"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        finding = examine_port("text", "TROUPE_TEXT_GRPC_PORT", "127.0.0.1", int(process.stdout.readline()))
        process.communicate("\n", timeout=20)
    assert finding.state is State.OK
    assert "it runs already: process" in finding.reason


def test_one_that_this_user_may_not_see_may_be_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "holder", lambda _: UNSEEN)
    with socket.create_server(("127.0.0.1", 0)) as held:
        finding = examine_port("text", "TROUPE_TEXT_GRPC_PORT", "127.0.0.1", held.getsockname()[1])
    assert (finding.state, finding.failed) == (State.MISSING, False)


def test_an_address_of_another_machine_is_no_taken_port() -> None:
    finding = examine_port("text", "TROUPE_TEXT_GRPC_PORT", "192.0.2.1", 50051)
    assert finding.failed
    assert finding.remedy == "Correct TROUPE_TEXT_GRPC_PORT."
    assert "192.0.2.1:50051" in finding.reason
