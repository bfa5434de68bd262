"""What an error of a rung means for the chain."""

from __future__ import annotations

from enum import Enum, auto

from troupe.wire.errors import (
    Cancelled,
    EngineMissing,
    LicenceForbids,
    NotSupported,
    RequestError,
    TroupeError,
    UnknownEngine,
    UnsupportedFormat,
    UnsupportedLanguage,
)

UNABLE = (UnsupportedLanguage, UnsupportedFormat, NotSupported, UnknownEngine, EngineMissing, LicenceForbids)
"""The rung cannot do this; another one may."""


class Verdict(Enum):
    """What to do after an attempt that failed before its first byte."""

    SKIPPED = auto()  # it could not have served: ask the next one, think no worse of this one
    FAILED = auto()  # it should have served: ask the next one, think worse of this one
    CALLERS = auto()  # no rung would do better: tell the caller


def judge(error: TroupeError) -> Verdict:
    """Whose fault it is."""
    if isinstance(error, UNABLE):
        return Verdict.SKIPPED
    if isinstance(error, RequestError | Cancelled):
        return Verdict.CALLERS
    return Verdict.FAILED
