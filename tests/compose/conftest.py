"""One mesh for all tests here, in the private engine that `make test-compose` started (tools/images.sh alone)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.compose.project import ROOT, Project, folder_of_a_user


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of_a_user(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="session")
def project(clone: Path) -> Project:
    """Up, with two replicas of every service; whatever happens, nothing of it stays."""
    shutil.copy(ROOT / "tests/compose/two.yaml", clone)
    project = Project(clone, ("two.yaml",))
    try:
        project.up()
        yield project
    finally:
        project.compose("down", "--volumes", "--timeout", "5")
