"""Every scenario gets a stage of its own and a table of figures; afterwards all logs are judged."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.chaos.figures import Figures
from tests.chaos.stage import Stage

FULL = os.environ.get("CHAOS_FULL") == "1"


@pytest.fixture(scope="session")
def full() -> bool:
    """The sizes of the issue's table; without CHAOS_FULL=1 those that two shared cores carry in CI's time."""
    return FULL


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    made = Stage(tmp_path)
    try:
        yield made
    finally:
        await made.close()
    made.judge_logs()


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Iterator[Figures]:
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    capture = request.config.pluginmanager.get_plugin("capturemanager")

    def write(line: str) -> None:
        with capture.global_and_fixture_disabled():
            reporter.write_line(line)

    title = (request.function.__doc__ or request.node.name).strip().splitlines()[0]
    made = Figures(title, write)
    yield made
    made.show()
