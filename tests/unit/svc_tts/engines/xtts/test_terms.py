from __future__ import annotations

import sys
from pathlib import Path

import pytest

from svc_tts.engine import EngineContext, XttsPlace
from svc_tts.engines.xtts.terms import missing_files, require
from troupe.wire.errors import EngineMissing

FILES = ("model.pth", "config.json", "vocab.json", "speakers_xtts.pth")


def release(folder: Path, *without: str) -> Path:
    for name in set(FILES) - set(without):
        (folder / name).touch()
    return folder


def refused(place: XttsPlace, *, commercial_only: bool = False) -> EngineMissing:
    with pytest.raises(EngineMissing) as caught:
        require(EngineContext(1, 2.0, commercial_only=commercial_only, xtts=place))
    return caught.value


def test_without_agreement_it_says_what_the_licence_means(tmp_path: Path) -> None:
    error = refused(XttsPlace(release(tmp_path)))
    assert "neither the model nor what it speaks may be used commercially" in error.message
    assert "COQUI_TOS_AGREED=1" in error.details["remedy"]


def test_commercial_use_keeps_it_out_whatever_was_agreed(tmp_path: Path) -> None:
    error = refused(XttsPlace(release(tmp_path), tos_agreed=True), commercial_only=True)
    assert "TROUPE_COMMERCIAL_ONLY=1" in error.message


def test_missing_files_are_named(tmp_path: Path) -> None:
    error = refused(XttsPlace(release(tmp_path, "model.pth", "vocab.json"), tos_agreed=True))
    assert "model.safetensors or model.pth, vocab.json not found" in error.message
    assert error.details["remedy"] == "make xtts"
    (tmp_path / "model.safetensors").touch()
    assert missing_files(tmp_path) == ["vocab.json"]


def test_without_torch_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    error = refused(XttsPlace(release(tmp_path), tos_agreed=True))
    assert error.details["remedy"].startswith("make torch")
