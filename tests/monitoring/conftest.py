"""A stage of real processes as the chaos tests have it, and a Prometheus that watches it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.chaos.stage import Stage
from tests.monitoring.prometheus import Prometheus, Targets


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    made = Stage(tmp_path)
    try:
        yield made
    finally:
        await made.close()
    made.judge_logs()


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Callable[[Targets], Prometheus]]:
    """`watch({"gateway": ["127.0.0.1:8000"]})` -> a Prometheus."""
    started: list[Prometheus] = []

    def start(targets: Targets) -> Prometheus:
        started.append(Prometheus(tmp_path / f"prometheus{len(started)}", targets))
        return started[-1]

    yield start
    for each in started:
        await each.close()
