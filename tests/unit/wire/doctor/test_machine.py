from __future__ import annotations

import os
import resource
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from troupe.weights.memory import UNBOUNDED
from troupe.wire.doctor.findings import State
from troupe.wire.doctor.machine import (
    ENOUGH_FOR_A_GATEWAY,
    GIB,
    disk,
    examine_machine,
    imports,
    memory,
    open_files,
    shared_memory,
)


def room(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=size, free=size))


def test_this_machine_is_looked_at() -> None:
    assert [finding.name for finding in examine_machine()] == ["memory", "/dev/shm", "open files"]


def test_too_little_memory_is_a_failure() -> None:
    assert memory(3 * GIB).reason == "3.0 GiB free"
    assert memory(UNBOUNDED).ok
    short = memory(GIB // 2)
    assert short.failed
    assert short.reason == "0.5 GiB free, and 1.0 GiB are needed"
    assert memory(GIB // 2, ENOUGH_FOR_A_GATEWAY).ok


def test_dockers_own_shared_memory_is_told_and_needed_by_nobody_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    room(monkeypatch, 64 << 20)
    small = shared_memory(tmp_path)
    assert (small.state, small.failed) == (State.MISSING, False)
    assert "shm_size" in small.remedy
    room(monkeypatch, 8 * GIB)
    assert shared_memory(tmp_path).ok
    assert shared_memory(tmp_path / "none").state is State.MISSING


def test_few_open_files_have_the_command_that_allows_more() -> None:
    assert open_files(20_000, 20_000).ok
    assert open_files(resource.RLIM_INFINITY, resource.RLIM_INFINITY).reason == "no limit"
    assert open_files(1024, resource.RLIM_INFINITY).remedy == "ulimit -n 4096"
    assert open_files(1024, 2048).remedy == "ulimit -n 2048"


def test_packages_that_load_and_one_that_does_not() -> None:
    assert imports("text", ("json", "os.path")).reason.endswith(": json, os.path")
    gone = imports("text", ("json", "no_such_package"))
    assert gone.failed
    assert "no_such_package cannot be imported" in gone.reason
    assert "make setup" in gone.remedy


def test_room_is_looked_for_where_the_folder_will_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    room(monkeypatch, 5 * GIB)
    assert disk("video", tmp_path / "not" / "yet", written=True).reason == "5.0 GiB free"
    room(monkeypatch, GIB)
    read, written = (disk("video", tmp_path, written=written) for written in (False, True))
    assert (read.state, read.failed, written.failed) == (State.MISSING, False, True)
    assert f"disk of {tmp_path}" in written.remedy


def test_a_folder_that_may_not_be_written_is_broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    finding = disk("speech", tmp_path, written=True)
    assert finding.failed
    assert finding.remedy == f"chown -R {os.geteuid()} {tmp_path}"
    later = tmp_path / "not" / "yet"
    assert disk("speech", later, written=True).remedy == f"mkdir -p {later} && chown -R {os.geteuid()} {later}"
    assert disk("speech", tmp_path, written=False).ok
