from __future__ import annotations

from pathlib import Path

import pytest

from svc_tts.doctor import examine, examine_engines
from svc_tts.engine import EdgePlace, EngineContext
from svc_tts.settings import Settings
from troupe.wire.doctor.findings import State


async def test_ready_engines_have_said_a_word() -> None:
    rows = await examine_engines(("tone", "espeak"))
    assert [(row.name, row.state, row.reason) for row in rows] == [
        ("tone", State.OK, "a word"),
        ("espeak", State.OK, "a word"),
    ]
    assert all(row.seconds for row in rows)


async def test_a_missing_engine_has_the_command_that_mends_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (row,) = await examine_engines(("flite",))
    assert row.state is State.MISSING
    assert row.reason == "The program flite is not installed"
    assert row.remedy == "sudo apt-get install -y flite"
    assert row.failed  # nobody else was chosen


async def test_an_unknown_engine_is_a_row_too() -> None:
    (row,) = await examine_engines(("flight",))
    assert row.state is State.BROKEN
    assert 'Did you mean "flite"' in row.reason


async def test_a_cloud_that_cannot_be_reached_is_no_failure_of_this_machine() -> None:
    context = EngineContext(4, 2.0, edge=EdgePlace(endpoint="ws://127.0.0.1:1/nobody"))
    _, edge = await examine_engines(("espeak", "edge"), context)
    assert (edge.state, edge.failed) == (State.BROKEN, False)
    assert "Cannot connect to Microsoft" in edge.reason


async def test_what_stands_around_the_engines_is_looked_at(tmp_path: Path) -> None:
    settings = Settings(engines="tone", voices_url=str(tmp_path), cache_mb=0, grpc_port=0, http_port=0, metrics_port=0)
    rows = {row.name: row for row in await examine(settings)}
    assert {"imports", "port any", f"disk {tmp_path}", "disk models/xtts", "tone"} <= rows.keys()
    assert "memory" not in rows
    assert {"memory", "driver", "torch"} <= {row.name for row in await examine(settings, machine=True)}
