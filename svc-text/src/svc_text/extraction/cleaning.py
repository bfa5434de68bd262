"""Lines of text as people see them: without characters that nobody sees."""

from __future__ import annotations

import re
import unicodedata

_SPACE = re.compile(r"\s+")
_JOINERS = "\u200c\u200d"  # words of Persian and Hindi, and emoji, need them
_UNSEEN = {
    code: None
    for code in (*range(0x20), 0x7F, *range(0x80, 0xA0), 0xAD, *range(0xFDD0, 0xFDF0), 0xFFFC, 0xFFFD)
    if chr(code) not in "\t\n\r"
}
_UNSEEN |= dict.fromkeys((*range(0xFE00, 0xFE10), *range(0xE0000, 0xE01F0)))
"""Controls, soft hyphens, variation selectors and the tag characters that spell words to machines only."""
_FORMAT = re.compile("[\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")


def line(text: str, most: int = 0) -> str:
    """One line, its white space folded, at most `most` characters (0 = all), cut after a word."""
    seen = _FORMAT.sub("", unicodedata.normalize("NFC", text).translate(_UNSEEN))
    folded = _SPACE.sub(" ", seen).strip().strip(_JOINERS)
    if not most or len(folded) <= most:
        return folded
    head, _, _ = folded[:most].rpartition(" ")
    return head or folded[:most]
