"""docs/MIGRATING.md is true: its `.env` blocks start every part, and its `run` blocks are run against a whole mesh."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.conftest import Mesh, start_mesh

PAGE = (Path(__file__).parents[2] / "docs/MIGRATING.md").read_text(encoding="utf-8")
ENVS = re.findall(r"^```env\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
RUNS = re.findall(r"^```bash run\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
LOAD = {
    "gateway": "from gateway.settings import Settings; from gateway.plan import plan_chains; import os;"
    "from pathlib import Path; plan_chains(Settings.load(os.environ, Path()))",
    "svc_text": "from svc_text.settings import Settings; Settings.load()",
    "svc_tts": "from svc_tts.settings import Settings; Settings.load()",
    "svc_video": "from svc_video.settings import Settings; Settings.load()",
}
MP3 = (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")


@pytest.fixture(scope="module")
def mesh(start_service_once) -> Mesh:
    return start_mesh(start_service_once)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The blocks follow each other in one folder, as a reader's do."""
    return tmp_path_factory.mktemp("reader")


@pytest.mark.parametrize("env", ENVS)
@pytest.mark.parametrize("part", LOAD)
def test_every_env_is_one_that_each_part_reads(part: str, env: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(env)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TROUPE_", "PROVIDER_"))}
    command = [sys.executable, "-c", LOAD[part]]
    done = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", RUNS)
def test_what_it_says_to_run_works(block: str, mesh: Mesh, folder: Path) -> None:
    gateway, speech = mesh.gateway.addresses["http"], mesh.speech.addresses["http"]
    here = block.replace("localhost:8000", gateway).replace("localhost:5050", speech)
    here = here.replace("curl -s ", "curl -sS --fail-with-body ")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", here], cwd=folder, capture_output=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name in re.findall(r"--output (\S+)", block):
        assert (folder / name).read_bytes().startswith(MP3), name


def test_the_health_it_shows_is_what_is_told(mesh: Mesh) -> None:
    shown = json.loads(re.search(r'`(\{"status":"healthy".*?\})`', PAGE)[1])
    told = subprocess.run(
        ["curl", "-sS", f"http://{mesh.speech.addresses['http']}/health"], capture_output=True, timeout=50, check=True
    )
    assert json.loads(told.stdout) | {"backend": shown["backend"]} == shown


SECTIONS = (
    *("What became of its backend", "Provider comparison", "Keep using MiniMax", "Switch to self-hosted"),
    *("The TTS service", "vLLM", "SadTalker", "GPU requirements", "Fallback chains", "Docker Compose", "Endpoints"),
    *("Testing and verification", "Troubleshooting", "ARM64 and DGX Spark", "What the guide hoped for"),
)
"""The guide's own, in its order."""


def test_the_guides_sections_are_all_there() -> None:
    assert tuple(re.findall(r"^## (.+)$", PAGE, re.MULTILINE)) == SECTIONS
