"""The gate of a cloud rung: while the rung is paused nobody is let in, and the pause teaches the limit nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway.providers.minimax.pause import Pause
from gateway.routing.gate import Gate, Turn
from gateway.routing.priority import Priority
from troupe.wire.errors import Overloaded


class PausedGate(Gate):
    """Admission as everywhere, and none during a pause."""

    def __init__(self, clock: Callable[[], float], pauses: Sequence[Pause]) -> None:
        super().__init__(clock)
        self._pauses = pauses

    def enter(self, priority: Priority) -> Turn:
        """A turn. Raises `Overloaded` with the time left while the rung is paused."""
        self.check()
        return super().enter(priority)

    def check(self) -> None:
        """Raise `Overloaded` while the rung is paused."""
        for pause in self._pauses:
            if pause.why is not None:
                raise Overloaded(f"MiniMax is not asked: {pause.why}.", retry_after_s=round(pause.remaining(), 3))
