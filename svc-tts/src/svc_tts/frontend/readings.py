"""Chinese as pinyin and Japanese as kana, for engines that spell what they cannot read.

espeak names each unknown ideograph "Chinese letter"; so each run of a sentence is handed over in a script that its
voice reads. Words in Latin letters inside Chinese or Japanese become runs of their own, read by an English voice.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from svc_tts.frontend.aligned import AlignedText
from svc_tts.frontend.language import base

_HAN = r"\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA = r"\u3040-\u30ff\uff66-\uff9f"
_FULL_WIDTH = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {0x3002: ".", 0x3001: ",", 0x3000: " "}
_STOPS = re.compile("[。、，！？；：]")
_EAST_ASIAN = re.compile(rf"[{_HAN}{_KANA}]")
_TONED = r"(?:\([a-zü:]{1,6}[1-5]\))+"  # the caller's own pinyin: "(chu3)(li3)"
_LATIN_RUN = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ0-9'’.&-]*(?:\s+[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ0-9'’.&-]*)*")
_HAN_RUN = re.compile(rf"[{_HAN}]+")
_TONED_RUN = re.compile(_TONED)


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of a sentence that one voice reads."""

    language: str  # BCP 47
    text: AlignedText


def runs(text: str, language: str) -> list[Run]:
    """`text` cut into runs, each in a script that an espeak-like voice of its language reads."""
    whole = AlignedText.of(text)
    if not _EAST_ASIAN.search(text):
        return [Run(language, whole)]
    asian = _asian_language(text, language)
    outside = "en-US" if base(language) in _READERS else language
    parts = [Run(asian if _is_asian(part.text) else outside, part) for part in _by_script(whole)]
    return [Run(run.language, _READERS[base(asian)](run.text)) if run.language == asian else run for run in parts]


def pinyin(text: AlignedText) -> AlignedText:
    """Ideographs as numbered pinyin, one syllable a word."""
    text = _half_width(text).sub(_TONED_RUN, lambda match: " " + re.sub(r"[()]+", " ", match.group()).replace("ü", "v"))
    parts: list[AlignedText] = []
    at = 0
    for match in _HAN_RUN.finditer(text.text):
        parts += [text[at : match.start()], *_syllables(text[match.start() : match.end()])]
        at = match.end()
    return AlignedText.join([*parts, text[at:]])


def kana(text: AlignedText) -> AlignedText:
    """Japanese as it is pronounced, in katakana, words apart."""
    text = _half_width(text)
    words = ((text[token.begin() : token.end()], token) for token in _tokenizer().tokenize(text.text))
    return AlignedText.join([_said(word, token) for word, token in words])


def warm_up() -> None:
    """Load the dictionaries, so that the first sentence does not wait for them."""
    runs("你好", "zh-CN")
    runs("日本", "ja-JP")


_READERS: dict[str, Callable[[AlignedText], AlignedText]] = {"zh": pinyin, "ja": kana}


def _asian_language(text: str, language: str) -> str:
    if base(language) in _READERS:
        return language
    return "ja-JP" if re.search(f"[{_KANA}]", text) else "zh-CN"


def _is_asian(text: str) -> bool:
    return not _LATIN_RUN.fullmatch(text.strip())


def _by_script(text: AlignedText) -> list[AlignedText]:
    parts: list[AlignedText] = []
    at = 0
    for match in _LATIN_RUN.finditer(text.text):
        if _in_toned(text.text, match.start()):
            continue
        parts += [text[at : match.start()], text[match.start() : match.end()]]
        at = match.end()
    return _joined([part for part in [*parts, text[at:]] if part.text.strip()])


def _joined(parts: list[AlignedText]) -> list[AlignedText]:
    """A run of punctuation alone belongs to the run before it."""
    joined: list[AlignedText] = []
    for part in parts:
        if joined and not re.search(r"\w", part.text):
            continue
        joined.append(part)
    return joined


def _in_toned(text: str, at: int) -> bool:
    return any(match.start() < at < match.end() for match in _TONED_RUN.finditer(text))


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


@cache
def _tokenizer() -> Any:
    # 80 MB of dictionary, needed for Japanese only; the package has no types.
    from sudachipy import Dictionary  # type: ignore[import-untyped]  # noqa: PLC0415

    return Dictionary(dict="small").tokenizer()
