from __future__ import annotations

import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.certificates import EXPIRED, files, make

from troupe.wire.errors import InvalidArgument
from troupe.wire.papers import SETTINGS, TlsFiles, examine

DAY_S = 24 * 3600


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("ours"))


def test_good_papers_tell_whose_they_are_and_until_when(ours: Path) -> None:
    papers = examine(files(ours, "svc-text"))
    assert papers.names == {"svc-text", "svc-text.troupe.svc", "svc-text.troupe.svc.cluster.local", "localhost"}
    assert papers.key.startswith(b"-----BEGIN")
    assert 89 * DAY_S < papers.expires - time.time() < 90 * DAY_S + 60


def test_those_of_another_ca_are_refused(ours: Path, tmp_path: Path) -> None:
    other = files(make(tmp_path), "svc-text")
    with pytest.raises(InvalidArgument, match=r"TROUPE_TLS_CERT=.*local issuer.*ca\.crt"):
        examine(replace(other, ca=files(ours, "svc-text").ca))


def test_expired_ones_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"certificate has expired .*make certs"):
        examine(files(make(tmp_path, EXPIRED), "gateway"))


def test_a_key_of_another_certificate_is_refused(ours: Path) -> None:
    with pytest.raises(InvalidArgument, match="the key is not this certificate's"):
        examine(replace(files(ours, "gateway"), key=files(ours, "svc-tts").key))


@pytest.mark.parametrize("field", ["certificate", "key", "ca"])
def test_a_file_that_is_not_there_or_no_pem_is_named(ours: Path, tmp_path: Path, field: str) -> None:
    missing = tmp_path / "nothing"
    with pytest.raises(InvalidArgument, match=f"{missing} cannot be read: No such file"):
        examine(replace(files(ours, "gateway"), **{field: missing}))
    missing.write_text("no certificate")
    with pytest.raises(InvalidArgument, match="TROUPE_TLS_CERT="):
        examine(replace(files(ours, "gateway"), **{field: missing}))


def openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def test_a_key_with_a_pass_phrase_is_refused_and_nobody_is_asked_for_it(ours: Path, tmp_path: Path) -> None:
    locked, plain = tmp_path / "locked.key", files(ours, "gateway")
    openssl("ec", "-in", str(plain.key), "-aes256", "-passout", "pass:secret", "-out", str(locked))
    with pytest.raises(InvalidArgument, match=r": the key has a pass phrase.*without \(.*locked\.key"):
        examine(replace(plain, key=locked))


def test_a_certificate_that_is_its_own_ca_is_refused(tmp_path: Path) -> None:
    key, own = tmp_path / "own.key", tmp_path / "own.crt"
    kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=own")
    extensions = ("-addext", "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=DNS:own")
    openssl("req", "-x509", *kind, *extensions, "-keyout", str(key), "-out", str(own))
    with pytest.raises(InvalidArgument, match=r"own\.crt holds no certificate of a CA"):
        examine(TlsFiles(own, key, own))


def test_what_changes_while_it_is_read_is_not_shown(ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a new certificate would be shown with the old key, which was judged with the old certificate."""
    reading = iter([(b"old", b"old", b"ca"), (b"new", b"old", b"ca")])
    monkeypatch.setattr(TlsFiles, "read", lambda _: next(reading))
    with pytest.raises(InvalidArgument, match="the files changed while they were read"):
        examine(files(ours, "gateway"))


def test_all_settings_or_none(ours: Path) -> None:
    assert TlsFiles.of("", "", "") is None
    assert TlsFiles.of("a", "b", "c") == TlsFiles(Path("a"), Path("b"), Path("c"))
    for at, name in enumerate(SETTINGS):
        given = ["a", "b", "c"]
        given[at] = ""
        with pytest.raises(InvalidArgument, match=f"{name} must be set too"):
            TlsFiles.of(*given)


def test_marks_change_with_a_file_and_with_where_a_link_leads(ours: Path, tmp_path: Path) -> None:
    """Kubernetes renews a mounted Secret by turning one link to another folder."""
    for version in ("1", "2"):
        shutil.copytree(ours / "gateway", tmp_path / version)
    (tmp_path / "tls").symlink_to(tmp_path / "1")
    linked = files(tmp_path, "tls")
    before = linked.marks()
    assert linked.marks() == before
    (tmp_path / "new").symlink_to(tmp_path / "2")
    (tmp_path / "new").replace(tmp_path / "tls")
    assert linked.marks() != before
