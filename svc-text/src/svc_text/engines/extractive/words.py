"""Words, as ranking counts them and as they are heard."""

from __future__ import annotations

import re

from svc_text.lexicon import lexicon

STEM = 6  # letters: "pump", "pumps", "pumpen" shall be one term, at best effort for every language
SPOKEN_PER_WORD = 1.8  # ideographs and kana that take as long to say as one word of other languages

_EAST_ASIAN = "\u3041-\u30ff\u3400-\u9fff"
_WORD = re.compile(f"[^\\W\\d_{_EAST_ASIAN}]+|\\d[\\d.,]*")
_RUN = re.compile(f"[{_EAST_ASIAN}]+")
_HEARD = re.compile(f"[^\\W_{_EAST_ASIAN}]+")
TOKEN = re.compile(f"\\s*(?:[{_EAST_ASIAN}]|[^\\s{_EAST_ASIAN}]+)")
"""A token: a word with the space before it, or one ideograph or kana. Joined tokens are the text."""


def terms(text: str, language: str) -> frozenset[str]:
    """What a sentence is about: its words without common ones, cut to stems; pairs of ideographs."""
    common = lexicon(language).common
    words = (word for word in _WORD.findall(text.lower()) if word not in common and len(word) > 1)
    runs = _RUN.findall(text)
    pairs = (run[start : start + 2] for run in runs for start in range(len(run) - 1))
    return frozenset(word[:STEM] for word in words) | frozenset(pairs)


def spoken(text: str) -> float:
    """How many words it takes as long to say as."""
    return len(_HEARD.findall(text)) + sum(map(len, _RUN.findall(text))) / SPOKEN_PER_WORD


def is_east_asian(text: str) -> bool:
    """Whether it is written without spaces between words."""
    return 2 * sum(map(len, _RUN.findall(text))) > len(text)
