"""Files that llama.cpp cannot load, and machines that cannot run it: told, with what mends it, and survived."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from tests.fakes.gguf import write
from tests.unit.svc_text.engines.llamacpp.asking import answer, asking, said

from svc_text.engines.llamacpp import process
from svc_text.engines.llamacpp.engine import LlamacppEngine
from svc_text.settings import Settings
from troupe.wire.doctor.findings import from_json
from troupe.wire.errors import CheckpointBroken, CheckpointNotFound, EngineMissing


async def start(path: Path, **settings: object) -> LlamacppEngine:
    given = {"models_dir": path.parent, "llamacpp_model": path.stem, "llamacpp_threads": 1} | settings
    engine = LlamacppEngine(Settings(**given).context)
    try:
        await engine.start(lambda fraction, what: None)
    finally:
        await engine.stop()
    return engine


def cut(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


def renamed(whole: bytes) -> bytes:
    return whole.replace(b"blk.1.attn_q.weight", b"blk.1.attn_x.weight")


def headless(whole: bytes) -> bytes:
    return whole.replace(b"llama.attention.head_count\x04", b"llama.attention.head_cound\x04")


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (cut, "was cut short"),
        (renamed, "'blk.1.attn_q.weight' not found"),
        (headless, "wrong shape"),
        (lambda whole: b"<html>", "web page"),
    ],
)
async def test_a_broken_file_is_told_with_the_reason(
    folder: Path, tmp_path: Path, harm: Callable[[bytes], bytes], why: str
) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(harm((folder / "tiny.gguf").read_bytes()))
    with pytest.raises(CheckpointBroken, match=why) as caught:
        await start(path)
    assert caught.value.details["remedy"] == "make model"


@pytest.mark.parametrize(
    ("knobs", "why"),
    [
        ({"architecture": "zebra"}, "unknown model architecture: 'zebra'"),
        ({"template": "{% if x %}"}, "cannot load m"),
    ],
)
async def test_what_llama_cpp_does_not_know_is_told(tmp_path: Path, knobs: dict[str, str], why: str) -> None:
    with pytest.raises(CheckpointBroken, match=why):
        await start(write(tmp_path / "m.gguf", **knobs))


async def test_no_model_is_told_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(CheckpointNotFound, match="holds none") as caught:
        await start(tmp_path / "m.gguf")
    assert caught.value.details["remedy"] == "make model NAME=qwen2.5-1.5b"


async def test_too_little_memory_is_told_before_it_is_taken(tmp_path: Path) -> None:
    path = write(tmp_path / "m.gguf", context=2_000_000_000)
    with pytest.raises(EngineMissing, match="GiB are free"):
        await start(path, llamacpp_context=2_000_000_000)


async def test_loading_that_stands_still_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "STILL_S", 0.5)
    endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}x"
    with pytest.raises(CheckpointBroken, match="nothing more of it was loaded"):
        await start(write(tmp_path / "m.gguf", template=endless))


async def test_a_process_that_dies_while_it_loads_is_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "child.py"
    program.write_text("import os, sys; print('0.00.001 E GGML_ASSERT(a == b) failed', file=sys.stderr); os.abort()\n")
    monkeypatch.setattr(process, "PROGRAM", program)
    with pytest.raises(CheckpointBroken, match=r"GGML_ASSERT\(a == b\) failed"):
        await start(folder / "tiny.gguf")


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("libgomp.so.1: cannot open shared object file", "sudo apt-get install -y libgomp1"),
        ("No module named 'xllamacpp'", "make setup"),
    ],
)
async def test_what_the_machine_lacks_is_told_with_the_command(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str, remedy: str
) -> None:
    """The real program with a package in front of xllamacpp that fails as the real one does."""
    (tmp_path / "xllamacpp.py").write_text(f"raise ImportError({reason!r})\n")
    program = tmp_path / "child.py"
    lines = process.PROGRAM.read_text()
    program.write_text(lines.replace("import xllamacpp", f"sys.path.insert(0, {str(tmp_path)!r}); import xllamacpp", 1))
    monkeypatch.setattr(process, "PROGRAM", program)
    with pytest.raises(EngineMissing) as caught:
        await start(folder / "tiny.gguf")
    assert caught.value.details["remedy"] == remedy


def without_libgomp(command: str) -> list[str]:
    """The command where the system's libgomp is hidden, in a mount namespace of its own."""
    find = "readlink -f \"$(ldconfig -p | awk '/libgomp.so.1/ {print $NF; exit}')\""
    return ["unshare", "--mount", "bash", "-ec", f'mount --bind /dev/null "$({find})"; {command}']


def test_a_machine_without_libgomp_is_told_the_command(folder: Path, tmp_path: Path) -> None:
    if subprocess.run(without_libgomp("true"), capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody mount, or has no libgomp to hide")
    environment = os.environ | {"TROUPE_TEXT_MODELS_DIR": str(folder)}
    command = without_libgomp(f"{sys.executable} -m svc_text doctor --json")
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=True, cwd=tmp_path, env=environment
    )
    rows = {row.name: row for row in from_json(done.stdout.splitlines()[-1])}
    assert (rows["llamacpp"].ok, rows["llamacpp"].remedy) == (False, "sudo apt-get install -y libgomp1")
    assert rows["echo"].ok


async def test_nothing_is_left_of_a_process_that_ended(started) -> None:
    engine = await started("tiny")
    assert said(await answer(engine, asking(max_tokens=3)))
    (model,) = engine._shelf.loaded
    socket = Path(model.child.socket)
    assert socket.parent.stat().st_mode & 0o777 == 0o700
    await engine.stop()
    assert not socket.parent.exists()
    assert not psutil.pid_exists(model.child.pid)


def test_a_child_ends_with_its_parent(folder: Path) -> None:
    """The parent is killed, and can tidy nothing."""
    program = (
        "import asyncio, sys\n"
        "from svc_text.engines.llamacpp.engine import LlamacppEngine\n"
        "from svc_text.settings import Settings\n"
        "async def main():\n"
        "    engine = LlamacppEngine(Settings.load().context)\n"
        "    await engine.start(lambda fraction, what: None)\n"
        "    print(engine._shelf.loaded[0].child.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    environment = os.environ | {"TROUPE_TEXT_MODELS_DIR": str(folder), "PROVIDER_LLAMACPP_MODEL": "tiny"}
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate(timeout=10)
    child.wait(10)


def test_the_service_does_not_load_llama_cpp() -> None:
    program = "import sys, svc_text.engines.llamacpp.engine, svc_text.__main__; sys.exit('xllamacpp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0
