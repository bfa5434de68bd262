from __future__ import annotations

import os
from pathlib import Path

import pytest

from troupe.weights import processors
from troupe.weights.processors import cores


def test_a_containers_share_of_processors_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "cpu.max"
    monkeypatch.setattr(processors, "_CPU_MAX", told)
    assert cores() == len(os.sched_getaffinity(0))
    told.write_text("max 100000\n")
    assert cores() == len(os.sched_getaffinity(0))
    told.write_text("100000 100000\n")
    assert cores() == 1
