from __future__ import annotations

import numpy as np
import pytest

from svc_tts.engines.xtts.guard import Expectation
from svc_tts.engines.xtts.machine import Passage, Script
from svc_tts.engines.xtts.take import CODES_PER_S, Pace, Take

RATE = 24_000
LONG = Expectation(least=10, usual=40, most=60, limit=80)


def take(speed: float = 1.0) -> Take:
    return Take(Script(1, (Passage((1,), LONG),), voice="v", speed=speed), Pace((4, 8, 16)))


@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
def test_sound_is_given_out_up_to_where_it_is_too_long_at_any_speed(speed: float) -> None:
    one = take(speed)
    given = sum(len(one.hear(np.full(2_400, 0.5, np.float32), RATE, last=False)) for _ in range(100))
    assert given == pytest.approx(LONG.most / CODES_PER_S / speed * RATE, abs=1)
    assert one.heard == given


def test_who_was_not_heard_is_more_urgent_than_who_runs_out_of_sound() -> None:
    new, heard = take(), take()
    heard.hear(np.full(2_400, 0.5, np.float32), RATE, last=False)
    assert new.urgency(99.0, RATE) < heard.urgency(99.0, RATE)


def test_each_attempt_and_each_passage_has_a_seed_of_its_own() -> None:
    one = Take(Script(1, (Passage((1,), LONG),) * 2, voice="v", seed=7), Pace((4, 8, 16)))
    seeds = [one.start().seed]
    one.see(0, stopped=True)
    seeds.append(one.start().seed)
    for _ in range(40):
        one.see(0, stopped=False)
    one.see(0, stopped=True)
    one.hear(np.zeros(10, np.float32), RATE, last=True)
    seeds.append(one.start().seed)
    assert len(set(seeds)) == 3
