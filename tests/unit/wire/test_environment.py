from __future__ import annotations

import os
from pathlib import Path

import pytest

from troupe.wire.environment import read_env_file, refuse_unknown
from troupe.wire.errors import InvalidArgument


def test_the_env_file_fills_in_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TROUPE_TEXT_A=file\nTROUPE_TEXT_B=file\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", {"TROUPE_TEXT_A": "environment"})
    read_env_file()
    assert os.environ == {"TROUPE_TEXT_A": "environment", "TROUPE_TEXT_B": "file"}


def test_a_named_file_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROUPE_ENV_FILE", "/nowhere/.env")
    with pytest.raises(InvalidArgument, match="there is no such file"):
        read_env_file()


def test_a_slip_of_the_pen_names_the_right_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROUPE_TEXT_GRPC_PROT", "1")
    with pytest.raises(InvalidArgument, match='Did you mean "TROUPE_TEXT_GRPC_PORT"'):
        refuse_unknown("TROUPE_TEXT_", ["troupe_text_grpc_port"])


def test_other_prefixes_are_not_judged_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROUPE_OTHER", "1")
    refuse_unknown("TROUPE_TEXT_", [])
