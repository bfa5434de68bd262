"""`extra_sampling`: further sampling parameters as JSON, in the words of vLLM's own API, judged one by one.

Only what is named here is passed on. Nothing is that makes an engine compute more for a token, or say more of the
prompt, than `limits` allows: `prompt_logprobs` on long prompts ended vLLM's engine core again and again, and `n`,
`best_of` and `max_tokens` have limits of their own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from svc_text.schema import LONGEST_PATTERN, MOST_CHOICES, judged
from troupe.wire.chats import LONGEST_EXTRA
from troupe.wire.errors import InvalidArgument

MOST_STOP_IDS = 64
MOST_ALLOWED_IDS = 1_000
HIGHEST_ID = 999_999_999  # no vocabulary is that large; an engine knows its own
MOST_BAD_WORDS, LONGEST_BAD_WORD = 64, 100  # each costs at every step; characters
LONGEST_CHOICE = 1_000  # characters
MOST_REPEATS = 100  # of a pattern, or tokens of one
MOST_TOKENS = 1_000_000  # an engine knows its own context

Check = Callable[[str, Any], None]
"""Raises `InvalidArgument` for a value of that name that is not allowed."""


def judged_extra(text: str) -> Mapping[str, Any]:
    """The parameters of that JSON, each of them known, harmless and in its bounds; raises `InvalidArgument`."""
    if len(text) > LONGEST_EXTRA:
        raise InvalidArgument(f"extra_sampling has {len(text)} characters; allowed: {LONGEST_EXTRA}.")
    told = _parsed(text or "{}")
    if not isinstance(told, dict):
        raise InvalidArgument(f"extra_sampling is no JSON object: {text[:80]!r}.")
    _judge("extra_sampling", told, EXTRA)
    if "min_tokens" in told and "allowed_token_ids" in told:
        raise InvalidArgument(
            "extra_sampling: min_tokens forbids the token that ends the answer, and with allowed_token_ids there may "
            "be none left. Send one of them."
        )
    return told


def token_ids(told: Mapping[str, Any]) -> list[int]:
    """All numbers of tokens in judged parameters, for whoever knows how many there are."""
    return [*told.get("stop_token_ids", ()), *told.get("allowed_token_ids", ())]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _judge(where: str, told: Mapping[str, Any], known: Mapping[str, Check]) -> None:
    if unknown := sorted(set(told) - set(known)):
        raise InvalidArgument(f"{where} has {unknown[0][:80]!r}; allowed: {', '.join(sorted(known))}.")
    for name, value in told.items():
        known[name](f"{where}: {name}", value)


def _refuse(what: str, value: Any, allowed: str) -> None:
    raise InvalidArgument(f"{what} is {json.dumps(value)[:80]}; allowed: {allowed}.")


def _flag(what: str, value: Any) -> None:
    if not isinstance(value, bool):
        _refuse(what, value, "true, false")


def _whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _count(most: int) -> Check:
    def check(what: str, value: Any) -> None:
        if not _whole(value, 0, most):
            _refuse(what, value, f"0 to {most}")

    return check


def _ids(most: int) -> Check:
    def check(what: str, value: Any) -> None:
        listed = isinstance(value, list) and 1 <= len(value) <= most
        if not (listed and all(_whole(each, 0, HIGHEST_ID) for each in value)):
            _refuse(what, value, f"a list of 1 to {most} numbers of tokens")

    return check


def _strings(most: int, longest: int) -> Check:
    def check(what: str, value: Any) -> None:
        listed = isinstance(value, list) and 1 <= len(value) <= most
        if not (listed and all(isinstance(each, str) and 1 <= len(each) <= longest for each in value)):
            _refuse(what, value, f"a list of 1 to {most} strings of 1 to {longest} characters")

    return check


def _text(longest: int) -> Check:
    def check(what: str, value: Any) -> None:
        if not (isinstance(value, str) and 1 <= len(value) <= longest):
            _refuse(what, value, f"a string of 1 to {longest} characters")

    return check


def _schema(what: str, value: Any) -> None:
    judged(value if isinstance(value, str) else json.dumps(value), what)


def _repetition(what: str, value: Any) -> None:
    if not isinstance(value, dict):
        _refuse(what, value, f"an object of {', '.join(REPETITION)}")
    _judge(what, value, REPETITION)


def _structured(what: str, value: Any) -> None:
    if not isinstance(value, dict) or len(FORMS.intersection(value)) != 1:
        _refuse(what, value, f"an object with one of {', '.join(sorted(FORMS))}")
    _judge(what, value, STRUCTURED)


FORMS = frozenset({"choice", "grammar", "json", "json_object", "regex"})
STRUCTURED: Mapping[str, Check] = {
    "choice": _strings(MOST_CHOICES, LONGEST_CHOICE),
    "disable_additional_properties": _flag,
    "disable_any_whitespace": _flag,
    "grammar": _text(LONGEST_EXTRA),
    "json": _schema,
    "json_object": _flag,
    "regex": _text(LONGEST_PATTERN),
    "whitespace_pattern": _text(LONGEST_PATTERN),
}
REPETITION: Mapping[str, Check] = {
    "max_pattern_size": _count(MOST_REPEATS),
    "min_count": _count(MOST_REPEATS),
    "min_pattern_size": _count(MOST_REPEATS),
}
EXTRA: Mapping[str, Check] = {
    "allowed_token_ids": _ids(MOST_ALLOWED_IDS),
    "bad_words": _strings(MOST_BAD_WORDS, LONGEST_BAD_WORD),
    "ignore_eos": _flag,
    "include_stop_str_in_output": _flag,
    "min_tokens": _count(MOST_TOKENS),
    "repetition_detection": _repetition,
    "skip_special_tokens": _flag,
    "stop_token_ids": _ids(MOST_STOP_IDS),
    "structured_outputs": _structured,
    "thinking_token_budget": _count(MOST_TOKENS),
}
"""What `extra_sampling` may hold, and how each is judged."""
