"""How long threads of this machine wait for their turn: a service that gets no processor is silent and not frozen.

On two cores with a dozen threads that all want one, whole processes of a mesh are silent for a second now and then
(starting a program takes as long), while the gateway, which needs little, runs on time and sees no lag of its own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

LOADAVG = Path("/proc/loadavg")
LOOK_S = 0.1
"""How often the number is read, at most: however many streams ask."""
MEAN_OF_S = 1.0
"""How far back the mean reaches: how many want a processor changes from one moment to the next."""
ROOM = 2
"""Threads per processor that get along: each has its turn in good time."""


class Crowd:
    """The threads that want a processor of this machine, as those see it who look now and then."""

    def __init__(self, running: Callable[[], int] | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._running = running or running_threads
        self._clock = clock
        self._room = ROOM * (os.cpu_count() or 1)
        self._mean = 0.0
        self._looked: float | None = None

    def times(self) -> float:
        """How many times longer than usual a thread waits for its turn; 1 where there is room for all."""
        now = self._clock()
        if self._looked is None:
            self._looked, self._mean = now, float(self._running())
        elif (since_s := now - self._looked) >= LOOK_S:
            self._looked = now
            self._mean += (self._running() - self._mean) * min(1.0, since_s / MEAN_OF_S)
        return max(1.0, self._mean / self._room)


def running_threads() -> int:
    """Threads of the whole machine that run or wait for a processor; 0 where the system does not tell."""
    try:
        return int(LOADAVG.read_text().split()[3].partition("/")[0])
    except (OSError, IndexError, ValueError):
        return 0
