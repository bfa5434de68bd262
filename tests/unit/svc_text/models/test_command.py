"""The command as people run it: a process of its own, killed, interrupted, and on a disk that is too small."""

from __future__ import annotations

import hashlib
import io
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from tests.fakes.gguf_header import model
from tests.fakes.hub import FakeHub

from svc_text.models.catalogue import CATALOGUE
from svc_text.models.command import Order, run
from svc_text.models.folder import models
from svc_text.models.inspect import inspect
from troupe.weights.meter import Meter

PATIENCE_S = 30.0
WHOLE = model(3_000_000)
NAME = "maker/tiny-GGUF/tiny.gguf"


def start(hub: FakeHub, folder: Path, *words: str, **keywords: object) -> subprocess.Popen[str]:
    ours = ("TROUPE_", "PROVIDER_", "HF_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {"HF_ENDPOINT": hub.url, "TROUPE_TEXT_MODELS_DIR": str(folder)}
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
        # Tests that run in the background of a shell have inherited that SIGINT is ignored.
        ["env", "--default-signal=INT", sys.executable, "-m", "svc_text", "model", *words],
        env=environment,
        cwd=folder.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **keywords,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    told, _ = process.communicate(timeout=PATIENCE_S)
    return process.returncode, told


def wait_for_bytes(folder: Path, count: int, process: subprocess.Popen[str]) -> Path:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = [path for path in folder.glob("*.part") if path.stat().st_size >= count]
        if found:
            return found[0]
        assert process.poll() is None, process.stdout and process.stdout.read()
        time.sleep(0.02)
    pytest.fail(f"{count} bytes did not come")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


def at(folder: Path, name: str = "", *, verify: bool = False, hub: str = "http://127.0.0.1:9") -> tuple[int, str]:
    out = io.StringIO()
    status = run(Order(name, verify, folder, hub), Meter(out))
    return status, out.getvalue()


def test_without_a_name_it_lists_the_catalogue(folder: Path) -> None:
    folder.mkdir()
    for name in ("qwen2.5-0.5b.gguf", "mine.gguf"):
        (folder / name).write_bytes(WHOLE)
    (folder / "half.gguf.0123456789ab.part").write_bytes(WHOLE)
    status, told = at(folder)
    assert status == 0
    lines = told.splitlines()
    assert lines[0].split() == ["NAME", "SIZE", "RAM", "LICENCE", "COMMERCIAL", "WHAT", "FOR"]
    assert [line.split()[0] for line in lines[1:10]] == [entry.name for entry in CATALOGUE]
    assert lines[1].endswith("(it is here)")
    assert "Llama 3.2   yes, terms" in told
    assert 'Llama 3.1: What you build with it has to show "Built with Llama"' in told
    assert f"Also here: {folder / 'mine.gguf'}\nNot in use: {folder / 'half.gguf.0123456789ab.part'}, 3 MB\n" in told


def test_a_process_fetches_verifies_and_says_what_it_did(hub: FakeHub, folder: Path) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE)
    status, told = finish(start(hub, folder, "--", NAME))
    assert status == 0, told
    assert f"tiny.gguf is not in the catalogue. Its licence is not known here: see {hub.url}/maker/tiny-GGUF" in told
    assert "Ready: " in told
    assert "(Tiny Test, llama, 3 MB, context 256 tokens" in told
    assert "\r" not in told
    assert inspect(folder / "tiny.gguf").layers == 2
    assert "here already" in finish(start(hub, folder, NAME))[1]
    assert finish(start(hub, folder, "--verify", "--", NAME))[0] == 0


def test_a_killed_fetch_leaves_nothing_in_use_and_goes_on(hub: FakeHub, folder: Path) -> None:
    file = hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE, pace=1_000_000)
    process = start(hub, folder, NAME)
    part = wait_for_bytes(folder, 500_000, process)
    process.kill()
    assert finish(process)[0] == -signal.SIGKILL
    kept = part.stat().st_size
    assert models(folder) == []
    file.pace = 0
    status, told = finish(start(hub, folder, NAME))
    assert status == 0, told
    assert "Going on after " in told
    assert hub.starts() == [0, kept]
    assert (folder / "tiny.gguf").read_bytes() == WHOLE
    assert sorted(path.name for path in folder.iterdir()) == ["tiny.gguf", "tiny.gguf.sha256"]


def test_ctrl_c_is_one_sentence_and_resumable(hub: FakeHub, folder: Path) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE, pace=1_000_000)
    process = start(hub, folder, NAME)
    wait_for_bytes(folder, 100_000, process)
    process.send_signal(signal.SIGINT)
    status, told = finish(process)
    assert status == 130
    assert told.endswith("Stopped. What was fetched is kept: run the same command again and it goes on from there.\n")
    assert "Traceback" not in told
    assert models(folder) == []
    assert list(folder.glob("*.part"))


def test_two_processes_at_once(hub: FakeHub, folder: Path) -> None:
    file = hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE, pace=1_000_000)
    first = start(hub, folder, NAME)
    wait_for_bytes(folder, 100_000, first)
    status, told = finish(start(hub, folder, NAME))
    assert status == 1
    assert "make model: Another process is fetching this file" in told
    file.pace = 0
    assert finish(first)[0] == 0
    assert (folder / "tiny.gguf").read_bytes() == WHOLE


