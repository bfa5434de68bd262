"""`make certs`: for whom, for how long, and that a second call renews all but the CA."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from tests.fakes.certificates import SOURCE, certs, files

from gateway.providers.services import CERTIFIED
from troupe.wire.papers import examine
from troupe.wire.probe import CERTIFIED_NAME

ROOT = Path(__file__).parents[3]
DAY_S = 24 * 3600
OWASP_DAYS = 90


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SOURCE, *words], capture_output=True, text=True, timeout=50, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certs") / "made"
    done = run(str(folder))
    assert done.returncode == 0, done.stderr
    return folder


def test_every_part_gets_one_and_one_is_for_all(made: Path) -> None:
    names = {path.name: examine(files(made, path.name)).names for path in made.iterdir() if path.is_dir()}
    assert set(names) == {*certs.PARTS, "mesh"}
    assert names["mesh"] == frozenset().union(*(names[part] for part in certs.PARTS))


def test_the_names_are_those_that_are_asked_for(made: Path) -> None:
    for name in CERTIFIED.values():
        assert {name, CERTIFIED_NAME} <= examine(files(made, name)).names


def test_cert_manager_makes_the_same() -> None:
    manifest = ROOT / "deploy/k8s/components/tls/certificates.yaml"
    asked = {each["spec"]["commonName"]: each["spec"] for each in yaml.safe_load_all(manifest.read_text())}
    assert {name: spec["dnsNames"] for name, spec in asked.items()} == {
        part: certs.names_of(part) for part in certs.PARTS
    }
    assert {spec["duration"] for spec in asked.values()} == {f"{certs.DAYS * 24}h"}


def test_they_hold_for_ninety_days_and_nobody_else_reads_them(made: Path) -> None:
    left = examine(files(made, "gateway")).expires - time.time()
    assert left < (OWASP_DAYS + 1) * DAY_S
    assert {oct(path.stat().st_mode & 0o777) for path in made.rglob("*") if path.is_file()} == {"0o600"}
    assert {oct(path.stat().st_mode & 0o777) for path in made.rglob("*") if path.is_dir()} == {"0o700"}
    assert [path for path in made.rglob("*") if path.suffix not in {".crt", ".key"} and path.is_file()] == []


def test_a_second_call_renews_all_but_the_ca(made: Path) -> None:
    before = {path: path.read_bytes() for path in made.rglob("*.*") if path.is_file()}
    assert run(str(made)).returncode == 0
    same = {path.name for path, content in before.items() if path.read_bytes() == content}
    assert same == {"ca.crt", "ca.key"}
    assert {path.name for path, content in before.items() if path.read_bytes() != content} == {"tls.crt", "tls.key"}


def test_without_openssl_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "openssl is not there. Install openssl" in run(str(tmp_path / "certs")).stderr
