"""espeak's voices: which language has which, and the variants that make them female or male."""

from __future__ import annotations

from svc_tts.engine import EngineVoice, Gender
from svc_tts.frontend.language import base

# BCP 47 -> espeak's own name; the first of a language is its default.
LANGUAGES = {
    "en-US": "en-us",
    "en-GB": "en",
    "zh-CN": "cmn-latn-pinyin",  # pinyin comes from `frontend.readings`: the other voice reads too few characters
    "ja-JP": "ja",
    "es-ES": "es",
    "es-MX": "es-419",
    "fr-FR": "fr",
    "de-DE": "de",
    "it-IT": "it",
    "pt-BR": "pt-br",
    "pt-PT": "pt",
    "ru-RU": "ru",
    "ko-KR": "ko",
    "hi-IN": "hi",
    "ar-SA": "ar",
    "nl-NL": "nl",
    "pl-PL": "pl",
    "tr-TR": "tr",
    "uk-UA": "uk",
    "vi-VN": "vi",
    "id-ID": "id",
    "th-TH": "th",
    "el-GR": "el",
    "cs-CZ": "cs",
    "sk-SK": "sk",
    "sl-SI": "sl",
    "hr-HR": "hr",
    "sr-RS": "sr",
    "bg-BG": "bg",
    "ro-RO": "ro",
    "hu-HU": "hu",
    "fi-FI": "fi",
    "sv-SE": "sv",
    "nb-NO": "nb",
    "da-DK": "da",
    "is-IS": "is",
    "et-EE": "et",
    "lv-LV": "lv",
    "lt-LT": "lt",
    "he-IL": "he",
    "fa-IR": "fa",
    "bn-IN": "bn",
    "ta-IN": "ta",
    "ms-MY": "ms",
    "sw-KE": "sw",
    "af-ZA": "af",
    "ca-ES": "ca",
    "eu-ES": "eu",
    "cy-GB": "cy",
    "ga-IE": "ga",
    "hy-AM": "hy",
    "ka-GE": "ka",
    "eo": "eo",
    "la": "la",
}

VARIANTS = {Gender.FEMALE: "f2", Gender.MALE: "", Gender.NEUTRAL: "", Gender.UNKNOWN: ""}


def voices() -> tuple[EngineVoice, ...]:
    """A male and a female voice of each language, `espeak-en-us-m` and `espeak-en-us-f`."""
    return tuple(
        EngineVoice(f"espeak-{language.lower()}-{gender[0]}", f"eSpeak {language} {gender}", language, gender)
        for language in LANGUAGES
        for gender in (Gender.MALE, Gender.FEMALE)
    )


def espeak_name(language: str, variant: str) -> str:
    """What espeak calls the voice of a language: "en-us+f2"; its base language's where the region is unknown."""
    same = {tag.lower(): own for tag, own in reversed(LANGUAGES.items()) if base(tag) == base(language)}
    name = same.get(language.lower()) or next(reversed(same.values()), "en-us")
    return f"{name}+{variant}" if variant else name
