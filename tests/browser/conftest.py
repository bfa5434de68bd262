"""The mesh with the engines users get, and the browser that `tools/browser.sh` installed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.browser.studio import Browser, Studio
from tests.conftest import Process, start_process
from tests.e2e.conftest import Mesh, start_mesh

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def browser_folder() -> Path:
    """Where the browser's driver is; `make test-browser` names it."""
    folder = os.environ.get("BROWSER_FOLDER")
    if not folder:
        pytest.skip("no browser is set up here: `make test-browser` installs one and plays the films")
    return ROOT / folder


@pytest.fixture(scope="session")
def browser_python(browser_folder: Path) -> Path:
    """The Python that drives the browser."""
    return browser_folder / "bin" / "python"


@pytest.fixture(scope="session")
def start_for_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Process]]:
    """As `start_service`, for processes that all tests share."""
    started: list[Process] = []

    def start(module: str, **env: str) -> Process:
        process = start_process(module, tmp_path_factory.mktemp(module), **env)
        started.append(process)
        return process

    yield start
    for process in reversed(started):
        process.stop()


@pytest.fixture(scope="session")
def mesh(browser_python: Path, start_for_all: Callable[..., Process]) -> Mesh:
    return start_mesh(start_for_all)


@pytest.fixture(scope="session")
def beside(mesh: Mesh, start_for_all: Callable[..., Process]) -> Callable[..., Process]:
    """`beside(PROVIDER_TEXT="echo")`: another gateway before the same services."""
    targets = {
        "TROUPE_TEXT_TARGET": mesh.text.grpc,
        "TROUPE_SPEECH_TARGET": mesh.speech.grpc,
        "TROUPE_VIDEO_TARGET": mesh.video.grpc,
    }
    return lambda module="gateway", **env: start_for_all(module, **(targets | env))


@pytest.fixture(scope="session")
def browser(browser_folder: Path) -> Iterator[Browser]:
    made = Browser(browser_folder)
    yield made
    made.close()


@pytest.fixture
def studio(browser: Browser) -> Iterator[Callable[[str], Studio]]:
    """`studio(url)`: the page of that gateway, not yet open; afterwards no console error and no refusal may be left."""
    made: list[Studio] = []

    def visit(url: str) -> Studio:
        made.append(Studio(browser, url))
        return made[-1]

    yield visit
    for each in made[-1:]:
        each.judge()


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where pictures are left for people to look at."""
    return ROOT / "var/studio"


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Print figures as one line of JSON that the log keeps."""
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    capture = request.config.pluginmanager.get_plugin("capturemanager")

    def write(**values: object) -> None:
        with capture.global_and_fixture_disabled():
            reporter.write_line(f"\n{json.dumps(values)}")

    return write
