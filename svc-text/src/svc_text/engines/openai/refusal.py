"""What a server's refusal means: whose fault it is, and what mends it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from troupe.wire.errors import (
    CannotConnect,
    EngineFailed,
    InvalidArgument,
    NotSupported,
    Overloaded,
    TextTooLong,
    TroupeError,
)

SHOWN_CHARS = 500
LONGEST_WAIT_S = 60.0
TOO_LONG = re.compile(
    r"context[ _](?:length|size|window)|maximum model length|longer than the (?:model|maximum)|max_model_len"
    r"|exceed_context_size|prompt is too long",
    re.IGNORECASE,
)
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_LARGE, TOO_MANY = 401, 403, 404, 413, 429
NOT_IMPLEMENTED, UNAVAILABLE = 501, 503
CALLERS_ERRORS, SERVER_ERRORS = 400, 500
_WRONG_KEY = "refuses the key: correct PROVIDER_VLLM_API_KEY"
_ELSEWHERE = "sends callers elsewhere: set PROVIDER_VLLM_BASE_URL to its own address"
_CONFIGURED: Mapping[int, str] = {
    UNAUTHORIZED: _WRONG_KEY,
    FORBIDDEN: _WRONG_KEY,
    NOT_FOUND: "does not know what it is asked for: look at its models, and at PROVIDER_VLLM_BASE_URL",
} | dict.fromkeys((301, 302, 303, 307, 308), _ELSEWHERE)
"""What is nobody's fault but the operator's."""


def refusal(server: str, status: int, body: bytes, headers: Mapping[str, str], key: str = "") -> TroupeError:
    """The leaf for an answer that is not 200; `key` is blanked wherever the server repeats it."""
    said = message_of(body)
    said = said.replace(key, "***") if key else said
    if (known := _CONFIGURED.get(status)) is not None:
        return EngineFailed(f"{server} {known} ({status}: {said}).")
    if status in {TOO_MANY, UNAVAILABLE}:
        wait_s = _wait_s(headers.get("Retry-After", ""))
        return Overloaded(f"{server} takes no chat now: {said}. Try again in {wait_s:g} s.", retry_after_s=wait_s)
    if status == NOT_IMPLEMENTED:
        return NotSupported(f"{server} cannot do this: {said}.")
    if not CALLERS_ERRORS <= status < SERVER_ERRORS:
        return EngineFailed(f"{server} broke ({status}): {said}. Look at its log.")
    if status == TOO_LARGE or TOO_LONG.search(said):
        return TextTooLong(f"{server}: {said}. Shorten the messages or documents, or ask for fewer tokens.")
    return InvalidArgument(f"{server} cannot take this chat: {said}.")


def unreachable(url: str, why: str, start: str) -> CannotConnect:
    """Nobody answers there; in the words that the project's first users know."""
    return CannotConnect(
        f"Cannot connect to vLLM server at {url}: {why}. Start it ({start}), or correct PROVIDER_VLLM_BASE_URL.",
        remedy=start,
    )


def message_of(body: bytes | dict[str, Any]) -> str:
    """The words of an error, whichever of the usual shapes it has, without the full stop at its end."""
    told: Any = body
    if isinstance(body, bytes):
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            told = body.decode(errors="replace")
    for key in ("error", "message", "detail"):
        if isinstance(told, dict) and told.get(key):
            told = told[key]
    said = str(told or "no reason given").strip()
    return re.sub(r"\s+", " ", said)[:SHOWN_CHARS].rstrip(". ")


def _wait_s(header: str) -> float:
    try:
        return min(max(float(header), 0.1), LONGEST_WAIT_S)
    except ValueError:  # a date, or nothing
        return 1.0
