from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values

from gateway.described import DESCRIPTIONS
from gateway.environment import SEED_NAMES
from gateway.settings import Settings

ROOT = Path(__file__).parents[3]
FILE = ROOT / ".env.example"
OF_COMPOSE = {"HARDWARE", "TROUPE_ENV_FILE"}


def commented() -> list[str]:
    """The lines that hold a setting."""
    lines = FILE.read_text().splitlines()
    return [line for line in lines if line.startswith("#") and "=" in line.split()[0]]


def settings() -> dict[str, str]:
    """Every setting of the file, as if each # before one had been taken off."""
    text = "\n".join(line.removeprefix("#") for line in commented())
    return {name: value or "" for name, value in dotenv_values(stream=io.StringIO(text)).items()}


def test_the_file_is_what_the_settings_say() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "tools/env_example.py"), "--check"], check=False)
    assert done.returncode == 0, "Run: .venv/bin/python tools/env_example.py"


def test_every_setting_of_the_gateway_is_described() -> None:
    assert set(DESCRIPTIONS) == {field.alias for field in Settings.model_fields.values() if field.alias}


def test_the_seeds_names_are_all_there() -> None:
    assert set(settings()) >= SEED_NAMES | {"VOICES_URL", "PORTRAITS_URL", "MINIMAX_API_KEY"}


def test_every_line_says_what_it_is_for() -> None:
    assert [line for line in commented() if len(line.partition(" # ")[2]) < 8] == []


def test_the_gateway_takes_the_defaults_as_they_are_written() -> None:
    told = {name: value for name, value in settings().items() if name not in OF_COMPOSE}
    loaded = Settings.load(told)
    plain = Settings.load({})
    for name in Settings.model_fields:
        if name not in {"rungs", "text_fallback", "tts_fallback", "video_fallback"}:  # an empty one is a setting
            assert getattr(loaded, name) == getattr(plain, name), name


@pytest.mark.parametrize("part", ["svc_text", "svc_tts", "svc_video"])
def test_the_services_take_them_too(part: str, tmp_path: Path) -> None:
    told = {name: value for name, value in settings().items() if value and name not in OF_COMPOSE}
    script = f"from {part}.settings import Settings; Settings.load()"
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("TROUPE_", "PROVIDER_"))}
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path, env=environ | told)
