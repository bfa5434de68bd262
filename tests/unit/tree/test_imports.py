"""Imports go one way: import-linter's contracts of the root pyproject.toml hold, and would notice if they did not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
LINT = str(Path(sys.executable).with_name("lint-imports"))
PLANTED = """
[importlinter]
root_packages =
    svc_text

[importlinter:contract:planted]
name = The server may not know the desk
type = forbidden
source_modules =
    svc_text.server
forbidden_modules =
    svc_text.desk
"""


def test_the_contracts_hold() -> None:
    done = subprocess.run([LINT, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


def test_a_broken_contract_is_noticed(tmp_path: Path) -> None:
    config = tmp_path / "planted.ini"
    config.write_text(PLANTED)
    done = subprocess.run(
        [LINT, "--no-cache", "--config", str(config)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "svc_text.server -> svc_text.desk" in done.stdout
