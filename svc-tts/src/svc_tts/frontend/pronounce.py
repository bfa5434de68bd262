"""The caller's own readings: "word=reading" says `reading` wherever `word` is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from svc_tts.frontend.aligned import AlignedText
from troupe.wire.errors import InvalidArgument

MAX_PRONUNCIATIONS = 500
MAX_LENGTH = 200  # characters of one entry


@dataclass(frozen=True, slots=True)
class Pronunciations:
    """Readings by lower-case word, and the pattern that finds the words."""

    readings: dict[str, str]
    pattern: re.Pattern[str]

    @classmethod
    def parse(cls, entries: Sequence[str]) -> Pronunciations:
        """Read "word=reading" entries; raises `InvalidArgument`."""
        if len(entries) > MAX_PRONUNCIATIONS:
            raise InvalidArgument(f"{len(entries)} pronunciations; at most {MAX_PRONUNCIATIONS} are allowed.")
        readings = dict(_entry(entry) for entry in entries)
        return cls(readings, _finder(readings))

    def apply(self, text: AlignedText) -> AlignedText:
        """`text` with the readings in place of the words."""
        return text.sub(self.pattern, lambda match: self.readings[match.group().lower()]) if self.readings else text


def _entry(entry: str) -> tuple[str, str]:
    word, equals, reading = entry.partition("=")
    if not equals or not word.strip() or not reading.strip() or len(entry) > MAX_LENGTH:
        raise InvalidArgument(
            'A pronunciation is written "word=reading", at most 200 characters.', field="pronunciations"
        )
    return word.strip().lower(), reading.strip()


def _finder(readings: dict[str, str]) -> re.Pattern[str]:
    # Longest first, and whole words only; scripts without spaces have no word borders.
    words = sorted(readings, key=len, reverse=True)
    found = [rf"\b{re.escape(w)}\b" if w.isascii() and w.isalnum() else re.escape(w) for w in words]
    return re.compile("|".join(found) or r"(?!)", re.IGNORECASE)
