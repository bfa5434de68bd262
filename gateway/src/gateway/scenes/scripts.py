"""Which languages a text needs by its scripts: an English voice leaves out what is written in another one."""

from __future__ import annotations

import re
from collections.abc import Mapping

# A language that reads each script, and a run of its letters; one Greek letter in a formula asks for no Greek voice.
READERS: Mapping[str, re.Pattern[str]] = {
    "ja": re.compile("[\u3040-\u30ff]"),
    "zh": re.compile("[\u3400-\u4dbf\u4e00-\u9fff]"),
    "ko": re.compile("[\u1100-\u11ff\uac00-\ud7af]"),
    "ru": re.compile("[\u0400-\u04ff]{2}"),
    "el": re.compile("[\u0370-\u03ff]{2}"),
    "he": re.compile("[\u0590-\u05ff]{2}"),
    "ar": re.compile("[\u0600-\u06ff]{2}"),
    "hi": re.compile("[\u0900-\u097f]{2}"),
}


def readers(text: str) -> frozenset[str]:
    """The languages that the text's non-Latin scripts need; with kana, its ideographs are Japanese too."""
    found = {language for language, letters in READERS.items() if letters.search(text)}
    return frozenset(found - {"zh"} if "ja" in found else found)