def test_a_file_that_may_not_grow_is_told_and_kept(hub: FakeHub, folder: Path) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE)
    limit = 1_000_000

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    status, told = finish(start(hub, folder, NAME, preexec_fn=limited))
    assert status == 1
    assert "The disk does not take it (File too large) after 1 MB" in told
    assert "Make room and run the same command again" in told
    assert "Traceback" not in told
    assert models(folder) == []
    assert [path.stat().st_size for path in folder.glob("*.part")] == [limit]
    assert finish(start(hub, folder, NAME))[0] == 0
    assert hub.starts() == [0, limit]
    assert (folder / "tiny.gguf").read_bytes() == WHOLE


ON_A_SMALL_DISK = r"""
mount -t tmpfs -o size=2m small "$1" || exit 77
# There has to be room for this test: at the start the command asks for more than any disk here has.
full() { "$2" -c "import sys, troupe.weights.part as part
part.MARGIN = -1 << 40
sys.argv = ['svc_text', 'model', '$3']
from svc_text.__main__ import main
sys.exit(main())"; }
full "$@"; echo "first: $?"
ls "$1" | sed 's/^/there: /'
mount -o remount,size=16m "$1"
full "$@"; echo "second: $?"
ls "$1" | sed 's/^/then: /'
sha256sum "$1/tiny.gguf"
"""


def test_a_full_disk_ends_in_a_sentence_and_a_larger_one_goes_on(hub: FakeHub, folder: Path) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE)
    folder.mkdir()
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system allows no mount namespace: the limit of a file's size stands in for a full disk")
    environment = {"HF_ENDPOINT": hub.url, "TROUPE_TEXT_MODELS_DIR": str(folder)}
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-c", ON_A_SMALL_DISK, "bash", str(folder), sys.executable, NAME],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    if done.returncode == 77:
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    first, _, second = done.stdout.partition("first: 1")
    assert "The disk is full (0 MB free) after 2 MB" in first, done.stdout + done.stderr
    assert [line for line in second.splitlines() if line.startswith("there: ")] == [
        f"there: tiny.gguf.{hashlib.sha256(WHOLE).hexdigest()[:12]}.part"
    ]
    assert "second: 0" in second
    assert "then: tiny.gguf\nthen: tiny.gguf.sha256" in second
    assert hashlib.sha256(WHOLE).hexdigest() in second
    assert hub.starts()[1] > 1_500_000


def test_verify_judges_all_of_the_folder(hub: FakeHub, folder: Path) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE)
    assert at(folder, NAME, hub=hub.url)[0] == 0
    (folder / "by-hand.gguf").write_bytes(WHOLE)
    (folder / "qwen2.5-0.5b.gguf").write_bytes(WHOLE)
    (folder / "Llama-3.2-1B-Instruct-Q4_K_M.gguf").write_bytes(WHOLE)
    status, told = at(folder, verify=True)
    assert status == 1
    assert f"{folder / 'tiny.gguf'} is whole" in told
    assert "Nobody wrote down its checksum" in told
    assert f"{folder / 'qwen2.5-0.5b.gguf'} has changed" in told
    assert "should be 74a4da8c9fdbcd15" in told
    assert "should be 6f85a640a97cf2bf" in told  # put there by hand, under the name it has at its source
    assert at(folder, "by-hand", verify=True)[0] == 0


def test_verify_notices_one_changed_bit(hub: FakeHub, folder: Path) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE)
    assert at(folder, NAME, hub=hub.url)[0] == 0
    data = bytearray(WHOLE)
    data[-1] ^= 1
    (folder / "tiny.gguf").write_bytes(data)
    status, told = at(folder, NAME, verify=True)
    assert status == 1
    assert "has changed" in told


def test_verify_with_nothing_to_verify(folder: Path) -> None:
    assert at(folder, verify=True) == (
        1,
        f"make model: There is no model in {folder}. Fetch one: `make model` lists what there is.\n",
    )
    status, told = at(folder, "qwen2.5-0.5b", verify=True)
    assert (status, "There is no model file" in told) == (1, True)


def test_the_licence_is_shown_before_anything_is_fetched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", type("Memory", (), {"total": 1_000_000_000}))
    status, told = at(folder, "llama-3.2-1b")
    assert status == 1
    lines = told.splitlines()
    assert lines[0].startswith("Llama 3.2 1B Instruct, Q4_K_M, 808 MB, from http")
    assert lines[1].startswith("Licence: Llama 3.2, commercial use allowed. https://")
    assert '"Built with Llama"' in lines[2]
    assert lines[3] == "Mind: it takes about 1.24 GB of memory, and this machine has 1.00 GB."
    assert "cannot be reached" in lines[4]


def test_a_folder_that_cannot_be_used(tmp_path: Path, hub: FakeHub) -> None:
    hub.put("maker/tiny-GGUF", "tiny.gguf", WHOLE)
    (tmp_path / "file").touch()
    status, told = at(tmp_path / "file" / "models", NAME, hub=hub.url)
    assert status == 1
    assert "cannot be used" in told


def test_the_order_reads_the_names_of_huggingface_hub(folder: Path) -> None:
    environment = {"HF_ENDPOINT": "https://mirror.example", "HF_TOKEN": "hf_x"}
    order = Order.of(" qwen2.5-0.5b ", folder, environment, verify=True)
    assert order == Order("qwen2.5-0.5b", verify=True, folder=folder, hub="https://mirror.example", token="hf_x")
    assert Order.of("", folder, {"HF_ENDPOINT": ""}).hub == "https://huggingface.co"
