"""How the endpoint is, learned from what is asked of it anyway: nobody synthesises to find out."""

from __future__ import annotations

import time
from collections.abc import Callable

from troupe.wire.errors import EngineFailed, TroupeError

FAILURES = 3  # in a row, within the window: it is broken
WINDOW_S = 30.0
FIRST_REST_S = 5.0  # then the next request tries again
_LONGEST_REST_S = 60.0


class Health:
    """Closed, open for a while, then half-open: one more failure opens it for twice as long."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, first_rest_s: float = FIRST_REST_S) -> None:
        self._clock = clock
        self._first_rest_s = first_rest_s
        self._failures: list[tuple[float, str]] = []  # when, and of which voice if it was only silent
        self._why = ""
        self._rest_s = 0.0
        self._until = 0.0

    def worked(self) -> None:
        """A whole utterance was spoken."""
        self._failures.clear()
        self._rest_s = self._until = 0.0

    def failed(self, error: TroupeError, silent_voice: str = "") -> None:
        """An utterance failed; a voice that gives no sound counts once, since the voice itself may be gone."""
        now = self._clock()
        self._failures = [(at, voice) for at, voice in self._failures if now - at < WINDOW_S]
        if silent_voice and any(voice == silent_voice for _, voice in self._failures):
            return
        self._failures.append((now, silent_voice))
        if self._rest_s or len(self._failures) >= FAILURES:
            self._why = error.message
            self._rest_s = min(self._rest_s * 2, _LONGEST_REST_S) or self._first_rest_s
            self._until = now + self._rest_s

    def check(self) -> None:
        """Raise `EngineFailed` while it rests."""
        if self._clock() < self._until:
            raise EngineFailed(self._why)
