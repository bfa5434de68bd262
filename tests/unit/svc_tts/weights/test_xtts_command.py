from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.fakes.hub import FakeHub

from svc_tts.settings import Settings
from svc_tts.weights import xtts_command
from svc_tts.weights.order import Order
from svc_tts.weights.xtts_command import fetch_xtts
from svc_tts.weights.xtts_release import FILES, REPOSITORY, REVISION, ReleaseFile, source_of
from troupe.weights.meter import Meter

DOCUMENT = Path(__file__).parents[4] / "docs" / "WEIGHTS.md"
NOWHERE = "http://127.0.0.1:9"


def archive(size: int) -> bytes:
    told = io.BytesIO()
    with zipfile.ZipFile(told, "w") as opened:
        opened.writestr("model/data.pkl", b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n.")
        opened.writestr("model/data/0", os.urandom(size))
    return told.getvalue()


CONTENT = {
    "LICENSE.txt": b"Coqui Public Model License\n",
    "config.json": b'{"model": "xtts"}',
    "vocab.json": b"{}",
    "speakers_xtts.pth": archive(1_000),
    "model.pth": archive(2_000_000),
}


@pytest.fixture
def release(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> FakeHub:
    """A release of a few bytes, pinned as the real one is."""
    files = [ReleaseFile(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in CONTENT.items()]
    monkeypatch.setattr(xtts_command, "FILES", tuple(files))
    for name, data in CONTENT.items():
        hub.put(REPOSITORY, name, data, tells=name.endswith(".pth"))
    return hub


def ask(
    folder: Path, hub: str = NOWHERE, *, verify: bool = False, agreed: bool = True, commercial: bool = False
) -> tuple[int, str]:
    out = io.StringIO()
    order = Order("", verify, folder, hub, agreed=agreed, commercial_only=commercial)
    return fetch_xtts(order, Meter(out)), out.getvalue()


def test_the_release_is_pinned_the_small_files_first() -> None:
    assert [file.name for file in FILES][-1] == "model.pth"
    assert [file.size for file in FILES] == sorted(file.size for file in FILES)
    assert all(len(file.sha256) == 64 for file in FILES)
    source = source_of(FILES[-1], "https://hub.example")
    assert source.url == f"https://hub.example/coqui/XTTS-v2/resolve/{REVISION}/model.pth"
    assert source.size == 1_867_929_118


def test_the_document_says_the_same() -> None:
    text = DOCUMENT.read_text()
    assert REVISION in text
    for file in FILES:
        assert f"| `{file.name}` | {file.size:,} | `{file.sha256}` |".replace(",", " ") in text


def test_without_agreement_it_shows_the_licence_and_fetches_nothing(release: FakeHub, folder: Path) -> None:
    status, told = ask(folder, release.url, agreed=False)
    assert status == 1
    assert "Licence: Coqui Public Model License 1.0.0 (CPML), no commercial use. http" in told
    assert f"/blob/{REVISION}/LICENSE.txt" in told
    assert "run COQUI_TOS_AGREED=1 make xtts" in told
    assert told.endswith("Nothing was fetched.\n")
    assert release.seen == []
    assert not folder.exists()


def test_where_only_commercial_use_is_wanted_it_is_refused(release: FakeHub, folder: Path) -> None:
    status, told = ask(folder, release.url, commercial=True)
    assert (status, "TROUPE_COMMERCIAL_ONLY=1 keeps out" in told, release.seen) == (1, True, [])
    assert "make voice" in told


def test_it_fetches_all_files_and_shows_how_far_all_of_them_are(release: FakeHub, folder: Path) -> None:
    status, told = ask(folder, release.url)
    assert status == 0, told
    assert {name: (folder / name).read_bytes() for name in CONTENT} == CONTENT
    assert told.index("Licence: ") < told.index("Fetching LICENSE.txt")
    assert "Fetching model.pth   0 %  0 MB of 2 MB" in told
    assert f"Ready: {folder}" in told
    assert "here already" in ask(folder)[1]
    status, told = ask(folder, verify=True)
    assert status == 0
    assert told.count(" is whole: ") == len(CONTENT)


def test_it_goes_on_where_it_broke_off(release: FakeHub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("troupe.weights.fetch.FAILURES", 0)  # the first break ends the command
    file = release.files[f"{REPOSITORY}/model.pth"]
    file.cuts = [1_000_000]
    status, told = ask(folder, release.url)
    assert status == 1
    assert "broke off after 1 MB of 2 MB" in told
    assert not (folder / "model.pth").exists()
    assert (folder / "vocab.json").exists()
    before = len(release.seen)
    status, told = ask(folder, release.url)
    assert status == 0, told
    assert "Going on after 1 MB" in told
    assert all("model.pth" in seen.path for seen in release.seen[before:] if seen.where == "hub")
    assert release.starts()[-1] == 1_000_000
    assert (folder / "model.pth").read_bytes() == CONTENT["model.pth"]


def test_wrong_bytes_are_set_aside(release: FakeHub, folder: Path) -> None:
    data = bytearray(CONTENT["model.pth"])
    data[-1] ^= 1
    release.files[f"{REPOSITORY}/model.pth"].data = bytes(data)
    status, told = ask(folder, release.url)
    assert status == 1
    assert "set aside" in told
    assert not (folder / "model.pth").exists()
    assert (folder / "model.pth.damaged").exists()


def test_another_file_than_the_pinned_one_is_not_even_begun(release: FakeHub, folder: Path) -> None:
    release.put(REPOSITORY, "model.pth", archive(10))
    status, told = ask(folder, release.url)
    assert (status, "is not the one that the catalogue means" in told) == (1, True)
    assert not list(folder.glob("model.pth*"))


def test_without_a_network_it_says_how_to_go_on(folder: Path) -> None:
    status, told = ask(folder)
    assert status == 1
    assert "cannot be reached" in told
    assert "into the folder of PROVIDER_XTTS_CHECKPOINT as LICENSE.txt" in told


def test_a_model_of_ones_own_stays(release: FakeHub, folder: Path) -> None:
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"mine")
    (folder / "config.json").write_bytes(b'{"model": "xtts", "mine": 1}')
    status, told = ask(folder, release.url)
    assert status == 0, told
    assert not (folder / "model.pth").exists()
    assert "used in place of model.pth" in told
    assert f"{folder / 'config.json'} is another file than the release's" in told
    status, told = ask(folder, verify=True)
    assert status == 0
    assert "Nobody wrote down its checksum" in told


def test_verify_notices_what_changed_and_what_is_gone(release: FakeHub, folder: Path) -> None:
    assert ask(folder, verify=True)[0] == 1
    assert ask(folder, release.url)[0] == 0
    (folder / "vocab.json").write_bytes(b"[]")
    (folder / "speakers_xtts.pth").unlink()
    status, told = ask(folder, verify=True)
    assert status == 1
    assert f"{folder / 'vocab.json'} cannot be used: it is JSON and no object" in told
    assert f"{folder / 'speakers_xtts.pth'} is not there. Fetch it: make xtts" in told


def test_a_process_of_its_own_refuses_until_one_agrees(hub: FakeHub, folder: Path) -> None:
    ours = ("TROUPE_", "PROVIDER_", "HF_", "COQUI_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {"HF_ENDPOINT": hub.url, "PROVIDER_XTTS_CHECKPOINT": str(folder)}
    told = subprocess.run(
        [sys.executable, "-m", "svc_tts", "xtts"],
        env=environment,
        cwd=folder.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (told.returncode, "COQUI_TOS_AGREED=1 make xtts" in told.stdout, told.stderr) == (1, True, "")
    assert hub.seen == []


def test_the_order_reads_the_settings(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("PROVIDER_XTTS_CHECKPOINT", str(folder))
    monkeypatch.setenv("COQUI_TOS_AGREED", "1")
    order = Order.xtts(Settings(), {"HF_ENDPOINT": "https://mirror.example/", "HF_TOKEN": "hf_x"}, verify=True)
    assert order == Order("", verify=True, folder=folder, hub="https://mirror.example", token="hf_x", agreed=True)
