"""What is to be said, in phonemes: espeak reads in a process of its own (GPL), letters and pinyin need none.

Piper's voices learned the IPA that espeak writes, clause by clause, each followed by its punctuation. espeak tells how
far it read, not what ended the clause: that is seen in the text. (Facts: piper-phonemize's phonemize.cpp.)
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from svc_tts.engines.child import ChildDied, ChildPool
from svc_tts.engines.espeak_voices import espeak_name
from svc_tts.engines.piper.phonemes import Clause, Symbol, symbols_of
from svc_tts.engines.piper.syllables import syllables_of
from svc_tts.engines.piper.timing import sounding
from svc_tts.engines.piper.voice import PhonemeKind, PiperVoice
from svc_tts.frontend import readings
from svc_tts.frontend.aligned import Span
from svc_tts.frontend.language import base

_REMEMBERED_WORDS = 20_000
_TOKEN = re.compile(r"\S*[\w$£€#@&+%°]\S*")  # what is said; lone punctuation is not
_EDGES = re.compile(r"[^\w$£€#@&+]*(.*?)[^\w%°]*", re.DOTALL)
_LANGUAGE_SWITCH = re.compile(r"\([\w-]{2,20}\)")  # "(en)": not a sound
_PINYIN_VOICE = "cmn-latn-pinyin"  # what reads pinyin; "cmn" itself reads too few ideographs
_STOPS = {
    **dict.fromkeys(".。।。", "."),
    **dict.fromkeys(",，、،", ","),
    **dict.fromkeys(":：", ":"),
    **dict.fromkeys(";；؛—–…", ";"),
    **dict.fromkeys("?？؟", "?"),
    **dict.fromkeys("!！", "!"),
}
_CLOSING, _OPENING = r"\s\"'”’»)\]}」』", r"(\[{«“‘¿¡「『"
_STOP = f"[{''.join(_STOPS)}]"
_ENDING = re.compile(rf"({_STOP})[{_CLOSING}]*$")
_ENDING_BEFORE_NEXT = re.compile(rf"({_STOP})[{_CLOSING}{_OPENING}]*.?$", re.DOTALL)  # espeak read one further
_ABBREVIATION = re.compile(r"(?:^|[^\w.])[^\W\d_]{1,4}\.[\s]*.?$", re.DOTALL)  # the sentence goes on after it


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the text (a syllable of Chinese), and the phones it has by itself."""

    span: Span
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """An utterance as a voice reads it."""

    clauses: tuple[Clause, ...]
    tokens: tuple[Token, ...]


class Reader:
    """Reads for all voices."""

    def __init__(self, pool: ChildPool) -> None:
        self._pool = pool
        self._phones: OrderedDict[tuple[str, str], str] = OrderedDict()

    async def read(self, text: str, voice: PiperVoice) -> Reading:
        """`text` in the phonemes of `voice`; raises `EngineFailed` where espeak cannot."""
        match voice.kind:
            case PhonemeKind.TEXT:
                return _letters(text, voice)
            case PhonemeKind.PINYIN:
                return await asyncio.to_thread(_pinyin, text, voice)
        runs = await asyncio.to_thread(readings.runs, text, voice.language)
        readers = [_reader(run.language, voice) for run in runs]
        tokens = [(match, run.text, name) for run, name in zip(runs, readers, strict=True) for match in _words(run)]
        words = [(name, match.group()) for match, _, name in tokens]
        said = await self._ask([[name, run.text.text] for name, run in zip(readers, runs, strict=True)], words)
        return Reading(
            tuple(_clauses(said, [run.text.text for run in runs], voice)),
            tuple(
                Token(source.source(*_bare(match)), sounding(symbols_of(self._phones[name, match.group()], voice)))
                for match, source, name in tokens
            ),
        )

    async def _ask(self, texts: list[list[str]], words: Sequence[tuple[str, str]]) -> list[list[list[Any]]]:
        """The clauses of the texts; the phones of new words come with the same answer."""
        new = [word for word in dict.fromkeys(words) if word not in self._phones]
        while len(self._phones) > _REMEMBERED_WORDS:
            self._phones.popitem(last=False)
        rows = await self._answer([*texts, *map(list, new)])
        for word, clauses in zip(new, rows[len(texts) :], strict=True):
            self._phones[word] = " ".join(_ipa(clause[0]) for clause in clauses)
        return rows[: len(texts)]

    async def _answer(self, texts: list[list[str]]) -> list[list[list[Any]]]:
        """From a new child where the first one dies: it may have been dead already."""
        try:
            return await self._answer_once(texts)
        except ChildDied:
            return await self._answer_once(texts)

    async def _answer_once(self, texts: list[list[str]]) -> list[list[list[Any]]]:
        rows: list[list[list[Any]]] = []
        async with self._pool.child() as child:
            async for frame in child.ask({"read": texts}):
                rows += frame.message.get("clauses", [])
        return rows


