"""Whose voice it is: the licence its MODEL_CARD or JSON tells, and whether that allows commercial use.

Piper's voices come from many data sets, each with terms of its own. Only licences known to allow commercial use count
as such: a link, a sentence or nothing at all does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

UNKNOWN = "not told"
_LINE = re.compile(r"^[*\- ]*licen[cs]e[ *]*:[ \t*]*(?P<licence>\S[^\n]*?)\s*$", re.IGNORECASE | re.MULTILINE)
_LONGEST = 200  # characters of a licence's name
_FORBIDS = re.compile(r"\bNC\b|non[- ]?commercial|research only|no commercial|blizzard", re.IGNORECASE)
_ALLOWS = re.compile(
    r"\bCC[- ]?0\b|public ?domain|\bCC[- ]BY(?:[- ]SA)?\b|licenses/by(?:-sa)?/|\b(?:MIT|Apache|BSD|Unlicense)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Licence:
    """The terms of one voice."""

    name: str = UNKNOWN
    commercial_use: bool = False


def licence_of(card: str, told: str = "") -> Licence:
    """The licence in the text of a MODEL_CARD, else the one the voice's JSON tells."""
    line = _LINE.search(card)
    name = (line["licence"] if line else told).strip()[:_LONGEST]
    if not name:
        return Licence()
    return Licence(name, bool(_ALLOWS.search(name)) and not _FORBIDS.search(name))
