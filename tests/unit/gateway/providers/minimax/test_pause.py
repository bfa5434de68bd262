import pytest

from gateway.providers.minimax.pause import LONGEST_S, Pause
from troupe.wire.errors import CannotConnect, Overloaded, RateLimited


def test_each_in_a_row_is_twice_as_long(clock):
    pause = Pause(clock)
    held = []
    for _ in range(12):
        held.append(pause.hold(2.0, RateLimited("full")))
        clock.now += held[-1]
    assert held[:5] == [2, 4, 8, 16, 32]
    assert held[-1] == LONGEST_S


def test_what_was_under_way_lengthens_nothing(clock):
    pause = Pause(clock)
    pause.hold(2.0, RateLimited("full"))
    assert [pause.hold(2.0, RateLimited("full")) for _ in range(50)] == [2.0] * 50
    clock.now += 2.0
    assert pause.hold(2.0, RateLimited("full")) == 4.0


def test_the_time_that_was_told_is_kept_and_bounded(clock):
    assert Pause(clock).hold(2.0, RateLimited("full"), at_least=30.0) == 30.0
    assert Pause(clock).hold(2.0, RateLimited("full"), at_least=1e9) == LONGEST_S


def test_why_says_for_how_long(clock):
    pause = Pause(clock)
    assert pause.why is None
    pause.hold(5.0, RateLimited("the reason"))
    assert pause.why == "paused for 5 s more: the reason"
    pause.over()  # a success of a call that began before does not end it
    assert pause.remaining() == 5.0
    clock.now += 5.0
    assert pause.why is None


def test_a_limit_is_an_overload_and_a_wrong_key_is_not(clock):
    full, wrong = Pause(clock), Pause(clock)
    full.hold(5.0, RateLimited("too many"))
    wrong.hold(600.0, CannotConnect("the key is of another region"))
    with pytest.raises(Overloaded, match="too many") as busy:
        full.check()
    assert busy.value.retry_after_s == 5.0
    with pytest.raises(CannotConnect, match="another region"):
        wrong.check()
