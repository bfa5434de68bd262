from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest
import yaml
from dotenv import dotenv_values
from tests.fakes.certificates import files, make

from troupe.wire.papers import examine

SOURCE = Path(__file__).parents[3] / "deploy" / "prepare.py"
SPEC = importlib.util.spec_from_file_location("prepare", SOURCE)
prepare = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(prepare)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project and empty volumes; who owns what is noted down, as only root can give away."""
    certified = [f"certified/{part}" for part in prepare.PARTS]
    for name in ("project", "settings/gateway", "settings/services", "settings/fetch", "voices", *certified):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setattr(prepare, "CERTIFIED", tmp_path / "certified")
    monkeypatch.setattr(prepare, "PROJECT", tmp_path / "project")
    monkeypatch.setattr(prepare, "SETTINGS", tmp_path / "settings")
    monkeypatch.setattr(prepare, "VOICES", tmp_path / "voices")
    monkeypatch.setattr(os, "chown", lambda *_, **__: None)
    return tmp_path


def read(folders: Path, who: str) -> dict[str, str | None]:
    return dict(dotenv_values(folders / "settings" / who / ".env"))


def test_without_a_file_everybody_reads_nothing(folders: Path) -> None:
    assert prepare.main() == 0
    assert [read(folders, who) for who in ("gateway", "services", "fetch")] == [{}, {}, {}]


def test_each_reads_what_it_may(folders: Path) -> None:
    (folders / "project/.env").write_text(
        "MINIMAX_API_KEY=cloud\nPROVIDER_MINIMAX_CAP_USD_DAY=3\nHF_TOKEN=hub\nPROVIDER_VLLM_MODEL=m\nTROUPE_VERSION=2\n"
    )
    assert prepare.main() == 0
    assert set(read(folders, "gateway")) == {
        "MINIMAX_API_KEY",
        "PROVIDER_MINIMAX_CAP_USD_DAY",
        "HF_TOKEN",
        "PROVIDER_VLLM_MODEL",
    }
    assert read(folders, "services") == {"PROVIDER_VLLM_MODEL": "m"}
    assert read(folders, "fetch") == {"HF_TOKEN": "hub"}


def test_what_fetches_weights_knows_the_mirrors_and_where_the_services_look(folders: Path) -> None:
    told = {
        "HF_ENDPOINT": "https://mirror.example",
        "GITHUB_ENDPOINT": "https://mirror.example/github",
        "HTTPS_PROXY": "http://proxy.example:3128",
        "TROUPE_TEXT_MODELS_DIR": "models/mine",
        "TROUPE_SPEECH_PIPER_DIR": "voices/mine",
        "PROVIDER_XTTS_CHECKPOINT": "models/xtts2",
        "PROVIDER_SADTALKER_CHECKPOINT": "./models/sadtalker",
    }
    (folders / "project/.env").write_text("".join(f"{name}={value}\n" for name, value in told.items()))
    assert prepare.main() == 0
    assert read(folders, "fetch") == told


def test_keys_of_callers_come_along_for_the_gateway_alone(folders: Path) -> None:
    (folders / "project/keys.json").write_text("[]")
    (folders / "project/.env").write_text("TROUPE_API_KEYS_FILE=keys.json\n")
    assert prepare.main() == 0
    assert read(folders, "gateway") == {"TROUPE_API_KEYS_FILE": "/app/settings/keys.json"}
    assert (folders / "settings/gateway/keys.json").read_text() == "[]"
    assert read(folders, "services") == {}


def test_each_part_gets_its_own_certificate_and_the_setting_to_show_it(folders: Path) -> None:
    (folders / "project/.env").write_text("TROUPE_TLS_CERT=var/certs/mesh/tls.crt\nPROVIDER_TTS=flite\n")
    assert prepare.main() == 0
    assert read(folders, "gateway") == {"PROVIDER_TTS": "flite"}
    make(folders / "project/var/certs")
    (folders / "settings/gateway/.env").chmod(0o600)
    for _ in range(2):
        assert prepare.main() == 0
    shown = {name: f"/etc/troupe/tls/{file}" for name, file in prepare.OF_TLS.items()}
    assert read(folders, "gateway") == {"PROVIDER_TTS": "flite"} | shown
    assert read(folders, "services") == {"PROVIDER_TTS": "flite"} | shown
    assert read(folders, "fetch") == {}
    for part in prepare.PARTS:
        assert part in examine(files(folders / "certified", part)).names
        assert {path.name for path in (folders / "certified" / part).iterdir()} == set(prepare.OF_TLS.values())
        assert (folders / "certified" / part / "tls.key").stat().st_mode & 0o777 == prepare.FOR_OWNER


def test_no_key_is_anybodys_to_read_while_it_is_handed_over(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(folders / "project/var/certs")
    (folders / "project/keys.json").write_text("[]")
    (folders / "project/.env").write_text("TROUPE_API_KEYS_FILE=keys.json\nMINIMAX_API_KEY=cloud\n")
    before, own = {}, prepare.own

    def look(path: Path, *mode: int) -> None:
        before[path.name] = path.stat().st_mode & 0o777
        own(path, *mode)

    monkeypatch.setattr(prepare, "own", look)
    assert prepare.main() == 0
    assert before == dict.fromkeys((".tls.crt", ".tls.key", ".ca.crt", ".env", "keys.json"), 0o600)


def test_without_certificates_none_stay(folders: Path) -> None:
    make(folders / "project/var/certs")
    assert prepare.main() == 0
    shutil.rmtree(folders / "project/var/certs")
    assert prepare.main() == 0
    assert [path for path in (folders / "certified").rglob("*") if path.is_file()] == []
    assert read(folders, "services") == {}


def test_every_part_mounts_the_certificate_that_is_made_for_it() -> None:
    services = yaml.safe_load((SOURCE.parent / "compose.yaml").read_text())["services"]
    places = [volume.split(":") for volume in services["prepare"]["volumes"]]
    made = {place[1].removeprefix("/certified/"): place[0] for place in places if place[1].startswith("/certified/")}
    assert set(made) == set(prepare.PARTS)
    for part, volume in made.items():
        service = services["xtts" if part == "svc-tts" else part]
        assert f"{volume}:{prepare.SHOWN}:ro" in service["volumes"]


def test_it_can_be_run_again(folders: Path) -> None:
    (folders / "project/.env").write_text("PROVIDER_TTS=flite\n")
    assert [prepare.main(), prepare.main()] == [0, 0]


@pytest.mark.parametrize(
    "value", ["plain", "two words", "a'quote", 'a "double"', "back\\slash", "dollar$sign", "#no comment", "a=b", ""]
)
def test_values_survive_the_way(folders: Path, value: str) -> None:
    prepare.write(folders / "settings/fetch", {"NAME": value})
    assert read(folders, "fetch") == {"NAME": value}


@pytest.mark.parametrize(
    ("name", "value", "there"),
    [
        ("PROVIDER_VLLM_BASE_URL", "http://localhost:8001/v1", "http://host.docker.internal:8001/v1"),
        ("PROVIDER_COQUI_SERVICE_URL", "http://localhost:5050", "http://svc-tts:5050"),
        ("PROVIDER_BIG_TARGET", "127.0.0.1:50061", "host.docker.internal:50061"),
        ("PROVIDER_BIG_TARGET", "text.house:50051", "text.house:50051"),
        ("PROVIDER_VLLM_MODEL", "localhost", "localhost"),
        ("PROVIDER_VLLM_BASE_URL", "", ""),
    ],
)
def test_localhost_is_this_machine(name: str, value: str, there: str) -> None:
    assert prepare.reachable(name, value) == there


def test_a_folder_that_cannot_be_given_away_is_said(folders: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(prepare, "give", refuse)
    assert prepare.main() == 1
    assert "sudo chown" in capsys.readouterr().err


def test_only_what_is_not_theirs_is_given(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    (folders / "voices/a.wav").write_bytes(b"")
    monkeypatch.setattr(os, "chown", lambda path, *_, **how: given.append((Path(path).name, how)))
    prepare.give(folders / "voices")
    assert given == [("voices", {"follow_symlinks": False}), ("a.wav", {"follow_symlinks": False})]
