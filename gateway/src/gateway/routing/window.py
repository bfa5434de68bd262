"""Two counts over the last seconds, forgotten second by second."""

from __future__ import annotations

from collections.abc import Callable


class Window:
    """What was counted in this second and the `seconds - 1` before it."""

    __slots__ = ("_clock", "_second", "_slots", "all", "some")

    def __init__(self, clock: Callable[[], float], seconds: int) -> None:
        self._clock = clock
        self._slots = [(0, 0)] * seconds
        self._second = int(clock())
        self.all = 0
        self.some = 0

    def add(self, every: int, some: int) -> None:
        """Count more of each."""
        self.turn()
        slot = self._second % len(self._slots)
        had = self._slots[slot]
        self._slots[slot] = (had[0] + every, had[1] + some)
        self.all += every
        self.some += some

    def turn(self) -> None:
        """Forget the seconds that have left the window."""
        now, kept = int(self._clock()), len(self._slots)
        if now <= self._second:
            return
        for second in range(max(self._second + 1, now - kept + 1), now + 1):
            every, some = self._slots[second % kept]
            self.all -= every
            self.some -= some
            self._slots[second % kept] = (0, 0)
        self._second = now

    def clear(self) -> None:
        """Forget everything."""
        self._slots = [(0, 0)] * len(self._slots)
        self.all = self.some = 0
