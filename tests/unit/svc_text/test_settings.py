from __future__ import annotations

from pathlib import Path

import pytest

from svc_text.settings import Settings
from troupe.wire.errors import InvalidArgument


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("TROUPE_TEXT_MODELS_DIR", "PROVIDER_LLAMACPP_MODEL", "PROVIDER_VLLM_BASE_URL", "TROUPE_TEXT_ENGINES"):
        monkeypatch.delenv(name, raising=False)


def test_models_stand_below_the_working_folder() -> None:
    settings = Settings.load()
    assert (settings.models_dir, settings.llamacpp_model) == (Path("models/text"), "")


def test_folder_and_model_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROUPE_TEXT_MODELS_DIR", "elsewhere")
    monkeypatch.setenv("PROVIDER_LLAMACPP_MODEL", "models/x.gguf")
    settings = Settings.load()
    assert (settings.models_dir, settings.llamacpp_model) == (Path("elsewhere"), "models/x.gguf")


def test_the_folder_may_be_below_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROUPE_TEXT_MODELS_DIR", "~/models")
    assert Settings.load().models_dir == Path.home() / "models"


@pytest.mark.parametrize("name", ["TROUPE_TEXT_MODELS_DIR", "PROVIDER_LLAMACPP_MODEL"])
def test_an_empty_one_is_unset(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "")
    assert Settings.load() == Settings()
    assert Settings.load().models_dir == Path("models/text")


def test_a_slip_of_the_pen_names_the_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROUPE_TEXT_MODEL_DIR", "x")
    with pytest.raises(InvalidArgument, match='Did you mean "TROUPE_TEXT_MODELS_DIR"'):
        Settings.load()


def test_what_reads_another_name_is_not_known_under_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROUPE_TEXT_LLAMACPP_MODEL", "x")
    with pytest.raises(InvalidArgument, match="Nothing reads the setting TROUPE_TEXT_LLAMACPP_MODEL"):
        Settings.load()


def test_the_engines_get_what_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PROVIDER_VLLM_BASE_URL": "http://gpu:8001",
        "PROVIDER_VLLM_API_KEY": "sk-very-secret",
        "PROVIDER_VLLM_MODEL": "m",
        "TROUPE_TEXT_OPENAI_CONCURRENCY": "7",
        "TROUPE_TEXT_LLAMACPP_SLOTS": "3",
    }.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    openai = settings.context.openai
    assert (openai.base_url, openai.api_key, openai.model, openai.concurrency) == (
        "http://gpu:8001", "sk-very-secret", "m", 7,
    )  # fmt: skip
    assert settings.context.llamacpp.slots == 3
    assert "secret" not in repr(settings) + repr(settings.context)


def test_a_server_that_was_named_is_among_the_engines_unless_they_were_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "openai" not in Settings.load().engine_names
    monkeypatch.setenv("PROVIDER_VLLM_BASE_URL", "http://gpu:8001")
    assert Settings.load().engine_names == ("openai", "llamacpp", "extractive", "echo")
    monkeypatch.setenv("TROUPE_TEXT_ENGINES", "echo")
    assert Settings.load().engine_names == ("echo",)
