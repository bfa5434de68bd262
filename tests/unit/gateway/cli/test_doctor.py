"""What `troupe doctor` says of the settings; the engines are examined in tests/e2e."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.certificates import EXPIRED, environ, make

from gateway.cli.doctor import _settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(monkeypatch: pytest.MonkeyPatch, **env: str) -> list[tuple[str, bool, str]]:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return [(row.engine, row.ready, row.remedy) for row in _settings()]


def test_without_a_certificate_there_is_nothing_to_say_of_it(folder: Path, monkeypatch) -> None:
    assert told(monkeypatch) == [("environment", True, "")]


def test_a_certificate_tells_how_long_it_holds(folder: Path, monkeypatch) -> None:
    make(folder)
    assert told(monkeypatch, **environ(folder, "gateway")) == [("environment", True, ""), ("certificate", True, "")]
    assert _settings()[1].reason == "90 days left, for gateway and others"


def test_one_that_cannot_be_used_is_made_anew(folder: Path, monkeypatch) -> None:
    make(folder, EXPIRED)
    assert told(monkeypatch, **environ(folder, "gateway"))[1] == ("certificate", False, "make certs")
    assert "certificate has expired" in _settings()[1].reason


def test_half_of_the_settings_is_a_mistake(folder: Path, monkeypatch) -> None:
    assert told(monkeypatch, TROUPE_TLS_CERT="var/certs/mesh/tls.crt") == [("environment", False, "")]
    assert "TROUPE_TLS_KEY and TROUPE_TLS_CA must be set too" in _settings()[0].reason
