"""What calls have seen of a rung. The simple version: for a moment after a failure it is asked last."""

from __future__ import annotations

from collections.abc import Callable

from gateway.routing.rung import Outcome
from gateway.routing.verdict import Verdict, judge

COOL_DOWN_S = 1.0
"""How long a rung that failed is asked after the others."""


class CallHealth:
    """The memory of one rung; written by `report`, read by `trouble`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failed_at: float | None = None
        self._why = ""

    def report(self, outcome: Outcome) -> None:
        """Take in how an attempt ended."""
        if outcome.error is None:
            self._failed_at = None
        elif judge(outcome.error) is Verdict.FAILED:
            self._failed_at, self._why = self._clock(), outcome.error.message

    def trouble(self) -> str | None:
        """Why it cools down, or None."""
        if self._failed_at is None or self._clock() - self._failed_at >= COOL_DOWN_S:
            return None
        return f"it failed {self._clock() - self._failed_at:.1f} s ago: {self._why}"
