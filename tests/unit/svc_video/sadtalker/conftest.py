from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from svc_video.engine import EngineContext, SadTalkerPlace
from svc_video.engines.sadtalker.engine import SadTalkerEngine
from svc_video.engines.sadtalker.orders import Load
from svc_video.engines.sadtalker.process import Process
from svc_video.speech import Speech

STANDIN = Path(__file__).parents[3] / "fakes/sadtalker_standin.py"
LOAD = Load("models/sadtalker", "auto", "fp32", 0, "auto")
GREY = (120, 60, 30)


def command(what: str = "works") -> tuple[str, ...]:
    return (sys.executable, str(STANDIN), what)


def picture(colour: tuple[int, int, int] = GREY) -> np.ndarray:
    return np.full((96, 64, 3), colour, np.uint8)


def spoken(seconds: float, *, ended: bool = True) -> Speech:
    speech = Speech()
    speech.feed(np.full(round(24_000 * seconds), 4_000, "<i2").tobytes())
    if ended:
        speech.end()
    return speech


@pytest.fixture
def process() -> Iterator[Process]:
    process = Process.start(LOAD, lambda _: None, command())
    yield process
    process.end()


@pytest.fixture
def engine_of(monkeypatch) -> Iterator[Callable[[str], SadTalkerEngine]]:
    """Engines whose process is the stand-in, started."""
    monkeypatch.setattr("svc_video.engines.sadtalker.terms.require", lambda _: None)
    made: list[SadTalkerEngine] = []

    def make(what: str = "works") -> SadTalkerEngine:
        engine = SadTalkerEngine(EngineContext(SadTalkerPlace()))
        engine.command = command(what)
        made.append(engine)
        engine.start(lambda _: None)
        return engine

    yield make
    for engine in made:
        engine.stop()
