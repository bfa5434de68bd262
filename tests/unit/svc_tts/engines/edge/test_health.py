from __future__ import annotations

import pytest

from svc_tts.engines.edge.health import WINDOW_S, Health
from troupe.wire.errors import EngineFailed

FAILURE = EngineFailed("it does not answer")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_three_failures_in_a_row_break_it_and_it_tries_again() -> None:
    clock = Clock()
    health = Health(clock)
    for _ in range(2):
        health.failed(FAILURE)
        health.check()
    health.failed(FAILURE)
    with pytest.raises(EngineFailed, match="it does not answer"):
        health.check()
    clock.now += 5.1
    health.check()  # half open
    health.failed(FAILURE)  # one more is enough, for twice as long
    clock.now += 5.1
    with pytest.raises(EngineFailed):
        health.check()
    clock.now += 5.1
    health.check()
    health.worked()
    health.failed(FAILURE)
    health.check()


def test_the_rest_is_bounded() -> None:
    clock = Clock()
    health = Health(clock)
    for _ in range(20):
        health.failed(FAILURE)
    clock.now += 60.1
    health.check()


def test_failures_far_apart_or_with_a_success_between_are_none() -> None:
    clock = Clock()
    health = Health(clock)
    for _ in range(10):
        health.failed(FAILURE)
        clock.now += WINDOW_S / 2 + 0.1
        health.check()
    for _ in range(5):
        health.failed(FAILURE)
        health.worked()
        health.check()


def test_a_voice_that_is_gone_does_not_break_the_engine() -> None:
    health = Health(Clock())
    for _ in range(10):
        health.failed(FAILURE, silent_voice="xx-XX-GoneNeural")
    health.check()
    health.failed(FAILURE, silent_voice="en-US-AriaNeural")
    health.failed(FAILURE, silent_voice="en-US-GuyNeural")
    with pytest.raises(EngineFailed):
        health.check()
