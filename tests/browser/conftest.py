"""The mesh with the engines users get, and the browser that `tools/browser.sh` installed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.e2e.conftest import Mesh, start_mesh

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def browser_python() -> Path:
    """The Python that drives the browser; `make test-browser` names its folder."""
    folder = os.environ.get("BROWSER_FOLDER")
    if not folder:
        pytest.skip("no browser is set up here: `make test-browser` installs one and plays the films")
    return ROOT / folder / "bin" / "python"


@pytest.fixture(scope="module")
def mesh(browser_python, start_service_once) -> Mesh:
    return start_mesh(start_service_once)
