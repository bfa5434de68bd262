"""Pictures and speech for the stand-in of the process."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from svc_video.engines.sadtalker.orders import Load
from svc_video.speech import Speech

STANDIN = Path(__file__).parents[3] / "fakes/sadtalker_worker.py"
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
