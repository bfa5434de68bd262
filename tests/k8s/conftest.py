"""The rendered rows, made once, and the tools that `tools/k8s.sh` installed."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.k8s.combinations import Row, covering
from tests.k8s.manifests import ROOT, Manifest, build, write

Renderings = dict[str, list[Manifest]]
JUDGING_S = 240.0
RENDERING_S = 240  # of all rows, by whichever test comes first


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(RENDERING_S))


@pytest.fixture(scope="session")
def k8s_folder() -> Path:
    """Where kubectl and kubernetes-validate are; `make test-k8s` names it."""
    folder = os.environ.get("K8S_FOLDER")
    if not folder:
        pytest.skip("kubectl is not set up here: `make test-k8s` installs it and judges the manifests")
    return ROOT / folder


@pytest.fixture(scope="session")
def kubectl(k8s_folder: Path) -> Path:
    return k8s_folder / "bin" / "kubectl"


@pytest.fixture(scope="session")
def render(kubectl: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[Row]], Renderings]:
    """Rows of overlay and components -> their manifests."""
    folder = tmp_path_factory.mktemp("k8s")

    def one(row: Row) -> tuple[str, list[Manifest]]:
        label = told(row)
        return label, build(write(folder / label.replace("/", "-"), *row), kubectl)

    def all_of(rows: list[Row]) -> Renderings:
        with ThreadPoolExecutor(max_workers=2) as pool:
            return dict(pool.map(one, rows))

    return all_of


@pytest.fixture(scope="session")
def rows(render: Callable[[list[Row]], Renderings]) -> Renderings:
    """Every overlay, with every two choices of components somewhere."""
    return render(covering())


@pytest.fixture(scope="session")
def judge(k8s_folder: Path) -> Callable[[Renderings], dict[str, list[str]]]:
    """Complaints of the schemas, per row."""

    def judged(renderings: Renderings) -> dict[str, list[str]]:
        here = Path(__file__).parent
        command = [k8s_folder / "venv" / "bin" / "python", here / "judge.py", here / "schemas"]
        done = subprocess.run(
            command, input=json.dumps(renderings), capture_output=True, text=True, timeout=JUDGING_S, check=False
        )
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    return judged


def told(row: Row) -> str:
    """A row as one word."""
    overlay, components = row
    return "+".join((overlay, *components))
