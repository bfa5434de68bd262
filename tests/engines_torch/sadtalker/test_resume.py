"""A film that breaks and goes on elsewhere has the frames of an unbroken one: real networks, killed processes."""

from __future__ import annotations

import os
import signal
import time
from fractions import Fraction
from itertools import islice

import numpy as np
import pytest
from tests.engines_torch.sadtalker.drawing import AVATAR, SIZE

from svc_video.engine import EngineContext, Job, SadTalkerPlace
from svc_video.engines.sadtalker.engine import SadTalkerEngine
from svc_video.engines.sadtalker.pace import LOOK_BACK_MS, SAMPLES_PER_FRAME
from svc_video.portraits.avatars import shipped
from svc_video.speech import Speech
from troupe.wire.errors import EngineFailed
from troupe.wire.media import PCM_BYTES_PER_MS

RATE = Fraction(25)
FRAME_MS = 40
BROKEN_AT, LENGTH = 4, 8  # frames
LATER = 60  # a frame whose sound begins more than LOOK_BACK_MS after the film
PATIENCE_S = 90.0
SEED = 7


@pytest.fixture(scope="module")
def other(release):
    """An engine that may be killed."""
    engine = SadTalkerEngine(EngineContext(SadTalkerPlace(release, device="cpu", landmarks="mesh")))
    engine.start(lambda _: None)
    yield engine
    engine.stop()


def voice(frames: int) -> bytes:
    """Noise whose loudness goes up and down."""
    samples = np.random.default_rng(5).standard_normal(frames * SAMPLES_PER_FRAME)
    loud = 6_000 * np.abs(np.sin(np.arange(len(samples)) / 4_000))
    return (samples * loud).astype("<i2").tobytes()


def from_frame(engine, pcm: bytes, first: int, lead_ms: int):
    """The film from that frame on, told what was heard in `lead_ms` before it."""
    start_ms = first * FRAME_MS
    speech = Speech(start_ms=start_ms, lead_ms=lead_ms)
    speech.feed(pcm[(start_ms - lead_ms) * PCM_BYTES_PER_MS :])
    speech.end()
    face = engine.prepare(shipped()[AVATAR].picture(), *SIZE)
    return engine.animate(Job(face, RATE, SEED), speech)


def apart(one: list, another: list) -> int:
    """The largest difference, in levels of 255."""
    assert len(one) == len(another) > 0
    return int(np.abs(np.stack(one).astype(int) - np.stack(another)).max())


def killed_and_back(engine) -> None:
    dead = engine._process
    os.kill(dead.pid, signal.SIGKILL)
    limit = time.monotonic() + PATIENCE_S
    while time.monotonic() < limit:
        time.sleep(0.1)
        try:
            engine.check()
        except EngineFailed:
            continue
        if engine._process is not dead:  # a process is alive a little longer than its kill
            return
    raise AssertionError("it did not come back")


def test_a_film_whose_process_is_killed_goes_on_as_if_nothing_had_been(engine, other) -> None:
    pcm = voice(LENGTH)
    unbroken = list(from_frame(engine, pcm, 0, 0))
    assert len(unbroken) == LENGTH
    assert apart(unbroken[:-1], unbroken[1:]) > 1  # it moves
    broken = from_frame(other, pcm, 0, 0)
    seen = list(islice(broken, BROKEN_AT))
    killed_and_back(other)
    with pytest.raises(EngineFailed, match="ended by signal 9"):
        list(broken)
    rest = list(from_frame(other, pcm, BROKEN_AT, BROKEN_AT * FRAME_MS))
    assert apart(seen + rest, unbroken) <= 1


def test_two_seconds_of_sound_before_it_are_all_that_a_later_part_needs(engine, other) -> None:
    pcm = voice(LATER + 3)
    told_everything = list(from_frame(engine, pcm, LATER, LATER * FRAME_MS))
    assert LATER * FRAME_MS > LOOK_BACK_MS
    assert apart(list(from_frame(other, pcm, LATER, LOOK_BACK_MS)), told_everything) <= 1
    assert apart(list(from_frame(other, pcm, LATER, 0)), told_everything) > 1  # without them it is another film
