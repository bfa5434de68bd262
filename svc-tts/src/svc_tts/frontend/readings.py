"""Chinese as pinyin and Japanese as kana, for engines that spell what they cannot read.

espeak names each unknown ideograph "Chinese letter"; so each run of a sentence is handed over in a script that its
voice reads; words in Latin letters inside Chinese become a run of their own, read by an English voice.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any

from svc_tts.frontend.aligned import AlignedText
from svc_tts.frontend.language import base
from svc_tts.frontend.scripts import EAST_ASIAN, HAN, KANA, READERS, native_script, stretches
from troupe.wire.errors import EngineMissing

_FULL_WIDTH = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {0x3002: ".", 0x3001: ",", 0x3000: " "}
_STOPS = re.compile("[。、，！？；：]")
_HAN_RUN = re.compile(f"[{HAN}]+")
_KANA = re.compile(f"[{KANA}]")
_TONED = re.compile(r"\(([a-zü:]{1,6}[1-5])\)")


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of a sentence that one voice reads."""

    language: str  # BCP 47
    text: AlignedText


def runs(text: str, language: str) -> list[Run]:
    """`text` cut into runs, each in a script that an espeak-like voice of its language reads."""
    native = native_script(language)
    cut: list[Run] = []
    for script, part in stretches(AlignedText.of(text)):
        reader = language if script in {"", native} else _reader(script, text)
        if cut and (not part.text.strip() or cut[-1].language == reader):
            cut[-1] = Run(cut[-1].language, AlignedText.join([cut[-1].text, part]))
        else:
            cut.append(Run(reader, part))
    return [Run(run.language, _READINGS.get(base(run.language), _as_it_is)(run.text)) for run in cut]


def pinyin(text: AlignedText) -> AlignedText:
    """Ideographs as numbered pinyin, one syllable a word."""
    text = _half_width(text).sub(_TONED, lambda match: f" {match.group(1).replace('ü', 'v')} ")
    parts: list[AlignedText] = []
    at = 0
    for match in _HAN_RUN.finditer(text.text):
        parts += [text[at : match.start()], *_syllables(text[match.start() : match.end()])]
        at = match.end()
    return AlignedText.join([*parts, text[at:]])


def kana(text: AlignedText) -> AlignedText:
    """Japanese as it is pronounced, in katakana, words apart."""
    text = _half_width(text)
    with _ONE_AT_A_TIME:
        tokens = list(_tokenizer().tokenize(text.text))
    words = ((text[token.begin() : token.end()], token) for token in tokens)
    return AlignedText.join([_said(word, token) for word, token in words])


def warm_up() -> None:
    """Load the dictionaries, so that the first sentence does not wait for them."""
    runs("你好", "zh-CN")
    with contextlib.suppress(EngineMissing):  # left out of this installation: said when somebody wants Japanese
        runs("日本", "ja-JP")


def _as_it_is(text: AlignedText) -> AlignedText:
    return text


_READINGS: dict[str, Callable[[AlignedText], AlignedText]] = {"zh": pinyin, "ja": kana}


def _reader(script: str, text: str) -> str:
    if script == EAST_ASIAN:
        return "ja-JP" if _KANA.search(text) else "zh-CN"
    return READERS[script]


def _half_width(text: AlignedText) -> AlignedText:
    # "。2026" must not become ".2026", which is a fraction.
    spaced = text.sub(_STOPS, lambda match: match.group() + " ")
    return AlignedText(spaced.text.translate(_FULL_WIDTH), spaced.spans)


def _syllables(word: AlignedText) -> list[AlignedText]:
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415  # 30 MB of dictionary, needed for Chinese only

    def one_by_one(unknown: str) -> Any:
        return list(unknown)  # so that there is one reading per character

    read = lazy_pinyin(word.text, style=Style.TONE3, neutral_tone_with_five=True, errors=one_by_one)
    return [word[i : i + 1].read_as(f" {syllable} ") for i, syllable in enumerate(read)]


def _said(word: AlignedText, token: Any) -> AlignedText:
    kind, detail, *_ = token.part_of_speech()
    if kind in _NOT_SAID or detail == "数詞" or not re.search(r"\w", word.text):
        return word  # punctuation makes pauses, and espeak reads Japanese numbers itself
    reading = token.reading_form()
    if _HAN_RUN.search(reading) or not reading:
        return word.read_as("")
    if kind == "助詞":
        return word.read_as(_PARTICLES.get(reading, reading))  # it leans on the word before it
    said = _lengthened(reading, verb=kind == "動詞" and token.surface() == token.dictionary_form())
    return word.read_as(said if kind == "助動詞" else f" {said}")


def _lengthened(reading: str, *, verb: bool) -> str:
    """Long vowels as they sound (トウキョウ -> トーキョー), but not the ending of a verb (オモウ)."""
    stem, ending = (reading[:-1], reading[-1:]) if verb else (reading, "")
    return _LONG_O.sub("ー", _LONG_E.sub("ー", stem)) + ending


_NOT_SAID = ("補助記号", "空白", "記号")
_PARTICLES = {"ハ": "ワ", "ヘ": "エ", "ヲ": "オ", "ニハ": "ニワ", "デハ": "デワ"}
_LONG_O = re.compile("(?<=[オコソトノホモヨロゴゾドボポョォ])ウ")
_LONG_E = re.compile("(?<=[エケセテネヘメレゲゼデベペェ])イ")


JAPANESE_REMEDY = "python -m pip install sudachipy sudachidict-small, or take an image built without WITHOUT=..."

_ONE_AT_A_TIME = Lock()
"""A tokenizer refuses a second caller while it works, and sentences are read in several threads."""


@cache
def _tokenizer() -> Any:
    # 80 MB of dictionary, needed for Japanese only; the package has no types. An image may leave it out.
    try:
        from sudachipy import Dictionary  # type: ignore[import-untyped]  # noqa: PLC0415
    except ImportError as error:
        raise EngineMissing(
            "What reads Japanese is not installed here (sudachipy, sudachidict-small)", remedy=JAPANESE_REMEDY
        ) from error

    return Dictionary(dict="small").tokenizer()