def _reader(language: str, voice: PiperVoice) -> str:
    """Who of espeak reads a run of that language for the voice."""
    if base(language) == "zh":
        return _PINYIN_VOICE
    return voice.espeak if base(language) == base(voice.language) else espeak_name(language, "")


def _words(run: readings.Run) -> list[re.Match[str]]:
    return list(_TOKEN.finditer(run.text.text))


def _bare(match: re.Match[str]) -> Span:
    """The word's span without the punctuation around it."""
    inner = _EDGES.fullmatch(match.string, *match.span())
    return inner.span(1) if inner and inner.group(1) else match.span()


def _clauses(said: Sequence[Sequence[Sequence[Any]]], texts: Sequence[str], voice: PiperVoice) -> Iterable[Clause]:
    """The clauses of all runs, with punctuation; a run that ends without any is only a change of reader."""
    before = 0
    for row, text in zip(said, texts, strict=True):
        starts = [match.start() for match in _TOKEN.finditer(text)]
        since = 0
        for number, (ipa, until) in enumerate(row, 1):
            final = number == len(row)
            stop = _stop(text[since:until], final=final)
            symbols = [*symbols_of(_ipa(ipa), voice), *_punctuation(stop)]
            # espeak read up to the first character of what follows: that word belongs to the next clause.
            end = len(text) if final else until - 1
            since = until if final else until - 1
            yield Clause(tuple(symbols), before + sum(start < end for start in starts))
        before += len(starts)


def _stop(read: str, *, final: bool) -> str:
    """Which punctuation ended the clause that was read from `read`."""
    if not final and _ABBREVIATION.search(read):
        return ""
    match = (_ENDING if final else _ENDING_BEFORE_NEXT).search(read)
    return _STOPS[match[1]] if match else ""


def _punctuation(stop: str) -> list[Symbol]:
    space = Symbol(" ", pause=True)
    return [Symbol(stop, pause=True), space] if stop else [space]


def _ipa(told: str) -> str:
    return _LANGUAGE_SWITCH.sub("", told).strip()


def _letters(text: str, voice: PiperVoice) -> Reading:
    """For a voice that reads letters: each is a phoneme, and a word's phones are its letters."""
    tokens = list(_TOKEN.finditer(text))
    symbols: list[Symbol] = []
    clauses: list[Clause] = []
    for number, token in enumerate(tokens, 1):
        letters = symbols_of(token.group(), voice)
        symbols += [Symbol(each.text, each.text in _STOPS) for each in letters] + [Symbol(" ", pause=True)]
        if token.group()[-1] in _STOPS or number == len(tokens):
            clauses.append(Clause(tuple(symbols), number))
            symbols = []
    known = tuple(Token(_bare(each), sounding(symbols_of(text[slice(*_bare(each))], voice))) for each in tokens)
    return Reading(tuple(clauses), known)


def _pinyin(text: str, voice: PiperVoice) -> Reading:
    """For a Chinese voice that reads initials, finals and tones."""
    symbols: list[Symbol] = []
    clauses: list[Clause] = []
    tokens: list[Token] = []
    for run in readings.runs(text, voice.language):
        for span, phonemes, stop in syllables_of(run.text):
            if phonemes:
                symbols += [Symbol(each) for each in phonemes]
                tokens.append(Token(span, tuple(each for each in phonemes if each not in "12345Ø")))
            if stop:
                symbols.append(Symbol(stop, pause=True))
                clauses.append(Clause(tuple(symbols), len(tokens)))
                symbols = []
    if symbols:
        clauses.append(Clause(tuple(symbols), len(tokens)))
    return Reading(tuple(clauses), tuple(tokens))
