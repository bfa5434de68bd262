"""Words in a script that the text's language is not written in, in Latin letters where the vocabulary has no others.

coqui-tts hands them over as they are, and each character comes out as "unknown".
"""

from __future__ import annotations

import re
import unicodedata

from svc_tts.engines.xtts.text.romanization import pinyin, romaja, romaji
from svc_tts.frontend.aligned import AlignedText
from svc_tts.frontend.scripts import HAN, KANA

_JAPANESE_RUN = re.compile(rf"[{HAN}]*[{KANA}][{HAN}{KANA}]*")
_KANA_RUN = re.compile(rf"[{KANA}]+")
_HAN_RUN = re.compile(rf"[{HAN}]+")
_HANGUL_RUN = re.compile(r"[\uac00-\ud7a3]+")
_NOT_OF_JAPANESE = re.compile(rf"[^\x00-\x7f\u3000-\u303f\uff00-\uffef{HAN}{KANA}\W]")


def romanize_foreign(text: AlignedText, language: str) -> AlignedText:
    """`text` with foreign ideographs, kana and hangul in Latin letters, each run with spaces around it."""
    if language != "ko":
        text = text.sub(_HANGUL_RUN, lambda match: f" {romaja(match.group())} ")
    if language == "ja":
        return text.sub(_NOT_OF_JAPANESE, lambda match: _plain(match.group()))
    kana = (
        _KANA_RUN if language == "zh" else _JAPANESE_RUN
    )  # ideographs beside kana are Japanese, unless all is Chinese
    text = text.sub(kana, lambda match: f" {romaji(match.group())} ")
    return text if language == "zh" else text.sub(_HAN_RUN, lambda match: f" {pinyin(match.group(), tones=False)} ")


def _plain(letter: str) -> str:
    """A letter without its accents; nothing where it is not Latin (cutlet makes "?" of all that is not ASCII)."""
    return unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
