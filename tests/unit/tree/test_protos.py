"""The committed stubs are what protoc makes of the protos today, and a breaking change is noticed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROTOS = ROOT / "protos"
BUF = str(Path(sys.executable).with_name("buf"))


def generate(source: Path, out: Path) -> None:
    files = [str(path.relative_to(source)) for path in sorted((source / "troupe/v1").glob("*.proto"))]
    flags = [f"--{kind}_out={out}" for kind in ("python", "pyi", "grpc_python")]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", "-I.", *flags, *files], cwd=source, check=True)


def test_stubs_are_up_to_date(tmp_path: Path) -> None:
    generate(PROTOS, tmp_path)
    made = sorted((tmp_path / "troupe/v1").iterdir())
    assert len(made) == 15
    stale = [path.name for path in made if path.read_bytes() != (PROTOS / "troupe/v1" / path.name).read_bytes()]
    assert stale == [], "run: make protos"


def breaking(folder: Path) -> subprocess.CompletedProcess[str]:
    baseline = str(PROTOS / "baseline.binpb")
    command = [BUF, "breaking", str(folder), "--against", baseline]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_nothing_breaks_the_baseline() -> None:
    assert breaking(PROTOS).returncode == 0


def test_a_planted_change_of_type_is_noticed(tmp_path: Path) -> None:
    shutil.copytree(PROTOS, tmp_path / "protos", ignore=shutil.ignore_patterns("*.py", "*.pyi", "*.egg-info"))
    proto = tmp_path / "protos/troupe/v1/media.proto"
    text = proto.read_text()
    assert "bytes data = 3;" in text
    proto.write_text(text.replace("bytes data = 3;", "string data = 3;"))
    done = breaking(tmp_path / "protos")
    assert done.returncode != 0
    assert "data" in done.stdout
