from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.certificates import EXPIRED, files, make

from troupe.wire.doctor.certificate import examine_certificate
from troupe.wire.doctor.findings import Finding, State


def test_without_a_certificate_there_is_nothing_to_say_of_it() -> None:
    assert examine_certificate("gateway", None) == []


def test_a_certificate_tells_how_long_it_holds(tmp_path: Path) -> None:
    names = "gateway, gateway.troupe.svc, gateway.troupe.svc.cluster.local, localhost"
    found = examine_certificate("gateway", files(make(tmp_path), "gateway"))
    assert found == [Finding("gateway", "certificate", State.OK, f"90 days left, for {names}")]
    (found,) = examine_certificate("gateway", files(make(tmp_path, days=13), "gateway"))
    assert (found.ok, found.remedy) == (True, "make certs")


@pytest.mark.parametrize("part", ["text", "speech", "video"])
def test_one_of_another_part_is_broken(tmp_path: Path, part: str) -> None:
    (found,) = examine_certificate(part, files(make(tmp_path), "gateway"))
    assert found.failed
    assert found.reason.startswith("its neighbours ask for svc-")
    assert found.remedy.startswith("Set TROUPE_TLS_CERT to svc-")
    assert examine_certificate(part, files(tmp_path, "mesh"))[0].ok


def test_one_that_cannot_be_used_is_made_anew(tmp_path: Path) -> None:
    (found,) = examine_certificate("text", files(make(tmp_path, EXPIRED), "svc-text"))
    assert (found.failed, found.remedy) == (True, "make certs")
    assert "certificate has expired" in found.reason
