"""Text as the model was trained to read it: lower case, words for numbers and symbols, Latin letters for CJK."""

from __future__ import annotations

import re

from svc_tts.engines.xtts.text.abbreviations import expand_abbreviations
from svc_tts.engines.xtts.text.chinese import read_chinese
from svc_tts.engines.xtts.text.numbers import expand_numbers
from svc_tts.engines.xtts.text.romanization import pinyin, romaja, romaji
from svc_tts.engines.xtts.text.symbols import expand_symbols

_TURKISH_CAPITALS = str.maketrans("İÖÜ", "iöü")
_SPACES = re.compile(r"\s+")


def clean(text: str, language: str) -> str:
    """`text` of a language of `LANGUAGES` as coqui-tts 0.28 hands it to the vocabulary (`preprocess_text`)."""
    if language == "ja":
        return romaji(text)
    text = _multilingual(text, language)
    if language == "zh":
        return pinyin(text)
    return romaja(text) if language == "ko" else text


def _multilingual(text: str, language: str) -> str:
    text = text.replace('"', "")
    if language == "tr":
        text = text.translate(_TURKISH_CAPITALS)
    text = text.lower()
    text = read_chinese(text) if language == "zh" else expand_numbers(text, language)
    text = expand_symbols(expand_abbreviations(text, language), language)
    return _SPACES.sub(" ", text).strip()
