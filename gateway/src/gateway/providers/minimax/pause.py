"""A pause: for how long MiniMax is not asked, and why. Each strike in a row doubles it."""

from __future__ import annotations

from collections.abc import Callable

from troupe.wire.errors import Overloaded, RateLimited, TroupeError

LONGEST_S = 900.0


class Pause:
    """Not asked until the moment is over; the clock is monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until = 0.0
        self._why = ""
        self._leaf: type[TroupeError] = Overloaded
        self._strikes = 0

    def hold(self, seconds: float, error: TroupeError, *, at_least: float = 0.0) -> float:
        """Pause for `seconds`, doubled for each pause before it that no success ended; gives the seconds."""
        if self.remaining() > 0:  # calls that were under way when the pause began say nothing new
            return self.remaining()
        held = max(min(seconds * 2.0**self._strikes, LONGEST_S), min(at_least, LONGEST_S))
        self._strikes = min(self._strikes + 1, 16)
        self._until, self._why = self._clock() + held, error.message.rstrip(".")
        # A limit that is reached is an overload; a wrong key or an empty account is not.
        self._leaf = Overloaded if isinstance(error, RateLimited | Overloaded) else type(error)
        return held

    def over(self) -> None:
        """It was asked and answered well: the next pause is a short one again."""
        self._strikes = 0

    def remaining(self) -> float:
        """Seconds left; 0 = it may be asked."""
        return max(0.0, self._until - self._clock())

    def check(self) -> None:
        """Raise what it was paused for, with the time left, while it is."""
        if self.why is not None:
            raise self._leaf(f"MiniMax is not asked: {self.why}.", retry_after_s=round(self.remaining(), 3))

    @property
    def why(self) -> str | None:
        """Why it is not asked, and for how long; None = it may be."""
        left = self.remaining()
        return f"paused for {left:.0f} s more: {self._why}" if left > 0 else None
