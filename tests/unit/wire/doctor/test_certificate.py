from __future__ import annotations

from pathlib import Path

from tests.fakes.certificates import EXPIRED, files, make

from troupe.wire.doctor.certificate import examine_certificate
from troupe.wire.doctor.findings import Finding, State


def test_without_a_certificate_there_is_nothing_to_say_of_it() -> None:
    assert examine_certificate("gateway", None) == []


def test_a_certificate_tells_how_long_it_holds(tmp_path: Path) -> None:
    found = examine_certificate("gateway", files(make(tmp_path), "gateway"))
    assert found == [Finding("gateway", "certificate", State.OK, "90 days left, for gateway and others")]


def test_one_that_cannot_be_used_is_made_anew(tmp_path: Path) -> None:
    (found,) = examine_certificate("text", files(make(tmp_path, EXPIRED), "svc-text"))
    assert (found.failed, found.remedy) == (True, "make certs")
    assert "certificate has expired" in found.reason
