"""The engine with a random release in its child process, started once for all tests that draw with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.sadtalker_release import make

from svc_video.engine import EngineContext, SadTalkerPlace
from svc_video.engines.sadtalker.engine import SadTalkerEngine

NARROWEST = 1 / 16  # of the release's channels: a frame takes half a second of one processor


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("sadtalker"), NARROWEST, face=True)


@pytest.fixture(scope="session")
def engine(release: Path) -> Iterator[SadTalkerEngine]:
    engine = SadTalkerEngine(EngineContext(SadTalkerPlace(release, device="cpu", landmarks="mesh")))
    told: list[float] = []
    engine.start(told.append)
    assert told == sorted(told)
    assert len(told) >= 3
    yield engine
    engine.stop()
