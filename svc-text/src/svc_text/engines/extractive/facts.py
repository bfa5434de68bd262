"""Facts: sentences with years, counts, shares or places, verbatim, each with its page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from svc_text.engines.extractive.material import Material
from svc_text.engines.extractive.rank import repeats
from svc_text.engines.extractive.sentences import Sentence

MOST_FACTS = 8
MOST_FACT_CHARS = 160
LEAST_CLAUSE_WORDS = 4
YEAR_WEIGHT, MOST_COUNTS, SCORE_WEIGHT = 1.5, 3, 0.3  # what makes one fact better than another
CAPTION_MALUS = 0.4
_YEAR = re.compile(r"(?<!\d)(?:1[6-9]\d\d|20[0-4]\d)(?!\d)")
_COUNT = re.compile(r"(?<![\w.,])\d[\d.,\u202f\u00a0' ]*(?:%|\s?[^\W\d_]{2,})")
_PRICE = re.compile(r"[€$£¥₽₹₺₩]\s?\d|\d\s?(?:[€$£¥₽₹₺₩]|EUR|USD|CHF|PLN|SEK)|\bfrom \d|\bab \d|\d円|\d元")
_HOURS = re.compile(r"\d{1,2}[:.]\d\d\s?(?:h|uhr|am|pm|–|-)|\b(?:mon|mo|lun|seg|pon)[a-z.]*\s?[–-]", re.IGNORECASE)
_CLAUSES = re.compile(r"(?<=[;:–—，；])\s*|(?<=, )")


@dataclass(frozen=True, slots=True)
class Fact:
    """`fact` is a part of `sentence`, which stands on `page`."""

    fact: str
    sentence: str
    page: str


def facts(material: Material) -> list[Fact]:
    """The best ones, in the order of the pages."""
    chosen: list[Sentence] = []
    for sentence in sorted(_candidates(material), key=lambda each: (-_value(material, each), each.order)):
        if len(chosen) == MOST_FACTS:
            break
        if not repeats(sentence, chosen):
            chosen.append(sentence)
    ordered = sorted(chosen, key=lambda each: each.order)
    return [Fact(_core(each.text), each.text, material.documents[each.document].url) for each in ordered]


def _candidates(material: Material) -> Iterator[Sentence]:
    for sentence in material.prose:
        if _value(material, sentence) and not _PRICE.search(sentence.text) and not _HOURS.search(sentence.text):
            yield sentence


def _value(material: Material, sentence: Sentence) -> float:
    years, counts = len(_YEAR.findall(sentence.text)), len(_COUNT.findall(sentence.text))
    if not years and not counts:
        return 0.0
    value = YEAR_WEIGHT * bool(years) + min(counts, MOST_COUNTS) + SCORE_WEIGHT * material.score[sentence.order]
    return value * (CAPTION_MALUS if sentence.order in material.captions else 1.0)


def _core(text: str) -> str:
    """The sentence, or where it is long the clauses of it that hold the numbers."""
    plain = text.rstrip(".。 ")
    if len(plain) <= MOST_FACT_CHARS:
        return plain
    parts = [part for part in _CLAUSES.split(plain) if part]
    telling = [part for part in parts if re.search(r"\d", part) and len(part.split()) >= LEAST_CLAUSE_WORDS]
    short = _shortest(telling)
    return short.strip(" ,;:–—，；") if short else plain


def _shortest(parts: Sequence[str]) -> str:
    return max((part for part in parts if len(part) <= MOST_FACT_CHARS), key=len, default="")
