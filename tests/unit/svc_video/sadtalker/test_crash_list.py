"""The table of what ends upstream, in docs/SADTALKER.md, names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[4]


def test_each_crash_has_a_test() -> None:
    rows = [row for row in (ROOT / "docs/SADTALKER.md").read_text().splitlines() if "`test_" in row and row[:1] == "|"]
    named = {name for row in rows for name in re.findall(r"`(test_\w+)`", row)}
    folders = [ROOT / "tests/unit/svc_video/sadtalker", ROOT / "tests/engines_torch/sadtalker"]
    there = {name for folder in folders for path in folder.glob("test_*.py") for name in defined(path)}
    assert len(rows) >= 20
    assert named - there == set()


def defined(path: Path) -> list[str]:
    return re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
