"""Scripts that the vocabulary does not hold, in Latin letters: Chinese, Japanese and Korean.

The libraries are those of coqui-tts, called as it calls them; each loads its dictionary (up to 250 MB for Japanese)
with the first text in need of it.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

_KATAKANA = 0x60  # code points after its hiragana


def pinyin(text: str, *, tones: bool = True) -> str:
    """Ideographs as pinyin, "ni3hao3"; without tones and with spaces between syllables, "ni hao"."""
    import pypinyin  # noqa: PLC0415  # 30 MB of dictionary, needed for Chinese only

    style = pypinyin.Style.TONE3 if tones else pypinyin.Style.NORMAL
    syllables = pypinyin.pinyin(text, style=style, heteronym=False, neutral_tone_with_five=True)
    return ("" if tones else " ").join(readings[0] for readings in syllables)


def romaji(text: str) -> str:
    """Japanese in Hepburn's letters, foreign words as they are spelled ("cutlet curry wo tabeta")."""
    try:
        return str(_cutlet().romaji(text)).lower()
    except KeyError as unread:  # a mark of repetition with nothing to repeat, a code point that is no kana
        left = _without(str(unread.args[0]), text)
        return romaji(left) if left != text else ""


def romaja(text: str) -> str:
    """Korean syllables in Latin letters, those of a word apart by hyphens where that is needed to read them back."""
    return str(_hangul().translit(text))


def _without(hiragana: str, text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    return text.replace(hiragana, "").replace(chr(ord(hiragana[0]) + _KATAKANA), "")


@cache
def _cutlet() -> Any:
    import cutlet  # noqa: PLC0415  # 250 MB of dictionary, needed for Japanese only

    return cutlet.Cutlet()


@cache
def _hangul() -> Any:
    from hangul_romanize import Transliter  # noqa: PLC0415  # an extra
    from hangul_romanize.rule import academic  # noqa: PLC0415  # as above

    return Transliter(academic)
