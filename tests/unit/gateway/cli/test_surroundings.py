from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from tests.fakes.certificates import EXPIRED, environ, make

from gateway.cli.surroundings import examine_gateway, examine_keys, examine_targets
from gateway.settings import Settings
from troupe.wire.doctor.findings import Finding, State


def settings(folder: Path, **environ: str) -> Settings:
    return Settings.load(environ, folder)


def only(findings: list[Finding], part: str) -> Finding:
    (found,) = [finding for finding in findings if part in finding.name]
    return found


def test_all_of_it_is_looked_at(tmp_path: Path) -> None:
    free = {"TROUPE_PORT": "0", "TROUPE_GRPC_PORT": "0", "TROUPE_STATE_DIR": str(tmp_path / "state")}
    found = examine_gateway(free, tmp_path)
    assert [finding.name for finding in found if "target" not in finding.name] == [
        "imports",
        "settings",
        "keys",
        "port any",
        "port any",
        f"disk {tmp_path / 'state'}",
    ]
    assert not any(finding.failed for finding in found)


def test_a_wrong_setting_is_all_that_is_said(tmp_path: Path) -> None:
    found = examine_gateway({"PROVIDER_TTTS": "flite"}, tmp_path)
    assert [finding.failed for finding in found] == [False, True]
    assert 'Did you mean "PROVIDER_TTS"' in found[1].reason


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({}, "none are asked for, of this machine alone"),
        ({"TROUPE_HOST": "0.0.0.0", "TROUPE_OPEN": "1"}, "none are asked for, of everyone who reaches 0.0.0.0"),
    ],
)
def test_who_gets_in_without_a_key(tmp_path: Path, environ: dict[str, str], reason: str) -> None:
    assert examine_keys(settings(tmp_path, **environ)).reason == reason


def test_keys_are_counted_and_a_missing_file_has_the_command_that_makes_one(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    asking = settings(tmp_path, TROUPE_API_KEYS_FILE=str(path))
    missing = examine_keys(asking)
    assert missing.failed
    assert missing.remedy == f"troupe key --file {path}"
    path.write_text(json.dumps({"keys": [{"id": "a", "sha256": "0" * 64, "name": "me", "created": 1}]}))
    assert examine_keys(asking).reason == f"asked for: {path} holds 1"
    path.write_text("{}")
    assert "Correct that file" in examine_keys(asking).remedy


async def test_a_target_that_answers(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as service:
        target = f"127.0.0.1:{service.getsockname()[1]}"
        row = only(await examine_targets(settings(tmp_path, TROUPE_TEXT_TARGET=target)), target)
    assert (row.state, row.reason) == (State.OK, "each of its addresses answers (TROUPE_TEXT_TARGET)")


async def test_nobody_at_home_is_no_failure_on_this_machine_and_one_elsewhere(tmp_path: Path) -> None:
    hosts = settings(tmp_path, TROUPE_TEXT_TARGET="127.0.0.1:1", TROUPE_VIDEO_TARGET="127.0.0.1:1,192.0.2.1:9")
    found = await examine_targets(hosts)
    here, elsewhere = found[0], found[2]
    assert (here.state, here.failed, here.remedy) == (State.MISSING, False, "make up starts it, with all the others.")
    assert elsewhere.failed
    assert "192.0.2.1:9" in elsewhere.reason


async def test_a_name_without_an_address_is_a_failure(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # nobody speaks DNS there
        server = f"127.0.0.1:{silent.getsockname()[1]}"
        found = await examine_targets(settings(tmp_path, TROUPE_TEXT_TARGET="svc-text:50051", TROUPE_DNS_SERVER=server))
    row = only(found, "svc-text")
    assert row.failed
    assert "The name svc-text has no address" in row.reason
    assert row.remedy == "Or correct TROUPE_TEXT_TARGET."


async def test_a_rungs_own_target_is_called_too_and_a_url_is_not(tmp_path: Path) -> None:
    named = {"PROVIDER_VLLM_TARGET": "127.0.0.1:2", "TROUPE_SPEECH_TARGET": "http://127.0.0.1:5050"}
    found = await examine_targets(settings(tmp_path, **named))
    assert only(found, "127.0.0.1:2").reason == "nobody listens at 127.0.0.1:2 (PROVIDER_VLLM_TARGET)"
    assert only(found, "http://").ok


def test_the_certificate_is_looked_at_where_tls_is_on(tmp_path: Path) -> None:
    make(tmp_path, EXPIRED)
    assert only(examine_gateway(environ(tmp_path, "gateway"), tmp_path), "certificate").failed
