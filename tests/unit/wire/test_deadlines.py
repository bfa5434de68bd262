from __future__ import annotations

import asyncio

import pytest

from troupe.wire.deadlines import Deadline
from troupe.wire.errors import DeadlineExceeded


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Call:
    def __init__(self, remaining: float | None) -> None:
        self._remaining = remaining

    def time_remaining(self) -> float | None:
        return self._remaining


def test_remaining_falls_with_the_clock_and_never_below_zero() -> None:
    clock = Hand()
    deadline = Deadline.after(5, clock)
    clock.now += 2
    assert deadline.remaining() == 3
    clock.now += 10
    assert deadline.remaining() == 0


def test_sooner_only_shortens() -> None:
    clock = Hand()
    deadline = Deadline.after(5, clock)
    assert deadline.sooner(2).remaining() == 2
    assert deadline.sooner(60).remaining() == 5


@pytest.mark.parametrize(("sent", "expected"), [(None, 30), (5.0, 5), (900.0, 30)])
def test_a_call_brings_its_deadline_up_to_our_longest(sent: float | None, expected: float) -> None:
    deadline = Deadline.of_call(Call(sent), 30)  # type: ignore[arg-type]
    assert deadline.remaining() == pytest.approx(expected, abs=0.5)


async def test_a_scope_that_takes_too_long_says_what_was_being_done() -> None:
    with pytest.raises(DeadlineExceeded, match="while rendering"):
        async with Deadline.after(0.01).scope("rendering"):
            await asyncio.sleep(5)


async def test_a_scope_in_time_ends_quietly() -> None:
    async with Deadline.after(5).scope("rendering"):
        await asyncio.sleep(0)
