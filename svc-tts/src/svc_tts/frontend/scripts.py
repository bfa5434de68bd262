"""Scripts: which one a character is written in, and who reads it.

A voice of one language names the letters of a script it does not know one by one ("Cyrillic em"); so a sentence is cut
into stretches of one script each, and each stretch is given to a voice that reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from svc_tts.frontend.aligned import AlignedText

LATIN, EAST_ASIAN, CYRILLIC, ARABIC = "latin", "east-asian", "cyrillic", "arabic"

HAN = r"\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
KANA = r"\u3040-\u30ff\uff66-\uff9f"
_TONED_PINYIN = r"(?:\([a-zü:]{1,6}[1-5]\))+"  # the caller's own reading of ideographs: "(chu3)(li3)"

_RANGES = {
    EAST_ASIAN: rf"{_TONED_PINYIN}|[{HAN}{KANA}]+",
    LATIN: r"[A-Za-zªºÀ-ÖØ-öø-ʯḀ-ỿ]+",
    CYRILLIC: r"[\u0400-\u052f]+",
    "greek": r"[\u0370-\u03ff\u1f00-\u1fff]+",
    ARABIC: r"[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefe]+",
    "hebrew": r"[\u0590-\u05ff]+",
    "hangul": r"[\uac00-\ud7af\u1100-\u11ff\u3130-\u318f]+",
    "devanagari": r"[\u0900-\u097f]+",
    "bengali": r"[\u0980-\u09ff]+",
    "tamil": r"[\u0b80-\u0bff]+",
    "thai": r"[\u0e00-\u0e7f]+",
    "armenian": r"[\u0530-\u058f]+",
    "georgian": r"[\u10a0-\u10ff]+",
}
_ANY = re.compile("|".join(f"(?P<s{number}>{pattern})" for number, pattern in enumerate(_RANGES.values())))
_NAMES = tuple(_RANGES)

READERS = {
    LATIN: "en-US",
    CYRILLIC: "ru-RU",
    "greek": "el-GR",
    ARABIC: "ar-SA",
    "hebrew": "he-IL",
    "hangul": "ko-KR",
    "devanagari": "hi-IN",
    "bengali": "bn-IN",
    "tamil": "ta-IN",
    "thai": "th-TH",
    "armenian": "hy-AM",
    "georgian": "ka-GE",
}
"""Who reads a script that the sentence's own language does not."""

_NATIVE = {language.split("-")[0]: script for script, language in READERS.items()} | {
    **dict.fromkeys(("zh", "ja"), EAST_ASIAN),
    **dict.fromkeys(("uk", "bg", "sr", "be", "mk", "kk"), CYRILLIC),
    **dict.fromkeys(("fa", "ur"), ARABIC),
    **dict.fromkeys(("ne", "mr"), "devanagari"),
}


def native_script(language: str) -> str:
    """The script a language is written in; Latin where nothing else is known."""
    return _NATIVE.get(language.split("-", maxsplit=1)[0].lower(), LATIN)


def counts(text: str) -> dict[str, int]:
    """How many characters of each script there are."""
    found: dict[str, int] = {}
    for script, start, end in _found(text):
        found[script] = found.get(script, 0) + end - start
    return found


def stretches(text: AlignedText) -> Iterator[tuple[str, AlignedText]]:
    """(script, text) one after the other; digits and punctuation belong to what stands before them."""
    borders: list[tuple[str, int]] = []
    for script, start, _ in _found(text.text):
        if not borders or borders[-1][0] != script:
            borders.append((script, start if borders else 0))
    ends = [start for _, start in borders[1:]] + [len(text)]
    for (script, start), end in zip(borders or [("", 0)], ends, strict=True):
        yield script, text[start:end]


def _found(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _ANY.finditer(text):
        yield _NAMES[int((match.lastgroup or "s0")[1:])], match.start(), match.end()
