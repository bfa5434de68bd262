"""Who waits for the answer: a person now, or a program that can wait."""

from __future__ import annotations

from enum import IntEnum


class Priority(IntEnum):
    """Live work is admitted before batch work."""

    LIVE = 0
    BATCH = 1
