from __future__ import annotations

import hashlib
import io
import json
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.fakes.hub import FakeHub
from tests.fakes.matfile import write

from svc_video.engines.sadtalker import files
from svc_video.settings import Settings
from svc_video.weights import sadtalker_release as release
from svc_video.weights.sadtalker_command import Order, fetch_sadtalker
from svc_video.weights.sadtalker_release import FACES, SIZES, Faces, ReleaseFile, Sizes, source_of, wanted
from troupe.weights.meter import Meter

DOCUMENT = Path(__file__).parents[4] / "docs" / "WEIGHTS.md"
NOWHERE = "http://127.0.0.1:9"
LARGE = 2_000_000  # bytes


def safetensors(size: int) -> bytes:
    header = json.dumps({"generator.a": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(size)


@pytest.fixture
def served(hub: FakeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, bytes]:
    """A release of a few bytes, pinned and served as the real one is; name -> content."""
    finders = [file for pair in release.FINDERS.values() for file in pair]
    content = {file.name: b"\x80\x02" + file.name.encode() for file in (*release.SHARED, *finders)}
    content[files.MEAN_FACE] = write(tmp_path / "face.mat", {"lm": np.zeros((68, 3), np.float32)}).read_bytes()
    content |= {files.release_file(size): safetensors(LARGE + size) for size in (256, 512)}

    def pinned(file: ReleaseFile) -> ReleaseFile:
        data = content[file.name]
        place = file.place.replace("https:/", hub.url)  # the author's server stands beside GitHub
        hub.put(place.removeprefix(f"{hub.url}/"), file.name, data)
        return replace(file, place=place, size=len(data), sha256=hashlib.sha256(data).hexdigest())

    monkeypatch.setattr(release, "SHARED", tuple(map(pinned, release.SHARED)))
    monkeypatch.setattr(release, "FINDERS", {name: tuple(map(pinned, pair)) for name, pair in release.FINDERS.items()})
    large, larger = map(pinned, release.NETWORKS["both"])
    monkeypatch.setattr(release, "NETWORKS", {"256": (large,), "512": (larger,), "both": (large, larger)})
    return content


def ask(
    folder: Path,
    github: str = NOWHERE,
    size: Sizes = "256",
    faces: Faces = "awing",
    *,
    verify: bool = False,
    commercial: bool = False,
) -> tuple[int, str]:
    out = io.StringIO()
    return fetch_sadtalker(Order(folder, size, faces, verify, github, commercial), Meter(out)), out.getvalue()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix != ".sha256"}


def test_the_release_is_pinned_the_small_files_first() -> None:
    for size in SIZES:
        assert [file.size for file in wanted(size)] == sorted(file.size for file in wanted(size))
        assert all(len(file.sha256) == 64 for file in wanted(size))
    assert len({file.sha256 for faces in FACES for file in wanted("both", faces)}) == 9
    assert sum(file.size for file in wanted("256")) == 1_339_536_401
    addresses = [source_of(file).url for file in wanted("256")]
    assert addresses[0] == (
        "https://github.com/OpenTalker/SadTalker/raw/cd4c0465ae0b54a6f85af57f5c65fec9fe23e7f8/src/config/"
        "similarity_Lm3D_all.mat"
    )
    assert addresses[1] == "https://github.com/xinntao/facexlib/releases/download/v0.1.0/detection_Resnet50_Final.pth"
    assert addresses[-1] == (
        "https://github.com/OpenTalker/SadTalker/releases/download/v0.0.2-rc/SadTalker_V0.0.2_256.safetensors"
    )
    pages = [source_of(file).page for file in wanted("256")]
    assert pages[0] == "https://github.com/OpenTalker/SadTalker"
    assert pages[-1] == "https://github.com/OpenTalker/SadTalker/releases/tag/v0.0.2-rc"


def test_the_document_says_the_same() -> None:
    text = DOCUMENT.read_text()
    for file in dict.fromkeys(file for faces in FACES for file in wanted("both", faces)):
        assert f"| `{file.name}` | {file.size:,} | `{file.sha256}` |".replace(",", " ") in text
    assert release.COMMIT in text


def test_it_shows_the_terms_then_fetches_what_one_size_needs(
    hub: FakeHub, served: dict[str, bytes], folder: Path
) -> None:
    status, told = ask(folder, hub.url)
    assert status == 0, told
    assert names(folder) == {file.name for file in wanted("256")}
    assert all((folder / name).read_bytes() == served[name] for name in names(folder))
    assert told.index("no commercial use") < told.index("Fetching similarity_Lm3D_all.mat")
    assert "issues/583" in told
    assert "ask a lawyer" in told
    assert "Fetching SadTalker_V0.0.2_256.safetensors" in told
    assert f"Ready: {folder}" in told
    assert files.require(folder).sizes == (256,)
    assert "here already" in ask(folder)[1]
    status, told = ask(folder, verify=True)
    assert (status, told.count(" is whole: ")) == (0, 6)


def test_the_other_size_adds_one_file(hub: FakeHub, served: dict[str, bytes], folder: Path) -> None:
    assert ask(folder, hub.url)[0] == 0
    before = len(hub.seen)
    status, told = ask(folder, hub.url, "both")
    assert status == 0, told
    assert all("_512" in seen.path for seen in hub.seen[before:] if seen.where == "hub")
    assert files.look(folder).sizes == (256, 512)
    assert ask(folder, verify=True, size="512")[0] == 0


def test_another_way_to_find_faces_has_its_own_files(hub: FakeHub, served: dict[str, bytes], folder: Path) -> None:
    status, told = ask(folder, hub.url, faces="face-alignment")
    assert status == 0, told
    assert {files.PACKAGE_FAN, files.PACKAGE_DETECTOR} <= names(folder)
    assert not names(folder) & set(files.FACE_FILES)
    status, told = ask(folder, verify=True, faces="face-alignment")
    assert (status, told.count(" is whole: ")) == (0, 6)
    real = source_of(release.PACKAGE_FAN)
    assert real.url == "https://www.adrianbulat.com/downloads/python-fan/2DFAN4-11f355bf06.pth.tar"
    assert real.mirror == ""


def test_it_goes_on_where_it_broke_off(
    hub: FakeHub, served: dict[str, bytes], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("troupe.weights.fetch.FAILURES", 0)  # the first break ends the command
    file = wanted("256")[-1]
    hub.files[f"{file.place}/{file.name}"].cuts = [1_000_000]
    status, told = ask(folder, hub.url)
    assert status == 1
    assert "broke off after 1 MB" in told
    assert not (folder / file.name).exists()
    status, told = ask(folder, hub.url)
    assert status == 0, told
    assert hub.starts()[-1] == 1_000_000
    assert (folder / file.name).read_bytes() == served[file.name]


def test_wrong_bytes_are_set_aside(hub: FakeHub, served: dict[str, bytes], folder: Path) -> None:
    file = wanted("256")[-1]
    data = bytearray(served[file.name])
    data[-1] ^= 1
    hub.files[f"{file.place}/{file.name}"].data = bytes(data)
    status, told = ask(folder, hub.url)
    assert (status, "set aside" in told) == (1, True)
    assert not (folder / file.name).exists()


def test_another_file_than_the_pinned_one_is_not_even_begun(
    hub: FakeHub, served: dict[str, bytes], folder: Path
) -> None:
    hub.put(release.MEAN_FACE.place, files.MEAN_FACE, b"another")
    status, told = ask(folder, hub.url)
    assert (status, "is not the one that the catalogue means" in told) == (1, True)
    assert files.MEAN_FACE not in names(folder)
    assert not list(folder.glob("*.part"))


def test_what_changed_since_is_told_by_verify(hub: FakeHub, served: dict[str, bytes], folder: Path) -> None:
    assert ask(folder, hub.url)[0] == 0
    path = folder / files.FAN
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    (folder / files.RETINAFACE).write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    (folder / files.CROP_MAPPING).unlink()
    status, told = ask(folder, verify=True)
    assert status == 1
    assert f"{path} has changed" in told
    assert f"Fetch it anew: rm {path} && make sadtalker" in told
    assert "pointer of Git LFS" in told
    assert f"{folder / files.CROP_MAPPING} is not there. Fetch it: make sadtalker" in told
    assert told.count(" is whole: ") == 3


def test_verify_of_an_empty_folder(folder: Path) -> None:
    status, told = ask(folder, verify=True)
    assert (status, "SadTalker checkpoint not found in" in told) == (1, True)


def test_where_only_commercial_use_is_wanted_it_is_refused(
    hub: FakeHub, served: dict[str, bytes], folder: Path
) -> None:
    status, told = ask(folder, hub.url, commercial=True)
    assert (status, hub.seen, folder.exists()) == (1, [], False)
    assert "TROUPE_COMMERCIAL_ONLY=1 keeps out" in told


def test_without_a_network_it_says_how_to_go_on(folder: Path) -> None:
    status, told = ask(folder)
    assert status == 1
    assert "cannot be reached" in told
    assert "into the folder of PROVIDER_SADTALKER_CHECKPOINT as similarity_Lm3D_all.mat" in told
    assert "GITHUB_ENDPOINT names a mirror" in told
    assert "HF_" not in told


def test_github_that_is_asked_too_often(hub: FakeHub, served: dict[str, bytes], folder: Path) -> None:
    hub.limited = True
    status, told = ask(folder, hub.url)
    assert status == 1
    assert "may be asked too often from here" in told
    assert "GITHUB_ENDPOINT names a mirror" in told
    assert "licence has to be accepted" not in told


def test_a_file_that_is_gone_from_its_place(hub: FakeHub, served: dict[str, bytes], folder: Path) -> None:
    hub.files.clear()
    status, told = ask(folder, hub.url)
    assert (status, "There is no such file: " in told) == (1, True)


def test_files_where_upstreams_scripts_put_them_are_not_fetched_again(
    hub: FakeHub, served: dict[str, bytes], tmp_path: Path
) -> None:
    faces = tmp_path / "gfpgan" / "weights"
    faces.mkdir(parents=True)
    for name in files.FACE_FILES:
        (faces / name).write_bytes(served[name])
    status, told = ask(tmp_path / "checkpoints", hub.url)
    assert status == 0, told
    assert not any(name in seen.path for seen in hub.seen for name in files.FACE_FILES)


def test_another_file_of_that_name_stays(hub: FakeHub, served: dict[str, bytes], folder: Path) -> None:
    folder.mkdir()
    (folder / files.FULL_MAPPING).write_bytes(b"\x80\x02my own")
    status, told = ask(folder, hub.url)
    assert status == 0
    assert "is another file than the release's" in told
    assert (folder / files.FULL_MAPPING).read_bytes() == b"\x80\x02my own"
    told = ask(folder, verify=True)[1]
    assert "Nobody wrote down its checksum" in told


def test_the_order_comes_of_the_settings_and_the_environment() -> None:
    settings = Settings(sadtalker_checkpoint=Path("~/weights"), commercial_only=True)
    order = Order.of(settings, "512", environ={"GITHUB_ENDPOINT": "https://mirror.example/https://github.com/"})
    assert order.folder == Path("~/weights").expanduser()
    assert (order.size, order.verify, order.commercial_only) == ("512", False, True)
    assert order.github == "https://mirror.example/https://github.com"
    assert Order.of(Settings(), "256", environ={}).github == "https://github.com"
    assert Order.of(settings, "512", "face-alignment").command == "make sadtalker SIZE=512 FACES=face-alignment"


def test_the_command_line(tmp_path: Path) -> None:
    environ = {"PROVIDER_SADTALKER_CHECKPOINT": str(tmp_path / "none"), "PATH": ""}
    command = [sys.executable, "-m", "svc_video", "sadtalker", "--verify", "--size", "512"]

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, check=False, capture_output=True, text=True, env=environ, cwd=tmp_path, timeout=60
        )

    done = run(*command)
    assert done.returncode == 1
    assert f"SadTalker checkpoint not found in {tmp_path / 'none'}" in done.stdout
    wrong = run(*command[:4], "--size", "128")
    assert wrong.returncode == 2
    assert "256, 512, both" in wrong.stderr.replace("'", "")
