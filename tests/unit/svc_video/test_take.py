from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest

from svc_video.captions import Captions
from svc_video.engine import Job, Prepared
from svc_video.film import Film, Frame
from svc_video.fonts import FontBook
from svc_video.provenance import Mark
from svc_video.speech import Speech
from svc_video.take import FRAMES_AHEAD, SEGMENTS_AHEAD, Take
from troupe.wire.errors import EngineFailed
from troupe.wire.progress import Progress

RATE = Fraction(25)
FRAGMENT_FRAMES = 10


class Counting:
    """An engine that counts what it draws."""

    def __init__(self, *, breaks_at: int = -1) -> None:
        self.drawn = 0
        self.closed = threading.Event()
        self._breaks_at = breaks_at

    def animate(self, job: Job, speech: Speech) -> Iterator[Frame]:
        frame = np.zeros((64, 64, 3), np.uint8)
        try:
            for index in speech.frames(job.rate):
                if index == self._breaks_at:
                    raise ZeroDivisionError
                self.drawn += 1
                yield frame
        finally:
            self.closed.set()


def take(engine: Counting, speech: Speech, captions: Captions | None = None) -> Take:
    film = Film("mp4", 64, 64, RATE, Mark("still", ""))
    job = Job(Prepared(64, 64, None), RATE)
    return Take(engine, job, film, speech, Progress(), captions=captions)  # type: ignore[arg-type]


def seconds(count: int) -> Speech:
    speech = Speech()
    speech.feed(bytes(count * 48_000))
    speech.end()
    return speech


async def test_all_frames_of_the_speech_are_drawn() -> None:
    engine = Counting()
    segments = [segment async for segment in take(engine, seconds(3)).segments()]
    assert engine.drawn == 75
    assert segments[-1].end_ms == 3000
    assert engine.closed.is_set()


async def test_a_reader_that_does_not_read_holds_back_the_frames() -> None:
    engine = Counting()
    segments = take(engine, seconds(60)).segments()
    await anext(segments)
    drawn = -1
    while drawn != engine.drawn:
        drawn = engine.drawn
        await asyncio.sleep(0.3)
    # One segment was taken, some wait, one is being made; the frames drawn ahead of it wait too.
    assert drawn <= (SEGMENTS_AHEAD + 2) * FRAGMENT_FRAMES + FRAMES_AHEAD + 2
    await segments.aclose()


async def test_whoever_leaves_stops_the_drawing() -> None:
    engine = Counting()
    segments = take(engine, seconds(600)).segments()
    await anext(segments)
    started = time.monotonic()
    await segments.aclose()
    assert time.monotonic() - started < 1.0
    assert engine.closed.is_set()
    drawn = engine.drawn
    await asyncio.sleep(0.1)
    assert engine.drawn == drawn


async def test_leaving_while_no_speech_comes_stops_it_too() -> None:
    engine = Counting()
    speech = Speech()
    speech.feed(bytes(48_000))
    segments = take(engine, speech).segments()
    await anext(segments)
    await segments.aclose()
    assert engine.closed.is_set()


async def test_a_defect_of_the_engine_becomes_a_typed_error() -> None:
    with pytest.raises(EngineFailed, match="ZeroDivisionError"):
        async for _ in take(Counting(breaks_at=12), seconds(3)).segments():
            pass


async def test_captions_get_every_frame_with_its_time() -> None:
    times: list[float] = []

    class Noting(Captions):
        def drawn(self, frame: Frame, at_ms: float) -> Frame:
            times.append(at_ms)
            return frame

    speech = seconds(1)
    async for _ in take(Counting(), speech, Noting(speech, 64, 64, FontBook())).segments():
        pass
    assert times == [index * 40.0 for index in range(25)]
