"""A value that cannot be right is told by the name that somebody wrote, in one sentence, by every service."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from troupe.wire.errors import InvalidArgument
from troupe.wire.settings import PartSettings, of_environment


class Settings(PartSettings, BaseSettings):
    model_config = SettingsConfigDict(env_prefix="TROUPE_TEST_", env_ignore_empty=True)

    port: int = 1
    share: float = Field(0.5, validation_alias=AliasChoices("PROVIDER_TEST_SHARE"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("TROUPE_TEST_PORT", "abc"), ("PROVIDER_TEST_SHARE", "half"), ("TROUPE_LOG_FORMAT", "yaml")],
)
def test_a_wrong_value_is_told_by_the_name_it_was_given(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidArgument, match=f"^{name}='{value}': Input should be ") as told:
        of_environment(Settings, "TROUPE_TEST_")
    assert told.value.details["setting"] == name


@pytest.mark.parametrize("part", ["svc_text", "svc_tts", "svc_video"])
def test_a_service_says_so_and_ends(tmp_path: Path, part: str) -> None:
    environ = {**os.environ, "TROUPE_LOG_FORMAT": "yaml"}
    done = subprocess.run(
        [sys.executable, "-m", part, "doctor"], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert done.stderr == f"{part.replace('_', '-')}: TROUPE_LOG_FORMAT='yaml': Input should be 'text' or 'json'.\n"


@pytest.mark.parametrize("part", ["svc_text", "svc_tts", "svc_video"])
def test_an_empty_one_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, part: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TROUPE_LOG_FORMAT", "")
    assert import_module(f"{part}.settings").Settings.load().log_format == "text"
