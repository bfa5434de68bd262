"""How many retries a rung may see: a tenth of what it is offered, so that trouble never multiplies the load."""

from __future__ import annotations

from collections.abc import Callable

from gateway.routing.window import Window

WINDOW_S = 10
FLOOR = 5
"""Retries per window that always work, however little was offered.

Three failures in a row open a breaker, and meanwhile two more calls may be on their way to the same replica.
"""


class RetryBudget:
    """Calls and retries of one rung over a sliding window.

    Retries in a window are at most the larger of `ratio` x calls and the floor: from 50 calls on, a rung whose every
    call fails sees at most 1.1 x what it was offered.
    """

    __slots__ = ("_ratio", "_window")

    def __init__(self, clock: Callable[[], float], ratio: float = 0.1) -> None:
        self._ratio = ratio
        self._window = Window(clock, WINDOW_S)

    @property
    def calls(self) -> int:
        """Offered in the window."""
        self._window.turn()
        return self._window.all

    @property
    def retries(self) -> int:
        """Spent in the window."""
        self._window.turn()
        return self._window.some

    def offered(self) -> None:
        """A request has come to the rung."""
        self._window.add(1, 0)

    def spend(self) -> bool:
        """Take one retry, if there is one left."""
        if self.retries + 1 > max(FLOOR, self._ratio * self.calls):
            return False
        self._window.add(0, 1)
        return True
