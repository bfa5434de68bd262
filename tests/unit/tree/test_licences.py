"""No GPL code in a service's main process: PyAV alone is excepted, and named in NOTICE."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
PARTS = ("troupe-gateway", "troupe-svc-text", "troupe-svc-tts", "troupe-svc-video")
COPYLEFT = re.compile(r"(?<!L)\bA?GPL|(?<!Lesser )(?<!Library )General Public License", re.IGNORECASE)
# Carries GPL code in its wheel whatever its metadata says; why it is allowed stands in NOTICE.
EXCEPTED = {"av"}
# Carries GPL code and is loaded in child processes only: the main process cannot import it (see the test below).
CHILD_ONLY = {"espeakng-loader"}


def closure(name: str) -> set[str]:
    """Every distribution that `name` needs here, itself included."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in seen:
            continue
        try:
            needs = distribution(name).requires or []
        except PackageNotFoundError:
            continue
        seen.add(name)
        wanted = [Requirement(need) for need in needs]
        waiting += [need.name for need in wanted if need.marker is None or need.marker.evaluate({"extra": ""})]
    return seen


def licence_lines(name: str) -> Iterator[str]:
    metadata = distribution(name).metadata
    yield metadata.get("License-Expression") or ""
    yield (metadata.get("License") or "").partition("\n")[0][:200]
    yield from (line for line in metadata.get_all("Classifier") or [] if line.startswith("License"))


@pytest.mark.parametrize("part", PARTS)
def test_no_copyleft_distribution_is_needed(part: str) -> None:
    found = {
        name: line
        for name in closure(part) - EXCEPTED - CHILD_ONLY
        for line in licence_lines(name)
        if COPYLEFT.search(line) and "LGPL" not in line and "Lesser" not in line
    }
    assert found == {}


def test_the_rule_would_notice() -> None:
    assert COPYLEFT.search("GPL-3.0-or-later")
    assert COPYLEFT.search("License :: OSI Approved :: GNU Affero General Public License v3")
    assert COPYLEFT.search("AGPL-3.0")
    assert not COPYLEFT.search("LGPL-3.0")
    assert not COPYLEFT.search("License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)")
    assert not COPYLEFT.search("MIT")


def test_the_closure_is_not_empty() -> None:
    assert {"numpy", "av", "grpcio", "troupe-protos"} <= closure("troupe-svc-video")


def test_the_main_process_cannot_import_what_is_for_children_only() -> None:
    program = "from svc_tts.__main__ import keep_gpl_out; keep_gpl_out(); import espeakng_loader"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "ModuleNotFoundError" in done.stderr
    assert "keep_gpl_out()\n" in (ROOT / "svc-tts/src/svc_tts/__main__.py").read_text()


def test_what_is_excepted_is_named_in_notice() -> None:
    notice = (ROOT / "NOTICE").read_text()
    for name in ("PyAV", "x264", "espeak-ng", "lameenc", "MediaPipe"):
        assert name in notice


def test_known_gpl_packages_are_not_installed_at_all() -> None:
    installed = {canonicalize_name(each.metadata["Name"]) for each in distributions()}
    assert installed & {"phonemizer", "piper-tts", "pykakasi", "espeakng", "pyworld-gpl"} == set()
