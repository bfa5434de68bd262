"""A company's profile: the schema a model is given, and the judging of what it gave.

A schema binds an honest engine; what comes is judged as if nothing had bound it. What does not belong is left out,
never mended by guessing: unknown fields, wrong types, addresses, markup, facts whose sentence stands on no page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.scenes.research.plain import has_address, plain
from gateway.scenes.research.site import SitePage, own_hosts

NAME = "company_profile"
ANSWER_CHARS = 64 * 1024  # of a model's whole answer
WORDS: Mapping[str, int] = {"name": 120, "one_liner": 240, "summary": 1_500, "audience": 300, "tone": 120}
"""The fields of words, and how many characters each may have."""
LISTS: Mapping[str, tuple[int, int]] = {"products": (12, 160), "differentiators": (8, 240)}
"""The fields of phrases: how many, and how long."""
MOST_FACTS, FACT_CHARS, SENTENCE_CHARS, SENTENCE_LEAST = 12, 300, 600, 12
FIELDS = ("name", "one_liner", "summary", "products", "audience", "differentiators", "tone", "facts")


class ProfileInvalid(Exception):
    """What a model gave is no profile; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement with the sentence it rests on and the page where that stands, letter by letter."""

    fact: str
    sentence: str
    page: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What a company says it is. Empty = its pages do not say."""

    name: str = ""
    one_liner: str = ""
    summary: str = ""
    products: Sequence[str] = ()
    audience: str = ""
    differentiators: Sequence[str] = ()
    tone: str = ""
    facts: Sequence[Fact] = field(default=())


def schema(pages: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of a profile of these pages."""
    text = {"type": "string"}
    fact = _object({"fact": text, "sentence": text, "page": {"type": "string", "enum": list(pages)}})
    lists = {name: {"type": "array", "items": text, "maxItems": most} for name, (most, _) in LISTS.items()}
    kinds = dict.fromkeys(WORDS, text) | lists | {"facts": {"type": "array", "items": fact, "maxItems": MOST_FACTS}}
    return _object({name: kinds[name] for name in FIELDS})


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def read_profile(answer: str, pages: Sequence[SitePage]) -> Profile:
    """The profile in a model's answer. Raises `ProfileInvalid`."""
    given = _json(answer)
    hosts = own_hosts(page.url for page in pages)
    words = {name: _words(given.get(name), most, hosts) for name, most in WORDS.items()}
    lists = {name: _phrases(given.get(name), most, chars, hosts) for name, (most, chars) in LISTS.items()}
    words["name"] = words["name"] or _words(pages[0].site_name, WORDS["name"], hosts)
    if not (words["one_liner"] or words["summary"]):
        raise ProfileInvalid("its answer does not say what the company does")
    return Profile(**words, **lists, facts=_facts(given.get("facts"), pages, hosts))  # type: ignore[arg-type]  # by name


def _json(answer: str) -> Mapping[str, Any]:
    """The JSON object in an answer; models like to put a fence or a sentence around it."""
    if len(answer) > ANSWER_CHARS:
        raise ProfileInvalid("its answer had no end")
    start, end = answer.find("{"), answer.rfind("}")
    try:
        given = orjson.loads(answer[start : end + 1]) if 0 <= start < end else None
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict):
        raise ProfileInvalid("its answer was no valid JSON")
    return given


def _words(value: object, most: int, hosts: frozenset[str]) -> str:
    return clipped(plain(value[: most * 4], hosts), most) if isinstance(value, str) else ""


def _phrases(value: object, most: int, chars: int, hosts: frozenset[str]) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else []
    phrases = (_words(each, chars, hosts) for each in listed[: most * 4])
    return tuple(dict.fromkeys(phrase for phrase in phrases if phrase))[:most]


def _facts(value: object, pages: Sequence[SitePage], hosts: frozenset[str]) -> tuple[Fact, ...]:
    listed = value if isinstance(value, list) else []
    standing = {page.url: _one_line(page.whole) for page in pages}
    made = (_fact(each, standing, hosts) for each in listed[: MOST_FACTS * 4] if isinstance(each, dict))
    return tuple({fact.sentence: fact for fact in made if fact is not None}.values())[:MOST_FACTS]


def _fact(given: Mapping[str, Any], standing: Mapping[str, str], hosts: frozenset[str]) -> Fact | None:
    """The fact, if its sentence stands on one of the pages; a small model may have named the wrong one of them."""
    sentence = _one_line(given.get("sentence")) if isinstance(given.get("sentence"), str) else ""
    fact = _words(given.get("fact"), FACT_CHARS, hosts)
    if not fact or not SENTENCE_LEAST <= len(sentence) <= SENTENCE_CHARS:
        return None
    if has_address(sentence) or plain(sentence) != sentence:
        return None
    named = str(given.get("page", "")).rstrip("/")
    ordered = sorted(standing, key=lambda url: url.rstrip("/") != named)
    page = next((url for url in ordered if sentence in standing[url]), None)
    return Fact(fact, sentence, page) if page is not None else None


def _one_line(text: object) -> str:
    return " ".join(str(text).split())


def clipped(text: str, most: int) -> str:
    """At most so many characters, up to the end of a word."""
    if len(text) <= most:
        return text
    cut = text.rfind(" ", 0, most)
    return text[: cut if cut > most // 2 else most - 1].rstrip(" ,;:-") + "…"
