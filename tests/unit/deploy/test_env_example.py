"""`.env.example` is what the settings classes say, whole, and a mesh starts with all of it uncommented."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.settings import known_names

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / ".env.example"
PROGRAM = ROOT / "tools/env_example.py"
SOURCES = ("protos/troupe/wire", "protos/troupe/weights", "gateway/src", "svc-text/src", "svc-tts/src", "svc-video/src")
NAME = re.compile(r'"((?:TROUPE|PROVIDER)_[A-Z0-9_]*[A-Z0-9])"')
NOT_WRITTEN = {
    "TROUPE_ENV_FILE",  # says where the `.env` is
    "DATABASE_URL",  # no part reads them yet
    "ARTIFACTS_URL",
    "TROUPE_VLLM_OF",  # svc-text sets it for its own children
}
PARTS = ("gateway", "svc_text", "svc_tts", "svc_video")


def settings() -> list[str]:
    return re.findall(r"^#([A-Z][A-Z0-9_]*)=", EXAMPLE.read_text(), re.MULTILINE)


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TROUPE_", "PROVIDER_"))}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=clean, capture_output=True, text=True, timeout=50, check=False
    )


def test_it_is_current() -> None:
    done = run(str(PROGRAM), "--check", cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_every_setting_stands_there_once_with_a_line_of_its_own() -> None:
    names = settings()
    assert sorted(set(names)) == sorted(names)
    lines = EXAMPLE.read_text().splitlines()
    told = [lines[at - 1] for at, line in enumerate(lines) if re.match(r"#[A-Z]", line)]
    assert [line for line in told if not re.match(r"# \S.{9,}", line)] == []


def test_what_the_sources_read_stands_there() -> None:
    files = [path for folder in SOURCES for path in (ROOT / folder).rglob("*.py")]
    named = {name for path in files for name in NAME.findall(path.read_text())} | known_names()
    assert named - set(settings()) - NOT_WRITTEN == set()


def test_what_the_compose_files_read_stands_there_with_the_same_default() -> None:
    files = [ROOT / "deploy/compose.yaml", *(ROOT / "deploy/hardware").glob("*.yaml")]
    read = {name: value for file in files for name, value in re.findall(r"\$\{(\w+):-(.*?)\}", file.read_text())}
    shown = dict(re.findall(r"^#([A-Z][A-Z0-9_]*)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))
    assert set(read) - set(shown) == {"UID", "GID"}  # the shell's own
    of_compose = {name for name in read if not name.startswith(("TROUPE_TEXT_", "PROVIDER_"))} - {"UID", "GID"}
    assert {name: read[name] for name in of_compose} == {name: shown[name] for name in of_compose}


def test_the_seeds_names_come_first() -> None:
    assert settings()[:3] == ["PROVIDER_TEXT", "PROVIDER_TTS", "PROVIDER_VIDEO"]
    assert settings().index("PROVIDER_SADTALKER_DEVICE") < settings().index("TROUPE_HOST")


@pytest.mark.parametrize("part", PARTS)
def test_all_of_it_uncommented_starts_each_part_with_its_defaults(part: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(re.sub(r"^#(?=[A-Z])", "", EXAMPLE.read_text(), flags=re.MULTILINE))
    load = "Settings.load(os.environ, Path())" if part == "gateway" else "Settings.load()"
    exclude = "{'workers', 'rungs', 'text_fallback', 'tts_fallback', 'video_fallback'}"
    program = f"import os; from pathlib import Path; from {part}.settings import Settings; "
    shown = f"print({load}.model_dump(exclude={exclude}))"
    (bare := tmp_path / "bare").mkdir()
    of_example, of_nothing = (run("-c", program + shown, cwd=folder) for folder in (tmp_path, bare))
    assert of_example.returncode == 0, of_example.stderr
    assert of_example.stdout == of_nothing.stdout


def test_a_slip_in_it_is_noticed(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TROUPE_VERSIONS=0.2.0\n")
    done = run("-c", "import os; from pathlib import Path; from gateway.settings import Settings; "
               "Settings.load(os.environ, Path())", cwd=tmp_path)  # fmt: skip
    assert "TROUPE_VERSION" in done.stderr
