"""What of a page is never quoted: banners, legal lines, menus, prices, addresses, and what speaks to machines.

A sentence that tells a language model what to do has no power here, but it would be read aloud. The patterns match
text folded to plain letters; they are many and small, since one that is too broad drops honest sentences.
"""

from __future__ import annotations

import re
import unicodedata

from svc_text.lexicon import everywhere

LEAST_LETTERS = 0.55  # share of letters (of what is not space) below which a line is prices, numbers or decoration
LONGEST_WORD = 45  # characters without a space: more is a key, a hash or encoded text

_MARKUP = re.compile(r"[<>{}\\|]|!\[|\]\(|function\s*\(|=>|&\w{2,8};|\[\[|\$\{|#[0-9a-f]{6}\b")
_ADDRESS = re.compile(
    r"https?:|www\.|\b[\w.+-]+@[\w-]+\.\w|\b[\w-]{2,}(?:\.[\w-]{2,})*\.(?:com|org|net|io|ai|dev|app|info|example|test|invalid)\b"
    r"|\b(?:javascript|file|ftp|mailto|tel):\S|\bdata:\w+/",
    re.IGNORECASE,
)
_PHONE = re.compile(r"\+?\d[\d\s()/.-]{7,}\d")
_SPELLED = re.compile(r"\b(?:\w[ .\-_*]){4,}\w\b")
_LOOKALIKES = str.maketrans("аеорсухіѕԁӏ0134@$", "aeopcyxisdloieaas")


def speaks_to_machines(text: str) -> bool:
    """Whether it tells a language model what to do."""
    folded = fold(text)
    tries = {folded, folded.translate(_LOOKALIKES), _SPELLED.sub(lambda run: re.sub(r"[ .\-_*]", "", run[0]), folded)}
    return any(pattern.search(each) for each in tries for pattern in everywhere("machines"))


def is_junk(text: str) -> bool:
    """Whether it stands on every page of a site, or is no language at all."""
    folded = fold(text)
    if any(pattern.search(folded) for pattern in everywhere("site")) or _MARKUP.search(text) or _ADDRESS.search(text):
        return True
    return _is_no_language(text)


def fold(text: str) -> str:
    """Lower case without accents, white space folded, compatibility forms resolved: what patterns are matched with."""
    plain = unicodedata.normalize("NFKD", text)
    kept = "".join(mark for mark in plain if not unicodedata.combining(mark) or ord(mark) > 0x0370)
    return " ".join(unicodedata.normalize("NFC", kept).casefold().split())


def _is_no_language(text: str) -> bool:
    packed = "".join(text.split())
    letters = sum(character.isalpha() for character in packed)
    if letters < LEAST_LETTERS * len(packed):
        return True
    longest = max(map(len, text.split()), default=0)
    return (longest > LONGEST_WORD and text.isascii()) or bool(_PHONE.search(text))
