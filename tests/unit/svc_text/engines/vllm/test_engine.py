from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter

from svc_text.engine import Chat, EngineContext, Turn, make
from svc_text.engines.vllm import adapter, facts
from svc_text.engines.vllm.engine import VllmEngine
from svc_text.engines.vllm.metrics import VllmMetrics
from svc_text.places import VllmPlace
from troupe.wire.chats import MOST_STOPS
from troupe.wire.errors import CheckpointNotFound, EngineMissing, InvalidArgument
from troupe.wire.progress import Progress


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter.importlib.util, "find_spec", lambda name: object())


def ignored(part: float, why: str) -> None:
    """Nobody listens."""


async def test_without_vllm_its_command_is_told() -> None:
    if importlib.util.find_spec("vllm") is not None:
        pytest.skip("vLLM is installed here")
    with pytest.raises(EngineMissing) as missing:
        await make("vllm", EngineContext(vllm=VllmPlace("m"))).start(ignored)
    assert missing.value.details["remedy"] == "make vllm"


async def test_without_a_model_its_setting_is_told(installed) -> None:
    with pytest.raises(CheckpointNotFound) as missing:
        await VllmEngine().start(ignored)
    assert "PROVIDER_VLLM_MODEL" in str(missing.value.details["remedy"])


async def test_settings_that_exclude_each_other_are_refused_before_anything_is_loaded(installed) -> None:
    engine = VllmEngine(EngineContext(vllm=VllmPlace("m", nodes=2)))
    with pytest.raises(InvalidArgument, match="TROUPE_TEXT_VLLM_HEAD"):
        await engine.start(ignored)
    await engine.stop()


async def test_before_it_was_started_it_answers_nobody() -> None:
    with pytest.raises(EngineMissing, match="not been started"):
        await anext(VllmEngine().chat(Chat((Turn("user", "a"),)), Progress()))


def test_metrics_are_vllms_alone() -> None:
    theirs, ours = CollectorRegistry(), CollectorRegistry()
    Counter("vllm:things", "of vLLM", registry=theirs).inc(3)
    Counter("python_things", "of the process", registry=theirs)
    ours.register(VllmMetrics(theirs))
    assert ours.get_sample_value("vllm:things_total") == 3
    assert {metric.name for metric in ours.collect()} == {"vllm:things"}


@pytest.mark.parametrize(
    ("card", "licence", "commercial"),
    [
        ("---\nlicense: apache-2.0\n---\n", "apache-2.0", True),
        ("---\ntags: a\nlicense: other\n---\n", "other", False),
        ("no card", "unknown", False),
        (None, "unknown", False),
    ],
)
def test_the_licence_is_what_the_card_says(tmp_path: Path, card, licence, commercial) -> None:
    if card is not None:
        (tmp_path / "README.md").write_text(card)
    told, allowed, note = facts._licence(str(tmp_path))
    assert (told, allowed) == (licence, commercial)
    assert note


def test_size_and_name_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"12")
    (tmp_path / "b.safetensors").write_bytes(b"345")
    assert facts.size_of(str(tmp_path)) == 5
    assert facts.name_of(str(tmp_path)) == tmp_path.name
    assert (facts.size_of("owner/name"), facts.name_of("owner/name")) == (0, "owner/name")


def test_vllm_is_told_to_take_as_many_stop_strings_as_the_limits_do() -> None:
    assert adapter.QUIET["VLLM_MAX_STOP_STRINGS"] == str(MOST_STOPS)
