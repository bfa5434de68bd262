"""What words mean on the pages of companies, per language: one small TOML file each, 17 of them.

A list holds regular expressions; in languages that put spaces between words they match whole words. A language without
a file, or unknown, is read with the English one.

| list | what its words do |
|---|---|
| `common` | tell the language, and are left out when sentences are compared |
| `back` | begin a sentence that is only understood after another one |
| `identity` | say what somebody is or makes |
| `offers`, `elsewhere` | stand in headings above what is offered, and above something else |
| `audience`, `apart` | say for whom it is, and what others do not have |
| `friendly`, `formal` | set the tone |
| `titles` | titles that name no company (folded: no accents, lower case) |
| `machines`, `site` | sentences that speak to language models, and those that stand on every page (folded) |
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from re import Pattern
from typing import Any

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "tr", "ru", "uk", "ar", "hi", "ko", "zh", "ja")
UNSPACED = frozenset({"zh", "ja"})
DEFAULT = "en"


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words of one language, compiled."""

    language: str
    common: frozenset[str]
    back: Pattern[str]  # at the beginning
    identity: Pattern[str]
    offers: Pattern[str]
    elsewhere: Pattern[str]
    audience: Pattern[str]
    apart: Pattern[str]
    friendly: Pattern[str]
    formal: Pattern[str]


@cache
def lexicon(language: str) -> Lexicon:
    """The words of that language (ISO 639-1)."""
    language = language if language in LANGUAGES else DEFAULT
    lists = _read(language)
    named = {name: _pattern(lists[name], language) for name in ("identity", "audience", "apart", "friendly")}
    # Headings of other languages' pages are often English.
    both = {name: _either(language, name) for name in ("offers", "elsewhere")}
    return Lexicon(
        language=language,
        common=frozenset(lists["common"].split()),
        back=re.compile("^" + _pattern(lists["back"], language).pattern, re.IGNORECASE),
        formal=re.compile(_pattern(lists["formal"], language).pattern),  # "Sie" and "sie" are not the same
        **named,
        **both,
    )


@cache
def everywhere(name: str) -> tuple[Pattern[str], ...]:
    """The patterns of that list in all languages: what no page is quoted with, whatever language it is in."""
    return tuple(re.compile(entry, re.IGNORECASE) for language in LANGUAGES for entry in _read(language)[name])


def _either(language: str, name: str) -> Pattern[str]:
    own = _pattern(_read(language)[name], language).pattern
    english = _pattern(_read(DEFAULT)[name], DEFAULT).pattern
    return re.compile(f"{own}|{english}", re.IGNORECASE)


def _pattern(entries: Iterable[str], language: str) -> Pattern[str]:
    either = "|".join(entries)
    edge = "" if language in UNSPACED else r"\b"
    return re.compile(rf"{edge}(?:{either})(?!\w)" if edge else f"(?:{either})", re.IGNORECASE)


@cache
def _read(language: str) -> Mapping[str, Any]:
    return tomllib.loads((files(__name__) / f"{language}.toml").read_text("utf-8"))
