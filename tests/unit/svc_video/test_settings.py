from __future__ import annotations

import pytest

from svc_video.settings import Settings
from troupe.wire.errors import InvalidArgument


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)  # no .env of the developer's


def test_the_usual(monkeypatch) -> None:
    for name in ("TROUPE_VIDEO_ENGINES", "PROVIDER_PORTRAIT_CODEC", "PORTRAITS_URL"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings()
    assert (settings.host, settings.grpc_port, settings.metrics_port) == ("127.0.0.1", 50053, 9103)
    assert settings.engine_names == ("sadtalker", "portrait")
    assert settings.containers == ("mp4", "webm")
    assert settings.portraits_url == "./portraits"


def test_the_environment_is_read(monkeypatch) -> None:
    monkeypatch.setenv("TROUPE_VIDEO_ENGINES", "portrait, still")
    monkeypatch.setenv("PROVIDER_PORTRAIT_CODEC", "vp9")
    monkeypatch.setenv("PORTRAITS_URL", "/faces")
    settings = Settings()
    assert settings.engine_names == ("portrait", "still")
    assert settings.containers == ("webm",)
    assert settings.portraits_url == "/faces"


def test_a_codec_nobody_has_is_an_error_at_start(monkeypatch) -> None:
    monkeypatch.setenv("PROVIDER_PORTRAIT_CODEC", "av1")
    with pytest.raises(InvalidArgument, match=r"PROVIDER_PORTRAIT_CODEC.*h264"):
        Settings.load()


def test_a_slip_of_the_pen_is_an_error_at_start(monkeypatch) -> None:
    monkeypatch.setenv("TROUPE_VIDEO_ENGINE", "still")
    with pytest.raises(InvalidArgument, match="TROUPE_VIDEO_ENGINES"):
        Settings.load()


def test_what_the_gateway_reads_is_none(monkeypatch) -> None:
    monkeypatch.setenv("TROUPE_VIDEO_TARGET", "video:50053")
    assert Settings.load().grpc_port == 50053
