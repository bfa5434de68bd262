"""Deadlines: one point in time per request, from which every attempt and every wait spends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc.aio

from troupe.wire.errors import DeadlineExceeded

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on a monotonic clock."""

    at: float
    clock: Clock = time.monotonic

    @classmethod
    def after(cls, seconds: float, clock: Clock = time.monotonic) -> Deadline:
        """The moment `seconds` from now."""
        return cls(clock() + seconds, clock)

    @classmethod
    def of_call(cls, context: grpc.aio.ServicerContext[Any, Any], default_s: float) -> Deadline:
        """The deadline the caller sent with its RPC, at most `default_s` away."""
        remaining = context.time_remaining()
        return cls.after(default_s if remaining is None else min(remaining, default_s))

    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.at - self.clock())

    def sooner(self, seconds: float) -> Deadline:
        """This deadline, or `seconds` from now if that is sooner."""
        return Deadline(min(self.at, self.clock() + seconds), self.clock)

    @asynccontextmanager
    async def scope(self, doing: str) -> AsyncIterator[None]:
        """Everything inside ends by this deadline, else `DeadlineExceeded` says what was being done."""
        try:
            async with asyncio.timeout(self.remaining()):
                yield
        except TimeoutError as error:
            message = f"The time for this request was used up while {doing}. Ask for less at once, or allow more time."
            raise DeadlineExceeded(message) from error
