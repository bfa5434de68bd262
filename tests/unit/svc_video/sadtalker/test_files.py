from __future__ import annotations

from pathlib import Path

import pytest

from svc_video.engines.sadtalker import files
from troupe.wire.errors import CheckpointBroken, CheckpointNotFound

RELEASE = ("SadTalker_V0.0.2_256.safetensors", *files.MAPPINGS, *files.FACE_FILES, files.MEAN_FACE)


def put(folder: Path, *names: str, content: bytes = b"weights") -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_the_release_of_one_size_is_enough(tmp_path: Path) -> None:
    inventory = files.require(put(tmp_path, *RELEASE))
    assert (inventory.sizes, inventory.lacking, inventory.lacking_awing) == ((256,), (), ())
    put(tmp_path, files.release_file(512))
    assert files.look(tmp_path).sizes == (256, 512)


def test_an_empty_folder_is_told_by_the_seeds_sentence(tmp_path: Path) -> None:
    with pytest.raises(CheckpointNotFound, match=r"^SadTalker checkpoint not found in ") as caught:
        files.require(tmp_path / "nowhere")
    told = caught.value.message
    assert str(tmp_path / "nowhere") in told
    assert "SadTalker_V0.0.2_256.safetensors or SadTalker_V0.0.2_512.safetensors" in told
    assert "mapping_00109-model.pth.tar" in told
    assert "similarity_Lm3D_all.mat" in told
    assert "PROVIDER_SADTALKER_CHECKPOINT" in told
    assert told.endswith("`make sadtalker` fetches it.")
    assert caught.value.details == {"remedy": "make sadtalker"}


def test_without_the_face_files_another_detection_can_do_their_work(tmp_path: Path) -> None:
    inventory = files.require(put(tmp_path, *RELEASE[:3], files.MEAN_FACE))
    assert inventory.lacking_awing == (files.RETINAFACE, files.FAN)


def test_the_old_set_renders_256(tmp_path: Path) -> None:
    put(tmp_path, *files.OLD_SET[1:], *files.MAPPINGS, files.MEAN_FACE)
    assert not files.look(tmp_path).whole  # one of the four is not there
    put(tmp_path, files.OLD_RENDERER)
    assert files.require(tmp_path).sizes == (256,)


def test_files_are_found_where_upstreams_scripts_put_them(tmp_path: Path) -> None:
    put(tmp_path, *(f"checkpoints/{name}" for name in RELEASE[:3]))
    put(tmp_path, *(f"gfpgan/weights/{name}" for name in files.FACE_FILES), f"src/config/{files.MEAN_FACE}")
    for folder in (tmp_path, tmp_path / "checkpoints"):
        inventory = files.require(folder)
        assert (inventory.sizes, inventory.lacking_awing) == ((256,), ())
    assert files.file(tmp_path / "checkpoints", files.FAN).read_bytes() == b"weights"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 725066984\n", "a pointer of Git LFS"),
        (b"\n<!DOCTYPE html><html><body>Not Found</body></html>", "a web page"),
        (b"<html>", "a web page"),
        (b"", "it is empty"),
    ],
)
def test_what_only_bears_the_name_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    put(tmp_path, files.FAN, content=content)
    with pytest.raises(CheckpointBroken, match=told) as caught:
        files.file(tmp_path, files.FAN)
    assert str(tmp_path / files.FAN) in caught.value.message
    assert "make sadtalker" in caught.value.message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointNotFound, match=files.RETINAFACE):
        files.file(tmp_path, files.RETINAFACE)
