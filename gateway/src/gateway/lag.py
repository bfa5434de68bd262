"""How late the event loop runs what is due: the one number that says whether this gateway is short of time itself."""

from __future__ import annotations

import asyncio

LOOK_S = 0.025
FADE = 0.9
"""What is left of a peak at the next look: half of it is forgotten in about 0.2 s."""
MEAN_OF_S = 1.0
"""How far back the mean reaches."""


class LoopLag:
    """A timer that looks how late it is called. Begun with `start`, in the loop it measures; ends with `stop`."""

    def __init__(self) -> None:
        self._lag_s = self._mean_s = 0.0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def seconds(self) -> float:
        """The latest peak, fading; 0 in a loop that has time."""
        return self._lag_s

    @property
    def mean_s(self) -> float:
        """The mean of the last second or so: a burst is over before it counts."""
        return self._mean_s

    @property
    def started(self) -> bool:
        """Whether it measures."""
        return self._timer is not None

    def start(self) -> None:
        """Begin to measure."""
        if self._timer is None:
            self._next(asyncio.get_running_loop())

    def stop(self) -> None:
        """Measure no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + LOOK_S
        self._timer = loop.call_at(self._due, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        late_s = loop.time() - self._due
        self._lag_s = max(late_s, self._lag_s * FADE)
        self._mean_s += (late_s - self._mean_s) * min(1.0, (LOOK_S + late_s) / MEAN_OF_S)
        self._next(loop)
