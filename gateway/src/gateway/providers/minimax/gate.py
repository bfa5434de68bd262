"""The gate of a cloud rung: while the rung is paused nobody is let in, and the pause teaches the limit nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway.providers.minimax.pause import Pause
from gateway.routing.gate import Gate, Turn
from gateway.routing.priority import Priority


class PausedGate(Gate):
    """Admission as everywhere, and none during a pause."""

    def __init__(self, clock: Callable[[], float], pauses: Sequence[Pause]) -> None:
        super().__init__(clock)
        self._pauses = pauses

    def enter(self, priority: Priority, *, begun: bool = False) -> Turn:
        """A turn. While the rung is paused it raises what it was paused for, with the time left."""
        self.check()
        return super().enter(priority, begun=begun)

    def check(self) -> None:
        """Raise what the rung was paused for, while it is."""
        for pause in self._pauses:
            pause.check()
