"""What of the Studio needs no page is tested by node, where there is one; the page itself by `make test-browser`."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.dialects.studio import FOLDER

TESTS = Path(__file__).parent / "pure.test.mjs"
OLDEST_NODE = 18  # the first with a test runner and web streams


def node() -> str:
    """A node that is new enough; skips the test where there is none."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("node is not installed: the Studio's modules are tested in the browser only")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=20).stdout
    if int(version.lstrip("v").split(".")[0]) < OLDEST_NODE:
        pytest.skip(f"node {version.strip()} is too old; {OLDEST_NODE} is needed")
    return program


def test_the_modules_without_a_page() -> None:
    done = subprocess.run(
        [node(), "--test", str(TESTS)],
        check=False,
        env={**os.environ, "STUDIO": str(FOLDER)},
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == 0, done.stdout + done.stderr
