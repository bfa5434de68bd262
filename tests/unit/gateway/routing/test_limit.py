from itertools import pairwise

import pytest

from gateway.routing.limit import Limit, LimitRules


@pytest.fixture
def limit(clock):
    return Limit(clock, LimitRules())


def window(limit, clock, seconds, running, windows=1) -> None:
    """Windows of samples that all say the same."""
    for _ in range(16 * windows):
        clock.after(0.25 / 15)
        limit.sample(seconds, running)


def test_it_begins_with_64_and_stays_there_while_it_is_not_used(limit, clock) -> None:
    assert limit.value == 64
    window(limit, clock, 0.05, running=20, windows=10)
    assert limit.value == 64


def test_it_grows_with_each_call_while_it_is_used(limit) -> None:
    for number in range(100):
        limit.sample(0.05, running=64 + number)
    assert limit.value == 164


def test_never_beyond_its_ceiling(clock) -> None:
    limit = Limit(clock, LimitRules(ceiling=70))
    for _ in range(100):
        limit.sample(0.05, running=70)
    assert limit.value == 70


def test_two_slow_windows_in_a_row_shrink_it_by_a_fifth(limit, clock) -> None:
    window(limit, clock, 0.05, running=50)
    window(limit, clock, 0.5, running=50)
    window(limit, clock, 0.05, running=50)
    window(limit, clock, 0.5, running=50)
    assert limit.value == 64
    window(limit, clock, 0.5, running=50)
    assert limit.value == 51


def test_never_below_its_floor_and_back_by_steps(limit, clock) -> None:
    window(limit, clock, 0.05, running=50)
    for _ in range(40):
        window(limit, clock, 1.0, running=limit.value)
    assert limit.value == 4
    window(limit, clock, 0.05, running=4)
    assert limit.value == 5
    window(limit, clock, 0.05, running=1)  # not used: no more
    assert limit.value == 5


def test_a_burst_of_less_than_100_ms_is_no_overload(limit, clock) -> None:
    window(limit, clock, 0.002, running=50)
    window(limit, clock, 0.09, running=50, windows=5)
    assert limit.value == 64


def test_what_is_tolerated_is_a_fifth_of_a_whole_call(limit, clock) -> None:
    limit.whole(5.0)
    window(limit, clock, 0.05, running=50)
    window(limit, clock, 0.8, running=50, windows=4)
    assert limit.value == 64
    window(limit, clock, 1.3, running=50, windows=3)
    assert limit.value < 64


def test_a_refusal_by_the_rung_shrinks_it_below_what_ran(limit, clock) -> None:
    limit.refused(running=30)
    assert limit.value == 27
    limit.refused(running=20)  # at the same time: one sign
    assert limit.value == 27
    clock.after(0.25)
    limit.refused(running=20)
    assert limit.value == 18


def test_the_engines_own_word_is_believed_until_calls_say_otherwise(limit, clock) -> None:
    limit.believe(768)
    assert limit.value == 768
    limit.refused(running=100)
    limit.believe(768)
    assert limit.value == 90
    limit.believe(0)
    assert limit.value == 90


def test_calls_that_become_longer_while_nobody_waits_are_learnt(limit, clock) -> None:
    window(limit, clock, 0.05, running=5)
    window(limit, clock, 1.0, running=5, windows=40)
    before = limit.value
    window(limit, clock, 1.0, running=60, windows=5)
    assert limit.value >= before


def test_the_least_time_is_learnt_anew_now_and_then(limit, clock) -> None:
    window(limit, clock, 0.05, running=40)
    limit.refused(running=71)  # it has been overloaded
    values = []
    for _ in range(16 * 200):
        clock.after(0.25 / 15)
        limit.sample(0.1, running=limit.value)
        values.append(limit.value)
    drops = [(before, after) for before, after in pairwise(values) if after < before]
    assert len(drops) == 1  # once in 30 s, for a moment
    assert drops[0][1] == pytest.approx(drops[0][0] / 2, rel=0.05)
    assert values[-1] > drops[0][0]


def test_it_is_never_halved_without_overload(limit, clock) -> None:
    window(limit, clock, 0.05, running=60)
    for _ in range(200):
        window(limit, clock, 0.1, running=45)
        assert limit.value >= 64
