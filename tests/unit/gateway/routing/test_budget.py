import pytest

from gateway.routing.budget import RetryBudget


@pytest.fixture
def budget(clock):
    return RetryBudget(clock)


def all_failing(budget, calls, clock=None, every_s=0.0) -> int:
    """What the rung sees when every call fails and is tried again where that may be."""
    seen = 0
    for _ in range(calls):
        budget.offered()
        seen += 1 + budget.spend()
        if clock:
            clock.after(every_s)
    return seen


def test_a_few_always_work(budget) -> None:
    assert [budget.spend() for _ in range(6)] == [True, True, True, True, True, False]


@pytest.mark.parametrize("calls", [50, 100, 1000])
def test_a_rung_that_always_fails_sees_a_tenth_more(budget, calls) -> None:
    assert all_failing(budget, calls) <= 1.1 * calls


@pytest.mark.parametrize("rate", [5, 20, 200])
def test_also_over_a_minute(budget, clock, rate) -> None:
    calls = 60 * rate
    assert 1.05 * calls < all_failing(budget, calls, clock, 1 / rate) <= 1.1 * calls


def test_what_is_older_than_ten_seconds_is_forgotten(budget, clock) -> None:
    for _ in range(100):
        budget.offered()
    assert sum(budget.spend() for _ in range(20)) == 10
    clock.after(9)
    assert (budget.calls, budget.retries) == (100, 10)
    clock.after(1)
    assert (budget.calls, budget.retries) == (0, 0)
    assert sum(budget.spend() for _ in range(20)) == 5


def test_seconds_leave_one_by_one(budget, clock) -> None:
    for _ in range(10):
        budget.offered()
        clock.after(1)
    assert budget.calls == 9
    clock.after(4)
    assert budget.calls == 5


def test_a_long_silence_empties_it(budget, clock) -> None:
    budget.offered()
    clock.after(3600)
    assert budget.calls == 0
