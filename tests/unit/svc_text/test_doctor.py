from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.gguf_header import model
from tests.fakes.gguf_header import model as whole

from svc_text.doctor import examine, library, model_rows
from svc_text.settings import Settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a-model", "b-model"):
        (tmp_path / f"{name}.gguf").write_bytes(whole())
    return tmp_path


def test_each_model_file_is_a_row(folder: Path) -> None:
    rows = model_rows(folder, "")
    assert [(row["engine"], row["ready"]) for row in rows] == [("model a-model", True), ("model b-model", True)]
    assert "Tiny Test, llama, 0 MB, context 256 tokens" in rows[0]["reason"]


def test_a_broken_one_says_what_to_run(folder: Path) -> None:
    (folder / "a-model.gguf").write_bytes(model()[:500])
    row = model_rows(folder, "")[0]
    assert not row["ready"]
    assert "is no usable model: it ends within" in row["reason"]
    assert row["remedy"] == f"rm {folder / 'a-model.gguf'}"


def test_none_at_all(tmp_path: Path) -> None:
    (row,) = model_rows(tmp_path / "absent", "")
    assert (row["engine"], row["ready"], row["remedy"]) == ("models", False, "make model NAME=qwen2.5-1.5b")
    assert "There is no model in" in row["reason"]


def test_the_chosen_one_may_be_elsewhere_or_missing(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "c-model.gguf"
    elsewhere.write_bytes(whole())
    assert [row["engine"] for row in model_rows(folder, str(elsewhere))][2:] == ["model c-model"]
    row = model_rows(folder, "a-modle")[0]
    assert (row["engine"], row["ready"]) == ("models", False)
    assert 'Did you mean "a-model"?' in row["reason"]
    assert row["remedy"] == "set PROVIDER_LLAMACPP_MODEL=a-model"


def test_the_library_that_llama_cpp_needs() -> None:
    def absent(name: str) -> object:
        raise OSError(name)

    assert library(lambda name: name) == {"engine": "libgomp1", "ready": True, "reason": "", "remedy": ""}
    row = library(absent)
    assert (row["ready"], row["remedy"]) == (False, "sudo apt-get install -y libgomp1")
    assert "libgomp.so.1 is not installed" in row["reason"]


def test_engines_library_and_models_are_examined(folder: Path) -> None:
    rows = {row["engine"]: row for row in examine(Settings(models_dir=folder))}
    assert rows["echo"]["ready"]
    assert {"libgomp1", "model a-model", "model b-model"} <= rows.keys()
