"""The rows of driver, cards and PyTorch: a driver made of C, and a PyTorch that is a program's output."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from tests.fakes.nvml_driver import build

from troupe.wire.doctor import cards
from troupe.wire.doctor.cards import compiler, covers, examine_cards, torch_version, untried
from troupe.wire.doctor.findings import Finding, State
from troupe.wire.nvml import Nvml

WHEEL = ["sm_80", "sm_90", "sm_100", "sm_120"]
ABSENT = "libnothing-of-that-name.so"
CPU = {"version": "2.13.0+cpu", "cuda": "", "arches": [], "products": [{"device": "cpu", "seconds": 0.1, "error": ""}]}


def told(cards: int = 1, error: str = "", cuda: str = "13.0", arches: list[str] = WHEEL) -> dict[str, object]:
    products = [{"device": f"cuda:{card}", "seconds": 0.001, "error": error} for card in range(cards)]
    return {
        "version": "2.13.0",
        "cuda": cuda,
        "arches": arches,
        "products": products or [{"device": "cpu", "seconds": 0.1, "error": ""}],
    }


def python(folder: Path, says: str, status: int = 0) -> str:
    """A Python whose `-m troupe.wire.doctor.kernel` says that."""
    program = folder / "python"
    stream = "stdout" if status == 0 else "stderr"
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.{stream}.write({says!r})\nsys.exit({status})\n")
    program.chmod(0o755)
    return str(program)


def examined(folder: Path, library: str, says: object) -> dict[str, Finding]:
    found = examine_cards(Nvml(library), python(folder, json.dumps(says)))
    assert {finding.part for finding in found} == {"machine"}
    return {finding.name: finding for finding in found}


@pytest.mark.parametrize(
    ("arches", "capability", "runs"),
    [
        ("sm_80", (8, 0), True),
        ("sm_80", (8, 9), True),  # the same major, later
        ("sm_86", (8, 0), False),  # newer than the card
        ("sm_80", (9, 0), False),
        ("sm_90a", (9, 0), True),
        ("sm_120", (12, 1), True),  # a Spark
        ("sm_120a", (12, 1), False),
        ("sm_120f", (12, 1), True),
        ("sm_100f", (12, 1), False),
        ("compute_90", (12, 1), True),  # compiled by the driver
        ("compute_90a", (12, 1), False),
        ("compute_120", (9, 0), False),
        ("gfx942", (9, 4), False),
        ("", (8, 0), False),
    ],
)
def test_which_code_runs_on_which_card(arches: str, capability: tuple[int, int], runs: bool) -> None:
    assert covers(arches.split(), capability) is runs


def test_without_driver_and_torch_nothing_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "torch_version", lambda: "")
    rows = {finding.name: finding for finding in examine_cards(Nvml(ABSENT))}
    assert [(name, row.state, row.failed) for name, row in rows.items()] == [
        ("driver", State.MISSING, False),
        ("torch", State.MISSING, False),
    ]
    assert rows["torch"].remedy == "make torch"


def test_torch_without_a_card_is_named_and_not_imported() -> None:
    assert untried("2.13.0+cpu").reason == "2.13.0+cpu; no card to try it on"
    assert bool(torch_version()) is (importlib.util.find_spec("torch") is not None)


def test_a_card_and_no_torch(tmp_path: Path) -> None:
    assert examined(tmp_path, build(tmp_path, cards=1), {})["torch"].remedy == "make torch"


def test_cards_that_multiply(tmp_path: Path) -> None:
    rows = examined(tmp_path, build(tmp_path), told(cards=3))
    assert rows["driver"].reason == "580.95.05, CUDA 13.0"
    assert rows["card 0"].reason == "NVIDIA A100-SXM4-80GB, sm_80, 79.0 of 80.0 GiB free"
    assert rows["card 1"].reason == "NVIDIA GB10, sm_121, its memory is the machine's"
    assert rows["torch"].reason == "2.13.0, CUDA 13.0, code for sm_80 sm_90 sm_100 sm_120"
    assert (rows["kernel cuda:2"].state, rows["kernel cuda:2"].seconds) == (State.OK, 0.001)
    assert all(row.ok for row in rows.values())


def test_a_torch_without_code_for_a_card_is_broken(tmp_path: Path) -> None:
    rows = examined(tmp_path, build(tmp_path), told(cards=3, arches=["sm_80", "sm_90"]))
    assert rows["torch"].failed
    assert "no code for sm_121 (NVIDIA GB10)" in rows["torch"].reason


def test_a_kernel_that_fails_is_told_with_what_cuda_says(tmp_path: Path) -> None:
    rows = examined(tmp_path, build(tmp_path, cards=1), told(error="CUDA error: out of memory"))
    assert rows["torch"].ok
    assert rows["kernel cuda:0"].failed
    assert rows["kernel cuda:0"].reason == "CUDA error: out of memory"


def test_a_driver_older_than_torchs_cuda(tmp_path: Path) -> None:
    rows = examined(tmp_path, build(tmp_path, cards=1), told(cards=0, cuda="14.1"))
    assert "the driver runs CUDA 13.0 at most" in rows["torch"].reason
    assert rows["torch"].failed


def test_a_torch_without_cuda_beside_a_card_may_be_meant(tmp_path: Path) -> None:
    rows = examined(tmp_path, build(tmp_path, cards=1), CPU)
    assert (rows["torch"].state, rows["torch"].failed) == (State.BROKEN, False)
    assert rows["kernel cpu"].ok


def test_a_card_that_cuda_does_not_find(tmp_path: Path) -> None:
    rows = examined(tmp_path, build(tmp_path, cards=1), told(cards=0))
    assert rows["torch"].failed
    assert "CUDA_VISIBLE_DEVICES" in rows["torch"].remedy


def test_a_driver_that_does_not_start_or_shows_no_card(tmp_path: Path) -> None:
    assert "returned 18" in examined(tmp_path, build(tmp_path, init=18), {})["driver"].reason
    folder = tmp_path / "another"
    folder.mkdir()
    empty = examined(folder, build(folder, cards=0), {})["driver"]
    assert (empty.state, empty.failed) == (State.MISSING, False)


def test_a_torch_that_takes_its_process_along(tmp_path: Path) -> None:
    program = python(tmp_path, "Traceback\nImportError: libcudart.so.13: cannot open", status=1)
    row = examine_cards(Nvml(build(tmp_path, cards=1)), program)[-1]
    assert row.failed
    assert row.reason == "PyTorch ended its process: ImportError: libcudart.so.13: cannot open"


def test_a_machine_with_a_card_tells_what_triton_compiles_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "C compiler" in examined(tmp_path, build(tmp_path, cards=1), told())
    (tmp_path / "Python.h").touch()
    monkeypatch.setenv("CC", "/usr/bin/cc")
    assert compiler(tmp_path) == Finding("machine", "C compiler", State.OK, "/usr/bin/cc")
    assert compiler(tmp_path / "nowhere").reason.startswith("no headers of Python: without it vllm starts on no card")
    monkeypatch.delenv("CC")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (compiler(tmp_path).state, compiler(tmp_path).failed) == (State.MISSING, False)
