from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.gguf_header import model
from tests.fakes.gguf_header import model as whole

from svc_text import doctor
from svc_text.doctor import examine, library, model_rows
from svc_text.settings import Settings
from troupe.wire.doctor.findings import Finding, State
from troupe.wire.probe import ILL, WELL


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a-model", "b-model"):
        (tmp_path / f"{name}.gguf").write_bytes(whole())
    return tmp_path


def test_each_model_file_is_a_row(folder: Path) -> None:
    rows = model_rows(folder, "")
    assert [(row.name, row.ok) for row in rows] == [("model a-model", True), ("model b-model", True)]
    assert "Tiny Test, llama, 0 MB, context 256 tokens" in rows[0].reason


def test_a_broken_one_says_what_to_run(folder: Path) -> None:
    (folder / "a-model.gguf").write_bytes(model()[:500])
    row = model_rows(folder, "")[0]
    assert row.state is State.BROKEN
    assert "is no usable model: it ends within" in row.reason
    assert row.remedy == f"rm {folder / 'a-model.gguf'}"


def test_none_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert model_rows(tmp_path / "absent", "") == []
    rows = rows_of(tmp_path / "absent", "", monkeypatch)
    assert (rows["llamacpp"].state, rows["llamacpp"].remedy) == (State.MISSING, "make model NAME=qwen2.5-1.5b")
    assert "There is no model in" in rows["llamacpp"].reason
    assert not any(name.startswith("model") for name in rows)
    assert "for tests" in rows["echo"].reason
    assert "prompts need a language model" in rows["extractive"].reason


def rows_of(folder: Path, wanted: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Finding]:
    monkeypatch.setenv("TROUPE_TEXT_MODELS_DIR", str(folder))
    monkeypatch.setenv("PROVIDER_LLAMACPP_MODEL", wanted)
    return {row.name: row for row in examine(Settings.load())}


def test_the_chosen_one_may_be_elsewhere_or_missing(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "c-model.gguf"
    elsewhere.write_bytes(whole())
    assert [row.name for row in model_rows(folder, str(elsewhere))][2:] == ["model c-model"]
    row = rows_of(folder, "a-modle", monkeypatch)["llamacpp"]
    assert row.state is State.MISSING
    assert 'Did you mean "a-model"?' in row.reason
    assert row.remedy == "set PROVIDER_LLAMACPP_MODEL=a-model"


def test_the_library_that_llama_cpp_needs() -> None:
    def absent(name: str) -> object:
        raise OSError(name)

    assert library(lambda name: name) == Finding("text", "libgomp1", State.OK)
    row = library(absent)
    assert (row.state, row.remedy) == (State.MISSING, "sudo apt-get install -y libgomp1")
    assert "libgomp.so.1 is not installed" in row.reason


def test_engines_library_and_models_are_examined(folder: Path) -> None:
    rows = {row.name: row for row in examine(Settings(models_dir=folder))}
    assert rows["echo"].ok
    assert rows["extractive"].seconds is not None
    assert {"libgomp1", "model a-model", "model b-model"} <= rows.keys()


def test_what_stands_around_the_engines_is_looked_at(folder: Path) -> None:
    settings = Settings(models_dir=folder, grpc_port=0, metrics_port=0)
    names = [row.name for row in examine(settings)]
    assert names[:4] == ["imports", "port any", "port any", f"disk {folder}"]
    assert "memory" not in names
    assert {"memory", "driver", "torch"} <= {row.name for row in examine(settings, machine=True)}


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ((WELL, "127.0.0.1:50051/troupe.v1.Text/vllm: SERVING"), State.OK),
        ((ILL, "127.0.0.1:50051/troupe.v1.Text/vllm: NOT_SERVING"), State.BROKEN),
    ],
)
def test_vllm_is_not_loaded_beside_a_service_that_runs(
    answer: tuple[int, str], state: State, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "probe", lambda *_: answer)
    rows = [row for row in examine(Settings(engines="vllm,extractive", models_dir=folder)) if row.name == "vllm"]
    assert [(row.state, row.needed) for row in rows] == [(state, state is State.BROKEN)]
    assert answer[1] in rows[0].reason


def test_vllm_is_tried_where_no_service_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "probe", lambda *_: (ILL, "127.0.0.1:50051: UNAVAILABLE: nobody"))
    rows = [row for row in examine(Settings(engines="vllm,extractive", models_dir=folder)) if row.name == "vllm"]
    assert [row.state for row in rows] == [State.MISSING]
