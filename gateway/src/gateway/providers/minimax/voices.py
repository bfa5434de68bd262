"""MiniMax's system voices as the rung offers them, and what MiniMax calls a language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from gateway.minimax_voices import MINIMAX_VOICES
from gateway.routing.capability import primary
from gateway.voices import GENDERS
from troupe.v1.engine_pb2 import GENDER_MALE, GENDER_UNSPECIFIED, Gender, Voice

BOOSTS: Mapping[str, str] = {
    "af": "Afrikaans", "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "da": "Danish",
    "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "fa": "Persian", "fi": "Finnish",
    "fil": "Filipino", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian",
    "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "ms": "Malay", "nb": "Norwegian",
    "nl": "Dutch", "nn": "Nynorsk", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sv": "Swedish", "ta": "Tamil", "th": "Thai",
    "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "yue": "Chinese,Yue", "zh": "Chinese",
}  # fmt: skip
"""A language's first subtag -> `language_boost`."""
FAVOURITES = ("English_Graceful_Lady", "English_Trustworthy_Man", "female-shaonv", "male-qn-qingse")
"""Who speaks where no voice was asked for: the plain ones before the characters."""


@cache
def system_voices() -> Sequence[Voice]:
    """The voices every MiniMax account has; the favourites first."""
    voices = [
        Voice(voice_id=key, name=name, language=language, gender=GENDERS[gender], engine="minimax", usable=True)
        for key, name, language, gender in MINIMAX_VOICES
    ]
    return tuple(sorted(voices, key=lambda voice: voice.voice_id not in FAVOURITES))


def languages() -> Sequence[str]:
    """The languages that have a voice."""
    return sorted({voice.language for voice in system_voices()})


def default_voice(language: str, gender: Gender) -> Voice:
    """The voice for a language and, where it is known, a gender."""
    wanted = primary(language) if language else "en"
    ours = [voice for voice in system_voices() if primary(voice.language) == wanted] or list(system_voices())
    if gender == GENDER_UNSPECIFIED:
        return ours[0]
    fitting = [voice for voice in ours if (voice.gender == GENDER_MALE) == (gender == GENDER_MALE)]
    return (fitting or ours)[0]


def boost(language: str) -> str | None:
    """MiniMax's name of the language; None = it tells by itself."""
    return BOOSTS.get(primary(language)) if language else None


def language_of(voice_id: str) -> str:
    """Of a system voice; empty for any other."""
    return next((voice.language for voice in system_voices() if voice.voice_id == voice_id), "")
