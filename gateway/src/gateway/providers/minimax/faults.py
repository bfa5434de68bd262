"""What goes wrong at MiniMax, in our error tree: native `base_resp` codes, and the HTTP dialects of the newer routes.

A rung's own trouble is never an `AccessError`: the caller's key is not what MiniMax refused. What is the caller's to
mend is a `RequestError`; everything else a `ServingError`, so that another rung may serve.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from troupe.wire.errors import (
    BodyTooLarge,
    CannotConnect,
    DeadlineExceeded,
    EngineFailed,
    InvalidArgument,
    MediaTooLarge,
    NotSupported,
    Overloaded,
    RequestError,
    TroupeError,
    UnknownVoice,
    UnsupportedMedia,
)

CODE = "minimax_code"
"""The detail that keeps MiniMax's own code."""
SAID_CHARS = 200
MINUTE_S = 60.0


class Scope(Enum):
    """Who is not asked for a while."""

    NOBODY = auto()
    RUNG = auto()
    ACCOUNT = auto()


@dataclass(frozen=True, slots=True)
class Rule:
    """What one of MiniMax's codes means to us."""

    leaf: type[TroupeError]
    sentence: str
    scope: Scope = Scope.NOBODY
    pause_s: float = 0.0  # the first; each further one in a row is twice as long


_REGION = (
    "MiniMax does not take the key: MINIMAX_API_KEY and MINIMAX_API_HOST may be of different regions (keys of "
    "platform.minimax.io work at https://api.minimax.io, keys of platform.minimaxi.com at https://api.minimaxi.com), "
    "or the key is not valid any more"
)
_SAMPLE = "send an mp3, m4a or wav of 10 seconds to 5 minutes and at most 20 MB"

RULES: Mapping[int, Rule] = {
    1000: Rule(EngineFailed, "MiniMax failed for a reason it does not name"),
    1001: Rule(EngineFailed, "MiniMax took too long by its own measure"),
    1002: Rule(Overloaded, "MiniMax's limit of requests per minute is reached", Scope.RUNG, 2.0),
    1004: Rule(EngineFailed, _REGION, Scope.ACCOUNT, 10 * MINUTE_S),
    1008: Rule(EngineFailed, "The balance of the MiniMax account is used up; add to it", Scope.ACCOUNT, 5 * MINUTE_S),
    1013: Rule(EngineFailed, "MiniMax failed inside"),
    1024: Rule(EngineFailed, "MiniMax failed inside"),
    1026: Rule(InvalidArgument, "MiniMax refuses the text or picture as sensitive; change it"),
    1027: Rule(InvalidArgument, "MiniMax refuses what it made as sensitive; change the request"),
    1033: Rule(EngineFailed, "A service behind MiniMax failed"),
    1039: Rule(Overloaded, "MiniMax's limit of tokens per minute is reached", Scope.RUNG, 5.0),
    1041: Rule(Overloaded, "MiniMax's limit of connections is reached", Scope.RUNG, 1.0),
    1042: Rule(InvalidArgument, "More than a tenth of the text cannot be seen; remove invisible characters"),
    1043: Rule(InvalidArgument, "The sample does not say the text that came with it; correct one of them"),
    1044: Rule(InvalidArgument, "The prompt's sound does not say the prompt's text; correct one of them"),
    2013: Rule(InvalidArgument, "MiniMax does not take these values"),
    2037: Rule(UnsupportedMedia, f"The sample is too short or too long; {_SAMPLE}"),
    2038: Rule(NotSupported, "This MiniMax account may not clone voices; its owner must be verified there"),
    2039: Rule(InvalidArgument, "A voice of that id is there already; choose another voice_id"),
    2042: Rule(UnknownVoice, "The MiniMax account has no such voice, or not for its use"),
    2045: Rule(Overloaded, "MiniMax wants requests to grow more slowly", Scope.RUNG, 5.0),
    2048: Rule(MediaTooLarge, "The prompt's sound is too long; send less than 8 seconds"),
    2049: Rule(EngineFailed, _REGION, Scope.ACCOUNT, 10 * MINUTE_S),
    2054: Rule(UnknownVoice, "MiniMax has no such voice"),
    2056: Rule(EngineFailed, "The limit of the MiniMax plan is reached", Scope.ACCOUNT, 5 * MINUTE_S),
    2061: Rule(
        EngineFailed, "The MiniMax plan does not hold this model; set another PROVIDER_MINIMAX_MODEL", Scope.RUNG, 300.0
    ),
    20132: Rule(UnsupportedMedia, f"MiniMax takes neither this sample nor this voice_id; {_SAMPLE}"),
}
"""Codes of the notes; 2201 to 2206 belong to WebSockets, which the rungs do not use."""

