"""Which language a text is written in: by its script, and where several share one by their commonest words.

17 languages at best effort; no model, no network.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from svc_text.lexicon import lexicon

LOOKED_AT = 20_000  # characters
LEAST_HITS = 2  # common words that must be there before a language is told

_SCRIPTS: tuple[tuple[str, str], ...] = (
    ("ja", "\u3041-\u30ff"),
    ("zh", "\u3400-\u9fff"),
    ("ko", "\uac00-\ud7a3\u1100-\u11ff"),
    ("ru", "\u0400-\u04ff"),
    ("ar", "\u0600-\u06ff"),
    ("hi", "\u0900-\u097f"),
    ("el", "\u0370-\u03ff"),
    ("he", "\u0590-\u05ff"),
    ("th", "\u0e00-\u0e7f"),
)
_IN_SCRIPT = tuple((language, re.compile(f"[{letters}]")) for language, letters in _SCRIPTS)
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
_UKRAINIAN = re.compile(r"[іїєґІЇЄҐ]")
_WORD = re.compile(r"[^\W\d_]+")
_LATIN_LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "tr")
_WEIGHT = 3  # an ideograph or kana says as much as some Latin letters
_KANA_SHARE = 0.05  # of ideographs: Japanese has far more kana, a Chinese page may quote a few


def base(language: str) -> str:
    """The language without region or script: "en-US" -> "en"."""
    return language.replace("_", "-").partition("-")[0].lower()


def detect(text: str) -> str:
    """ISO 639-1 of the most likely language; empty where nothing tells."""
    head = text[:LOOKED_AT]
    found = {language: len(letters.findall(head)) for language, letters in _IN_SCRIPT}
    latin = len(_LATIN.findall(head))
    best = max(found, key=lambda language: found[language])
    if _WEIGHT * found[best] > latin:
        return _of_script(best, found, head)
    return _of_latin(head)


def _of_script(best: str, found: Mapping[str, int], text: str) -> str:
    if best in {"ja", "zh"}:
        return "ja" if found["ja"] > _KANA_SHARE * found["zh"] else "zh"
    if best == "ru" and len(_UKRAINIAN.findall(text)) > found["ru"] / 100:
        return "uk"
    return best


def _of_latin(text: str) -> str:
    words = Counter(_WORD.findall(text.lower()))
    scores = {language: sum(words[word] for word in lexicon(language).common) for language in _LATIN_LANGUAGES}
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] >= LEAST_HITS else ""
