from __future__ import annotations

from pathlib import Path

import pytest

from svc_text.models.folder import chosen, models
from troupe.wire.errors import CheckpointNotFound


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("qwen.gguf", "llama.gguf", "half.gguf.part", ".hidden.gguf", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "folder.gguf").mkdir()
    return tmp_path


def test_only_whole_files_count_sorted(folder: Path) -> None:
    assert [path.name for path in models(folder)] == ["llama.gguf", "qwen.gguf"]
    assert models(folder / "absent") == []


@pytest.mark.parametrize("wanted", ["qwen", "qwen.gguf"])
def test_a_model_of_the_folder_by_its_name(folder: Path, wanted: str) -> None:
    assert chosen(folder, wanted) == folder / "qwen.gguf"


def test_unset_is_the_first(folder: Path) -> None:
    assert chosen(folder, "") == folder / "llama.gguf"


def test_a_path_anywhere(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "m.gguf"
    elsewhere.touch()
    assert chosen(folder, str(elsewhere)) == elsewhere


def test_a_name_that_is_not_there_says_what_is(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(CheckpointNotFound, match=r'It holds llama, qwen\. Did you mean "qwen"\?') as caught:
        chosen(folder, "qwem")
    assert caught.value.details["remedy"] == "set PROVIDER_LLAMACPP_MODEL=llama"
    empty = tmp_path_factory.mktemp("empty")
    with pytest.raises(CheckpointNotFound, match="holds none"):
        chosen(empty, "qwen")
    with pytest.raises(CheckpointNotFound, match="There is no model in") as caught:
        chosen(empty, "")
    assert caught.value.details["remedy"] == "make model NAME=qwen2.5-1.5b"
