from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from svc_tts.engine import EdgePlace
from svc_tts.settings import Settings
from troupe.wire.errors import InvalidArgument


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TROUPE_SPEECH_ENGINES", "VOICES_URL", "TROUPE_SPEECH_GRPC_PORT"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings()
    assert (settings.grpc_port, settings.http_port, settings.metrics_port) == (50052, 5050, 9102)
    assert settings.engine_names == ("xtts", "piper", "flite", "espeak", "edge")
    assert settings.host == "127.0.0.1"
    assert settings.voices_url == "./voices"


def test_the_environment_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROUPE_SPEECH_ENGINES", " tone, espeak,,tone ")
    monkeypatch.setenv("VOICES_URL", "/data/voices")
    assert Settings().engine_names == ("tone", "espeak")
    assert Settings().voices_url == "/data/voices"
    monkeypatch.setenv("TROUPE_SPEECH_GRPC_PORT", "70000")
    with pytest.raises(ValidationError):
        Settings()


def test_edge_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().context.edge == EdgePlace(4, voices_file=Path("voices/edge-voices.json"))
    monkeypatch.setenv("TROUPE_SPEECH_EDGE_AT_ONCE", "2")
    monkeypatch.setenv("TROUPE_SPEECH_EDGE_PROXY", "http://proxy:3128")
    monkeypatch.setenv("TROUPE_SPEECH_EDGE_ENDPOINT", "wss://relay.example/readaloud")
    monkeypatch.setenv("TROUPE_SPEECH_EDGE_VOICES", "/data/edge.json")
    expected = EdgePlace(2, "http://proxy:3128", "wss://relay.example/readaloud", Path("/data/edge.json"))
    assert Settings().context.edge == expected
    monkeypatch.setenv("TROUPE_SPEECH_EDGE_PROXY", "proxy:3128")
    with pytest.raises(ValidationError, match="edge_proxy"):
        Settings()
    with pytest.raises(InvalidArgument, match="TROUPE_SPEECH_EDGE_PROXY='proxy:3128': "):
        Settings.load()


def test_a_slip_of_the_pen_names_the_right_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TROUPE_SPEECH_TARGET", "127.0.0.1:1")
    monkeypatch.setenv("TROUPE_SPEECH_ENGINES", "tone")
    assert Settings.load().engine_names == ("tone",)
    monkeypatch.setenv("TROUPE_SPEECH_WORKERZ", "3")
    with pytest.raises(InvalidArgument, match='Did you mean "TROUPE_SPEECH_WORKERS"'):
        Settings.load()


def test_an_env_file_feeds_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Set and deleted here, so that monkeypatch takes back what the file puts into the environment.
    monkeypatch.setenv("TROUPE_SPEECH_WORKERS", "1")
    monkeypatch.delenv("TROUPE_SPEECH_WORKERS")
    (tmp_path / "mine.env").write_text("TROUPE_SPEECH_WORKERS=7\n")
    monkeypatch.setenv("TROUPE_ENV_FILE", str(tmp_path / "mine.env"))
    assert Settings.load().workers == 7
