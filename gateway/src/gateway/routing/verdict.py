"""What an error of a rung means for the chain, and what it says of the replica that gave it."""

from __future__ import annotations

from enum import Enum, auto

from troupe.wire.errors import (
    CannotConnect,
    ConsentMissing,
    DeadlineExceeded,
    Draining,
    EngineFailed,
    EngineMissing,
    Internal,
    LicenceForbids,
    NotSupported,
    RequestError,
    StreamBroken,
    TroupeError,
    UnknownEngine,
    UnsupportedFormat,
    UnsupportedLanguage,
)

UNABLE = (UnsupportedLanguage, UnsupportedFormat, NotSupported, UnknownEngine, EngineMissing, LicenceForbids)
"""The rung cannot do this; another one may."""

LOST = "lost"
CONNECTION = "connection"
"""`StreamBroken(..., lost=CONNECTION)`: nothing more can be expected of that replica; its address is judged."""


class Verdict(Enum):
    """What to do after an attempt that failed before its first byte."""

    SKIPPED = auto()  # it could not have served: ask the next one, think no worse of this one
    FAILED = auto()  # it should have served: ask the next one, think worse of this one
    CALLERS = auto()  # no rung would do better: tell the caller


class Blame(Enum):
    """What is worse for an error."""

    ADDRESS = auto()  # the whole replica: its connection, its process
    ENGINE = auto()  # one engine of that replica
    NOBODY = auto()  # neither: it is full, it cannot do this, or the request is at fault


def judge(error: TroupeError) -> Verdict:
    """Whose fault it is."""
    if isinstance(error, UNABLE):
        return Verdict.SKIPPED
    if isinstance(error, RequestError | ConsentMissing):
        return Verdict.CALLERS
    return Verdict.FAILED


def blame(error: TroupeError) -> Blame:
    """Which breaker takes note of it."""
    if isinstance(error, StreamBroken):
        return Blame.ADDRESS if error.details.get(LOST) == CONNECTION else Blame.ENGINE
    if isinstance(error, CannotConnect | Draining):
        return Blame.ADDRESS
    if isinstance(error, EngineFailed | Internal | DeadlineExceeded):
        return Blame.ENGINE
    return Blame.NOBODY
