"""The languages of XTTS v2."""

from __future__ import annotations

from svc_tts.frontend.language import base
from troupe.wire.errors import UnsupportedLanguage

LANGUAGES = {
    "en": 250,
    "de": 253,
    "fr": 273,
    "es": 239,
    "it": 213,
    "pt": 203,
    "pl": 224,
    "zh": 82,
    "ar": 166,
    "cs": 186,
    "ru": 182,
    "nl": 251,
    "tr": 226,
    "ja": 71,
    "hu": 224,
    "ko": 95,
    "hi": 150,
}
"""Language -> characters the model speaks in one go; more comes out truncated (coqui-tts, xtts/tokenizer.py)."""

_TOKENS = {"zh": "[zh-cn]"}


def language_of(tag: str) -> str:
    """The language of a BCP 47 tag, "zh-CN" -> "zh"; raises `UnsupportedLanguage`."""
    language = base(tag)
    if language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise UnsupportedLanguage(f'XTTS does not read "{tag}". It reads {known}.', language=tag)
    return language


def token_of(language: str) -> str:
    """What stands before a text in the vocabulary, by language."""
    return _TOKENS.get(language, f"[{language}]")
