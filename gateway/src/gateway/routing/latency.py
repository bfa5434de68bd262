"""How long one engine at one address takes to its first byte."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from statistics import median

KEPT = 128  # samples, for percentiles
RECENT = 5  # samples, for "is it slow now"; fewer say nothing
SLOWEST = 0.95
"""Of a peer's samples so many are faster than what it is judged by."""


class Latency:
    """The last times to first byte; seconds."""

    __slots__ = ("_all", "_recent")

    def __init__(self) -> None:
        self._all: deque[float] = deque(maxlen=KEPT)
        self._recent: deque[float] = deque(maxlen=RECENT)

    def add(self, seconds: float) -> None:
        """One more."""
        self._all.append(seconds)
        self._recent.append(seconds)

    def recent(self) -> float | None:
        """The fastest of the latest; None while there are too few. Requests differ; a slow replica is slow with all."""
        return min(self._recent) if len(self._recent) == RECENT else None

    def forget(self) -> None:
        """What was slow is to be judged anew."""
        self._recent.clear()

    def percentiles(self) -> tuple[float, float]:
        """p50 and p99; 0 while there is nothing."""
        if not self._all:
            return 0.0, 0.0
        ordered = sorted(self._all)
        return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]

    def slowest(self) -> float | None:
        """What nearly all of its requests took less than; None while there are too few."""
        if len(self._all) < RECENT:
            return None
        return sorted(self._all)[int(SLOWEST * (len(self._all) - 1))]

    @staticmethod
    def typical(peers: Iterable[Latency]) -> float | None:
        """What the slow requests of a middling peer take; None where none has enough."""
        known = [slowest for each in peers if (slowest := each.slowest()) is not None]
        return median(known) if known else None