_UNKNOWN = Rule(EngineFailed, "MiniMax failed")
_BUSY = Rule(Overloaded, "MiniMax is overloaded", Scope.RUNG, 2.0)
_HTTP: Mapping[int, Rule] = {
    401: RULES[1004],
    402: RULES[1008],
    403: RULES[1004],
    404: Rule(EngineFailed, "MiniMax has no such route or task; check MINIMAX_API_HOST"),
    408: RULES[1001],
    413: Rule(BodyTooLarge, "The request is larger than MiniMax takes; send less"),
    422: RULES[2013],
    429: RULES[1002],
    503: _BUSY,
    529: _BUSY,
}
TYPES: Mapping[str, int] = {
    "authorized_error": 401,
    "authentication_error": 401,
    "bad_request_error": 400,
    "invalid_request_error": 400,
    "insufficient_balance_error": 402,
    "unprocessable_entity_error": 422,
    "rate_limit_error": 429,
    "server_error": 500,
    "overloaded_error": 529,
}
"""The HTTP status each error type of the newer routes stands for, where it comes inside an answer of another status."""
_INLINE_CODE = re.compile(r"\((\d{4,5})\)\s*$")


def of_base(code: int, said: str, *, status: int = 0, retry_after_s: float = 0.0) -> TroupeError:
    """The leaf for a native code."""
    return _made(RULES.get(code, _UNKNOWN), str(code), said, status, retry_after_s)


def of_http(status: int, said: str, *, retry_after_s: float = 0.0) -> TroupeError:
    """The leaf for an HTTP status; a native code at the end of the message, as in `… (2013)`, says more."""
    if (found := _INLINE_CODE.search(said)) is not None and int(found[1]) in RULES:
        return of_base(int(found[1]), said, status=status, retry_after_s=retry_after_s)
    if 300 <= status < 400:
        return not_its_api(f"HTTP {status}, a redirect; it is not followed")
    fallback = RULES[2013] if 400 <= status < 500 else _UNKNOWN
    return _made(_HTTP.get(status, fallback), "", said, status, retry_after_s)


def not_its_api(what: str) -> EngineFailed:
    """For an answer that no version of MiniMax's API gives."""
    return EngineFailed(f"MiniMax answered something that is not its API ({what}). Check MINIMAX_API_HOST.")


def was_refused(error: TroupeError) -> bool:
    """Whether the call has surely cost nothing: it did not arrive, or MiniMax said no to it."""
    return isinstance(error, CannotConnect | RequestError) or CODE in error.details or "http_status" in error.details


def rule_of(error: TroupeError) -> Rule | None:
    """The rule that made this error; None for errors that are not MiniMax's own."""
    code, status = error.details.get(CODE, ""), error.details.get("http_status", "")
    if code:
        return RULES.get(int(code))
    return _HTTP.get(int(status)) if status else None


def too_slow(doing: str, seconds: float) -> DeadlineExceeded:
    """For a wait that had its own limit."""
    return DeadlineExceeded(f"MiniMax gave no {doing} within {seconds:.0f} s.")


def _made(rule: Rule, code: str, said: str, status: int, retry_after_s: float) -> TroupeError:
    words = printable(said)
    named = ", ".join(part for part in (f"code {code}" if code else "", f"HTTP {status}" if status else "") if part)
    details: dict[str, str | float] = {CODE: code} if code else {}
    if status:
        details["http_status"] = status
    if rule.scope is not Scope.NOBODY:
        details["retry_after_s"] = round(max(rule.pause_s, retry_after_s), 3)
    return rule.leaf(f"{rule.sentence} ({named}{f': {words}' if words else ''}).", **details)


def printable(said: str) -> str:
    """What MiniMax said, fit for a message of ours: one short line without control characters."""
    line = " ".join("".join(char if char.isprintable() else " " for char in said).split())
    return line if len(line) <= SAID_CHARS else f"{line[:SAID_CHARS]}…"
