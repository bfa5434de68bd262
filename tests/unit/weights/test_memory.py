"""What is free is asked of the machine and of the container."""

from __future__ import annotations

from pathlib import Path

import pytest

from troupe.weights import memory

MEBIBYTE, GIBIBYTE = 1 << 20, 1 << 30


def test_a_container_has_what_its_bound_leaves(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "memory.max").write_text(f"{1000 * MEBIBYTE}\n")
    (tmp_path / "memory.current").write_text(f"{700 * MEBIBYTE}\n")
    (tmp_path / "memory.stat").write_text(f"active_file 5\ninactive_file {200 * MEBIBYTE}\n")
    monkeypatch.setattr(memory, "CGROUPS", ((tmp_path, "memory.max", "memory.current", "inactive_file"),))
    assert memory.available() == 500 * MEBIBYTE  # what the page cache holds gives way
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.available() > 500 * MEBIBYTE


def test_this_machine_has_some() -> None:
    assert 10 * MEBIBYTE < memory.available() < memory.UNBOUNDED


def test_a_container_is_bounded_by_its_own_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "memory.max").write_text(f"{3 * GIBIBYTE}\n")
    (tmp_path / "memory.current").write_text(f"{2 * GIBIBYTE}\n")
    (tmp_path / "memory.stat").write_text(f"anon 7\ninactive_file {GIBIBYTE // 2}\n")
    monkeypatch.setattr(memory, "CGROUPS", ((tmp_path, "memory.max", "memory.current", "inactive_file"),))
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "none")
    assert memory.available() == 3 * GIBIBYTE // 2
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.available() == memory.UNBOUNDED
