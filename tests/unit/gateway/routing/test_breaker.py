import pytest

from gateway.routing.breaker import Breaker, BreakerRules, State


@pytest.fixture
def breaker(clock):
    return Breaker(clock, BreakerRules())


def fail(breaker, times=1, **more) -> None:
    for _ in range(times):
        breaker.failed("it broke", breaker.ask(), **more)


def succeed(breaker, times=1) -> None:
    for _ in range(times):
        hold = breaker.ask()
        breaker.began(hold)
        breaker.succeeded(hold)


def calls_in(breaker, clock, seconds) -> int:
    """Calls that get through when one is wanted each 10 ms, and all of them fail."""
    through = 0
    for _ in range(round(seconds * 100)):
        if breaker.admits():
            through += 1
            fail(breaker)
        clock.after(0.01)
    return through


def test_three_failures_in_a_row_open_it(breaker) -> None:
    fail(breaker, 2)
    succeed(breaker)
    fail(breaker, 2)
    assert breaker.state is State.CLOSED
    fail(breaker)
    assert breaker.state is State.OPEN
    assert not breaker.admits()
    assert breaker.told() == "ejected, asked again in 1.0 s: it broke"


def test_one_is_enough_where_the_connection_is_gone(breaker) -> None:
    fail(breaker, at_once=True)
    assert breaker.state is State.OPEN


def test_no_call_during_the_cool_down_exactly(breaker, clock) -> None:
    fail(breaker, 3)
    for _ in range(999):
        clock.after(0.001)
        assert not breaker.admits()
    clock.after(0.001)
    assert breaker.admits()
    assert breaker.state is State.HALF_OPEN


def test_open_lasts_one_two_four_four_seconds(breaker, clock) -> None:
    fail(breaker, 3)
    for lasts in (1, 2, 4, 4, 4):
        clock.after(lasts - 0.001)
        assert not breaker.admits()
        clock.after(0.001)
        assert breaker.admits()
        fail(breaker)


def test_a_dead_one_is_asked_seventeen_times_in_a_minute_without_active_checks(breaker, clock) -> None:
    assert calls_in(breaker, clock, 60) == 3 + 16


def test_half_open_has_one_trial(breaker, clock) -> None:
    fail(breaker, 3)
    clock.after(1)
    trial = breaker.ask()
    assert trial.trial
    assert not breaker.admits()
    assert breaker.told() == "its trial call is under way (it broke)"
    breaker.began(trial)
    assert breaker.state is State.CLOSED


def test_on_probation_one_failure_is_enough_and_a_good_end_clears_it(breaker, clock) -> None:
    fail(breaker, 3)
    clock.after(1)
    breaker.began(breaker.ask())
    fail(breaker)
    assert breaker.state is State.OPEN
    clock.after(2)
    succeed(breaker)
    fail(breaker, 2)
    assert breaker.state is State.CLOSED
    fail(breaker)
    clock.after(1)  # it counts from one second again
    assert breaker.state is State.HALF_OPEN


def test_a_trial_that_says_nothing_gives_way_to_another(breaker, clock) -> None:
    fail(breaker, 3)
    clock.after(1)
    breaker.released(breaker.ask())
    assert breaker.admits()


def test_a_trial_that_never_ends_does_not_hold_it(breaker, clock) -> None:
    fail(breaker, 3)
    clock.after(1)
    hung = breaker.ask()
    clock.after(2)
    assert breaker.state is State.OPEN
    clock.after(2)  # the second opening lasts two seconds, counted from the end of the trial's time
    assert breaker.admits()
    breaker.failed("late", hung)  # it has failed before
    assert breaker.admits()


def test_a_trial_that_was_only_slow_closes_it_however_late(breaker, clock) -> None:
    fail(breaker, 3)
    clock.after(1)
    slow = breaker.ask()
    clock.after(2.5)
    assert breaker.state is State.OPEN
    breaker.began(slow)
    assert breaker.state is State.CLOSED


def test_calls_from_before_the_opening_say_nothing_about_now(breaker, clock) -> None:
    old = [breaker.ask() for _ in range(5)]
    fail(breaker, 3)
    clock.after(0.9)
    breaker.failed("old", old.pop())
    breaker.succeeded(old.pop())
    clock.after(0.1)
    assert breaker.admits()
    breaker.began(breaker.ask())
    breaker.began(old[0])
    breaker.failed("old", old.pop())
    assert breaker.state is State.CLOSED
    assert breaker.failures == 5


def test_half_of_the_last_calls_failing_opens_it(breaker) -> None:
    for _ in range(4):
        fail(breaker)
        succeed(breaker)
    assert breaker.state is State.CLOSED
    succeed(breaker)
    fail(breaker)
    assert breaker.state is State.OPEN  # 5 of 10


def test_the_rate_is_of_the_last_ten_seconds(breaker, clock) -> None:
    succeed(breaker, 100)
    clock.after(10)
    for _ in range(4):
        succeed(breaker)
        fail(breaker)
    succeed(breaker)
    assert breaker.state is State.CLOSED
    fail(breaker)
    assert breaker.state is State.OPEN


def test_its_share_grows_over_five_seconds(breaker, clock) -> None:
    assert breaker.share() == 0.1
    clock.after(2.5)
    assert breaker.share() == pytest.approx(0.5)
    clock.after(2.5)
    assert breaker.share() == 1.0
    fail(breaker, 3)
    clock.after(1)
    breaker.began(breaker.ask())
    assert breaker.share() == 0.1


def test_something_else_may_show_that_it_is_back(breaker, clock) -> None:
    breaker.half_open()
    assert breaker.state is State.CLOSED
    fail(breaker, 3)
    clock.after(0.2)
    breaker.half_open()
    assert breaker.state is State.HALF_OPEN
    assert breaker.ask().trial
