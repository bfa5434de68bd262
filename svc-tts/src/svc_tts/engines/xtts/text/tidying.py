"""Characters and punctuation as the model knows them.

Quotation marks at an end, ellipses, dashes and repeated marks make XTTS babble (coqui-ai/TTS#4171,
DrewThomasson/ebook2audiobook#34); accents in two code points, full-width letters and digits of other scripts are
unknown to its vocabulary. So a text is rewritten with letters, digits and the marks . , ? ! : ; ' - / alone, as far as
it can be.
"""

from __future__ import annotations

import re
import unicodedata

from svc_tts.frontend.aligned import AlignedText
from svc_tts.frontend.clean import clean

_KEPT_BY_NFKC = "ºª²³¹¼½¾°´¨¸¯"  # would turn into letters, digits or a space and an accent
_MARKED = re.compile(r"[^\W\d_][\u0300-\u036f\u0653-\u0655\u093c\u3099\u309a]+|[\u1100-\u11ff]+")
_COMPATIBLE = re.compile(r"[^\x00-\x7f]")
_QUOTES = re.compile(r"[\"“”„‟«»‹›「」『』《》〈〉″〝〞〟]+")
_APOSTROPHES = re.compile(r"[’‘‛ʼ´`′＇]")
_CLIPPED = r"(?:[stnkm]|em|tis|twas|cause|til)\b"  # 's avonds, 't, 'em: an apostrophe begins them
_LOOSE_APOSTROPHE = re.compile(rf"(?<![^\W\d_])'(?!{_CLIPPED})|'(?![^\W\d_])", re.IGNORECASE)
_RANGE_DASH = re.compile(r"(?<=\d)\s?[‐‑‒–—―−]\s?(?=\d)")
_HYPHENS = re.compile(r"[‐‑−]")
_DASHES = re.compile(r"\s*[‒–—―⸺]+\s*|\s+-+\s+|--+")
_OPENING, _CLOSING = re.compile(r"\s*[(\[{<⟨【〔]+\s*"), re.compile(r"\s*[)\]}>⟩】〕]+")
_UNREAD = re.compile(r"[*_~^|\\•·●◦¦¶§†‡¡¿]+")
_ELLIPSIS = re.compile(r"\s*(?:\.{2,}|…+)")
_MARKS = re.compile(r"\s*[.,;:!?،؛؟।](?:\s*[.,;:!?،؛؟।])+")
_SPACE_BEFORE_MARK = re.compile(r"\s+(?=[.,;:!?،؛؟।](?!\d))")
_AT_START = re.compile(r"^[\s.,;:!?،؛؟।/-]+(?!\d)")
_UNFINISHED = re.compile(r"[\s,;:،؛/-]+$")
_STRONGEST_FIRST = "?؟!.।;؛:,،"
_WITHOUT_SPACES = ("zh", "ja")


def tidy(text: AlignedText, language: str) -> AlignedText:
    """`text` in composed, plain characters; without quotes, brackets, emoji and controls; one mark at a time."""
    text = _plain(clean(text))
    text = text.sub(_QUOTES, lambda _: "" if language in _WITHOUT_SPACES else " ")
    text = text.sub(_APOSTROPHES, lambda _: "'").sub(_LOOSE_APOSTROPHE, lambda _: "")
    text = text.sub(_UNREAD, lambda _: " ")
    text = text.sub(_RANGE_DASH, lambda _: "-").sub(_HYPHENS, lambda _: "-")
    for pattern in (_DASHES, _OPENING, _CLOSING):
        text = text.sub(pattern, lambda _: ", ")
    text = text.sub(_ELLIPSIS, lambda match: "." if match.end() == len(match.string) else ", ")
    text = text.sub(_MARKS, lambda match: _strongest(match.group()))
    text = text.sub(_SPACE_BEFORE_MARK, lambda _: "").sub(_AT_START, lambda _: "")
    text = text.sub(_UNFINISHED, lambda match: "." if match.group().strip() else "")
    return _turkish(clean(text)) if language == "tr" else clean(text)


def _plain(text: AlignedText) -> AlignedText:
    """Composed letters, plain ones for full-width, circled and presentation forms, and 0-9 for digits of any script."""
    text = text.sub(_MARKED, lambda match: unicodedata.normalize("NFC", match.group()))
    return text.sub(_COMPATIBLE, lambda match: _plain_character(match.group()))


def _plain_character(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    return character if character in _KEPT_BY_NFKC else unicodedata.normalize("NFKC", character)


def _strongest(marks: str) -> str:
    return next(mark for mark in _STRONGEST_FIRST if mark in marks)


def _turkish(text: AlignedText) -> AlignedText:
    """Turkish capitals by Turkish rules: I is the capital of ı, and İ that of i."""
    return AlignedText(text.text.replace("İ", "i").replace("I", "ı"), text.spans)
