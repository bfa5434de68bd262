from __future__ import annotations

import importlib.util
from pathlib import Path

SOURCE = Path(__file__).parents[3] / "tools" / "images" / "settings.py"
SPEC = importlib.util.spec_from_file_location("build_settings", SOURCE)
settings = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(settings)
NAMES = ("PIP_CONFIG_FILE", "PIP_CERT")


def told(secrets: Path, monkeypatch) -> dict[str, str]:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    found = settings.environ(secrets)
    return {name: found[name] for name in NAMES if name in found}


def test_a_build_without_secrets_is_pips_own(tmp_path: Path, monkeypatch) -> None:
    assert told(tmp_path, monkeypatch) == {}


def test_secrets_tell_where_from_and_whom_to_trust(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "pip_conf").write_text("[global]\n")
    (tmp_path / "ca").write_text("certificate")
    assert told(tmp_path, monkeypatch) == {
        "PIP_CONFIG_FILE": str(tmp_path / "pip_conf"),
        "PIP_CERT": str(tmp_path / "ca"),
    }


def test_an_empty_secret_is_none(tmp_path: Path, monkeypatch) -> None:
    for name in ("pip_conf", "ca"):
        (tmp_path / name).write_text("")
    assert told(tmp_path, monkeypatch) == {}
