"""Numbers, dates, times, amounts and phone numbers written out, for engines that cannot read digits.

English, German, French, Spanish, Italian and Portuguese; text of other languages stays as it is. What is written in a
way that is not known stays too. num2words (LGPL) says the numbers; dates, clocks and money are said by rules of ours,
as its own are wrong in several languages. Each reading stands for the whole of what it reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from svc_tts.frontend.aligned import AlignedText
from svc_tts.frontend.amounts import WAYS, Ways
from svc_tts.frontend.language import base

_LONGEST = 15  # digits of a number that is written out
_CENTS = 2  # digits
_TWO_DIGITS = 10


def normalised(text: AlignedText, language: str) -> AlignedText:
    """`text` with its numbers in words, as far as that language (BCP 47) is known."""
    if base(language) not in WAYS or not any(character.isdigit() for character in text.text):
        return text
    for pattern, read in _rules(language):
        text = text.sub(pattern, read)
    return text


Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


@cache
def _rules(language: str) -> tuple[Rule, ...]:
    """In the order in which they are tried: what is longest first."""
    ways = WAYS[base(language)]
    words = _Words(base(language), ways, month_first=language.replace("_", "-").lower() in {"en", "en-us"})
    between = f"[{re.escape(ways.thousands)}]"
    number = rf"(?:\d{{1,3}}(?:{between}\d{{3}})+|\d+)(?:{re.escape(ways.decimal)}\d+)?"
    alone, ended = r"(?<![\w.,:/-])", r"(?![\w:/]|[.,]\d)"
    money = "|".join(re.escape(sign) for sign in ways.money)
    units = "|".join(re.escape(unit) for unit in sorted(ways.units, key=len, reverse=True))
    rules = (
        (r"(?<![\w+])\+\d[\d ()/-]{5,18}\d(?!\w)", words.phone),
        (rf"{alone}(?P<y>\d{{4}})-(?P<m>\d{{2}})-(?P<d>\d{{2}}){ended}", words.date),
        (rf"{alone}(?P<a>\d{{1,2}})([./])(?P<b>\d{{1,2}})\2(?P<y>\d{{4}}){ended}", words.short_date),
        (rf"{alone}(?P<h>[01]?\d|2[0-3]):(?P<m>[0-5]\d)(?:\s*Uhr)?{ended}", words.clock),
        (rf"{alone}(?P<a>{number})\s?–\s?(?={number}(?![\w:/–-]))", words.range),
        (rf"{alone}(?P<a>\d{{1,2}})-(?=\d{{1,2}}(?![\w:/–-]|[.,]\d))", words.range),  # 555-1234 is none
        (rf"{alone}(?P<sign>{money})\s?(?P<n>{number}){ended}", words.money),
        (rf"{alone}(?P<n>{number})\s?(?P<sign>{money})(?!\w)", words.money),
        (rf"{alone}(?P<n>-?{number})\s?%", words.percent),
        (rf"{alone}(?P<n>-?{number})\s?(?P<unit>{units})(?!\w)", words.unit),
        (rf"{alone}(?P<n>\d{{1,6}})(?:{ways.ordinals})(?!\w)", words.ordinal),
        (rf"{alone}(?P<n>-?{number}){ended}(?!-\d)", words.number),
    )
    return tuple((re.compile(pattern), read) for pattern, read in rules)


@dataclass(frozen=True, slots=True)
class _Words:
    """What one language says; the match itself where it cannot."""

    language: str
    ways: Ways
    month_first: bool

    def number(self, match: re.Match[str]) -> str:
        return self._said(match["n"]) or match.group()

    def ordinal(self, match: re.Match[str]) -> str:
        return _said(int(match["n"]), self.language, "ordinal") or match.group()

    def range(self, match: re.Match[str]) -> str:
        first = self._said(match["a"])
        return f"{first} {self.ways.until} " if first else match.group()

    def percent(self, match: re.Match[str]) -> str:
        said = self._said(match["n"])
        return f"{said} {self.ways.percent}" if said else match.group()

    def unit(self, match: re.Match[str]) -> str:
        said = self._said(match["n"])
        return f"{said} {self.ways.units[match['unit']][match['n'] != '1']}" if said else match.group()

    def money(self, match: re.Match[str]) -> str:
        whole, _, part = match["n"].partition(self.ways.decimal)
        said = self._said(whole if len(part) == _CENTS else match["n"])
        if not said:
            return match.group()
        several = whole != "1" or len(part) not in {0, _CENTS}
        amount = f"{said} {self.ways.money[match['sign']][several]}"
        hundredths = int(part) if len(part) == _CENTS else 0
        return amount + self.ways.hundredths.format(self._after(hundredths)) if hundredths else amount

    def clock(self, match: re.Match[str]) -> str:
        hour, minute = int(match["h"]), int(match["m"])
        said = _said(hour, self.language)
        if not minute:
            return self.ways.full_hour.format(h=said)
        return self.ways.clock.format(h=said, m=self._after(minute))

    def date(self, match: re.Match[str]) -> str:
        return self._date(match["y"], int(match["m"]), int(match["d"])) or match.group()

    def short_date(self, match: re.Match[str]) -> str:
        first, second = int(match["a"]), int(match["b"])
        month, day = (first, second) if self.month_first and match[2] == "/" else (second, first)
        return self._date(match["y"], month, day) or match.group()

    def phone(self, match: re.Match[str]) -> str:
        groups = re.findall(r"\d+", match.group())
        return ", ".join(" ".join(_said(int(digit), self.language) for digit in group) for group in groups)

    def _after(self, number: int) -> str:
        """Minutes after an hour, cents after a dollar: "nine oh five"."""
        early = self.language == "en" and number < _TWO_DIGITS
        return ("oh " if early else "") + _said(number, self.language)

    def _date(self, year: str, month: int, day: int) -> str:
        if not (1 <= month <= len(self.ways.months) and 1 <= day <= 31):  # days
            return ""
        first = day == 1 and self.language in {"fr", "it", "pt"}  # only the first is an ordinal there
        kind = "ordinal" if self.language in {"en", "de"} or first else "cardinal"
        said_day, said_year = _said(day, self.language, kind), _said(int(year), self.language, "year")
        ending = "r" if self.language == "de" else ""  # "siebenundzwanzigster"
        return self.ways.date.format(day=said_day + ending, month=self.ways.months[month - 1], year=said_year)

    def _said(self, written: str) -> str:
        whole = re.sub(f"[{re.escape(self.ways.thousands)}]", "", written).replace(self.ways.decimal, ".")
        if sum(character.isdigit() for character in whole) > _LONGEST:
            return ""
        return _said(float(whole) if "." in whole else int(whole), self.language)


def _said(number: float, language: str, kind: str = "cardinal") -> str:
    """Empty where the language has no words for it."""
    from num2words import num2words  # noqa: PLC0415  # every language's words: 40 ms, needed now and then

    try:
        return str(num2words(number, lang=language, to=kind))
    except (RuntimeError, OverflowError, TypeError):
        return ""
