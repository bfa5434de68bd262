from __future__ import annotations

from pathlib import Path

import pytest

from svc_tts.doctor import examine
from svc_tts.engine import EdgePlace, EngineContext


async def test_ready_engines_have_said_a_word() -> None:
    assert await examine(("tone", "espeak")) == [
        {"engine": "tone", "ready": True, "reason": "", "remedy": ""},
        {"engine": "espeak", "ready": True, "reason": "", "remedy": ""},
    ]


async def test_a_missing_engine_has_the_command_that_mends_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (row,) = await examine(("flite",))
    assert not row["ready"]
    assert row["reason"] == "The program flite is not installed"
    assert row["remedy"] == "sudo apt-get install -y flite"


async def test_an_unknown_engine_is_a_row_too() -> None:
    (row,) = await examine(("flight",))
    assert not row["ready"]
    assert 'Did you mean "flite"' in row["reason"]


async def test_the_doctor_looks_where_the_settings_say() -> None:
    context = EngineContext(4, 2.0, edge=EdgePlace(endpoint="ws://127.0.0.1:1/nobody"))
    (row,) = await examine(("edge",), context)
    assert not row["ready"]
    assert "Cannot connect to Microsoft" in row["reason"]
