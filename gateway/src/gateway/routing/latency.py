"""How long one engine at one address takes to its first byte."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from statistics import median

KEPT = 128  # samples, for percentiles
RECENT = 5  # samples, for "is it slow now"
ENOUGH = 3  # samples; fewer say nothing


class Latency:
    """The last times to first byte; seconds."""

    __slots__ = ("_all", "_recent", "_typical")

    def __init__(self) -> None:
        self._all: deque[float] = deque(maxlen=KEPT)
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._typical: float | None = None

    def add(self, seconds: float) -> None:
        """One more."""
        self._all.append(seconds)
        self._recent.append(seconds)
        self._typical = None

    def recent(self) -> float | None:
        """The median of the latest; None while there are too few."""
        if len(self._recent) < ENOUGH:
            return None
        if self._typical is None:
            self._typical = median(self._recent)
        return self._typical

    def forget(self) -> None:
        """What was slow is to be judged anew."""
        self._recent.clear()

    def percentiles(self) -> tuple[float, float]:
        """p50 and p99; 0 while there is nothing."""
        if not self._all:
            return 0.0, 0.0
        ordered = sorted(self._all)
        return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]

    @staticmethod
    def typical(peers: Iterable[Latency]) -> float | None:
        """The median of the peers' medians; None where none has enough."""
        known = [recent for each in peers if (recent := each.recent()) is not None]
        return median(known) if known else None
