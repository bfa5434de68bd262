from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.fakes.gguf_header import model

from svc_text.models.checksum import again, recorded, verify
from troupe.weights.checksum import record
from troupe.weights.meter import Meter
from troupe.wire.errors import CheckpointBroken, CheckpointNotFound

WHOLE = model(100_000)
ORIGIN = "https://a.example/tiny.gguf?x=1&y=2"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(WHOLE)
    return path


def test_the_record_is_one_that_sha256sum_reads(tiny: Path) -> None:
    record(tiny, hashlib.sha256(WHOLE).hexdigest(), ORIGIN)
    program = shutil.which("sha256sum")
    if program is None:
        pytest.skip("sha256sum is not installed")
    command = [program, "--check", "--strict", "tiny.gguf.sha256"]
    done = subprocess.run(command, cwd=tiny.parent, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "tiny.gguf: OK\n")


def test_what_a_file_is_to_be(tiny: Path) -> None:
    assert recorded(tiny) == ""
    assert recorded(tiny.with_name("qwen2.5-0.5b.gguf")).startswith("74a4da8c")
    record(tiny, "ab" * 32, ORIGIN)
    assert recorded(tiny) == "ab" * 32
    tiny.with_name("tiny.gguf.sha256").write_bytes(b"\xff\x00 nonsense")
    assert recorded(tiny) == ""


def test_verify(tiny: Path) -> None:
    meter = Meter(io.StringIO())
    assert "Nobody wrote down its checksum" in verify(tiny, meter)
    record(tiny, hashlib.sha256(WHOLE).hexdigest(), ORIGIN)
    assert "is whole" in verify(tiny, meter)
    tiny.write_bytes(WHOLE[:-1] + b"\x00")
    with pytest.raises(CheckpointBroken, match="has changed") as caught:
        verify(tiny, meter)
    assert caught.value.details["remedy"] == f"rm {tiny} && make model NAME='{ORIGIN}'"
    tiny.unlink()
    with pytest.raises(CheckpointNotFound):
        verify(tiny, meter)


def test_the_command_that_brings_it_anew(tiny: Path) -> None:
    assert again(tiny) == f"rm {tiny}"
    by_hand = tiny.with_name("Llama-3.2-1B-Instruct-Q4_K_M.gguf")
    assert again(by_hand) == f"rm {by_hand} && make model NAME=llama-3.2-1b"
    assert again(tiny.with_name("my model.gguf")) == f"rm '{tiny.parent}/my model.gguf'"
