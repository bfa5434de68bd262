from __future__ import annotations

from pathlib import Path

import pytest

from svc_video import doctor
from svc_video.doctor import examine
from svc_video.settings import Settings
from troupe.wire.doctor.findings import State
from troupe.wire.errors import EngineFailed


def settings_in(folder: Path) -> Settings:
    return Settings(portraits_url=str(folder), sadtalker_checkpoint=folder / "sadtalker", grpc_port=0, metrics_port=0)


def test_ready_engines_have_drawn_a_frame_and_a_missing_one_is_not_needed_beside_them(tmp_path: Path) -> None:
    rows = {row.name: row for row in examine(settings_in(tmp_path))}
    assert [(rows[name].state, rows[name].reason) for name in ("portrait", "still")] == [(State.OK, "a frame")] * 2
    assert rows["portrait"].seconds
    assert (rows["sadtalker"].state, rows["sadtalker"].failed) == (State.MISSING, False)
    assert rows["sadtalker"].remedy
    assert {"imports", "port any", f"disk {tmp_path}"} <= rows.keys()
    assert "memory" not in rows


def test_an_engine_that_draws_nothing_the_second_time_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise EngineFailed("It drew no frame.")

    monkeypatch.setattr(doctor, "first_frame", fail)  # the desk, which loaded it, has its own
    rows = {row.name: row for row in examine(settings_in(tmp_path), machine=True)}
    assert (rows["portrait"].state, rows["portrait"].failed) == (State.BROKEN, True)
    assert {"memory", "driver", "torch"} <= rows.keys()
