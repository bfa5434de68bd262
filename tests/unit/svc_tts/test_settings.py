from __future__ import annotations

import pytest
from pydantic import ValidationError

from svc_tts.settings import Settings


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TROUPE_SPEECH_ENGINES", "VOICES_URL", "TROUPE_SPEECH_GRPC_PORT"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings()
    assert (settings.grpc_port, settings.http_port, settings.metrics_port) == (50052, 5050, 9102)
    assert settings.engine_names == ("flite", "espeak")
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
