"""How the gateway asks the services' doctors, with programs in place of their Pythons."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from gateway.cli import doctor
from gateway.cli.doctor import examine
from gateway.cli.mesh import Part
from troupe.wire.doctor.findings import Finding, State, to_json
from troupe.wire.doctor.machine import GIB

OWN = [Finding("machine", "memory", State.OK, "9 GiB free")]
SMALL = [Finding("machine", "memory", State.OK, "enough for a gateway")]
CARDS = [Finding("machine", "driver", State.OK, "580.95.05")]


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "examine_gateway", lambda _: [])
    monkeypatch.setattr(doctor, "examine_machine", lambda enough: OWN if enough == GIB else SMALL)
    monkeypatch.setattr(doctor, "examine_cards", lambda: CARDS)


def part(monkeypatch: pytest.MonkeyPatch, module: str = "svc_text") -> None:
    monkeypatch.setattr(doctor, "SERVICES", (Part("text", module, (), "TROUPE_TEXT_TARGET", "TROUPE_TEXT_PYTHON"),))


def python(folder: Path, says: str, wrong: str = "") -> str:
    program = folder / "python"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nopen({str(folder / 'words')!r}, 'w').write(' '.join(sys.argv[1:]))\n"
        f"sys.stdout.write({says!r})\nsys.stderr.write({wrong!r})\n"
    )
    program.chmod(0o755)
    return str(program)


def test_another_python_tells_all_and_what_is_known_already_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part(monkeypatch)
    vllm = Finding("text", "vllm", State.OK, "a token", seconds=0.02)
    torch = Finding("machine", "torch", State.OK, "2.13.0")
    found = examine({"TROUPE_TEXT_PYTHON": python(tmp_path, to_json([*OWN, torch, vllm]))})
    assert found == [*OWN, *CARDS, torch, vllm]
    assert (tmp_path / "words").read_text() == "-m svc_text doctor --json"


def test_one_that_breaks_says_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part(monkeypatch)
    found = examine({"TROUPE_TEXT_PYTHON": python(tmp_path, "", "Traceback\nsvc-text: TROUPE_TEXT_PROT is unknown")})
    assert [(row.reason, row.failed) for row in found[2:]] == [("svc-text: TROUPE_TEXT_PROT is unknown", True)]


def test_a_python_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    part(monkeypatch)
    (row,) = examine({"TROUPE_TEXT_PYTHON": "/nowhere/python"})[2:]
    assert (row.failed, row.reason) == (True, "/nowhere/python does not start: No such file or directory")


def test_a_part_that_is_installed_elsewhere_examines_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    part(monkeypatch, "svc_nowhere")
    machine, row = examine({})
    assert [machine] == SMALL  # no card is looked for either: a gateway uses none
    assert (row.state, row.failed) == (State.MISSING, False)
    assert row.remedy == "python -m svc_nowhere doctor, where it runs"


def test_one_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part(monkeypatch)
    program = Path(python(tmp_path, ""))
    pid, child = tmp_path / "pid", "import time; time.sleep(60)"
    program.write_text(
        f"#!{sys.executable}\nimport subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        f"open({str(pid)!r}, 'w').write(str(child.pid))\nchild.wait()\n"
    )
    monkeypatch.setattr(doctor, "EXAMINATION_S", 3.0)
    (row,) = examine({"TROUPE_TEXT_PYTHON": str(program)})[2:]
    assert "took longer than" in row.reason
    assert not runs(int(pid.read_text()))  # nor does what it started, as vLLM's own processes


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
