"""When each phone and word is heard: from the frames that a voice gives each of its phonemes.

A stress mark, a tone or a length mark is a phoneme to the voice and part of a phone to the mouth: its time goes to the
phone it belongs to. A short gap between words goes to the phone before it; a longer one is silence.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from svc_tts.engine import Phone, SpokenWord
from svc_tts.engines.flite_phones import PAUSE, Segment, words_of
from svc_tts.engines.piper.phonemes import Spelled, Symbol

_STRESS = "ˈˌ"
_HOOK = "˞"
_UNSPOKEN = "-.^'0123456789↓↑Ø#\""  # tones and boundaries: no phone of their own, nor part of one's name
_SHORT_GAP_S = 0.05


@dataclass(frozen=True, slots=True)
class Heard:
    """One phone; empty = silence."""

    ipa: str
    start_s: float
    end_s: float
    stressed: bool = False


def sounding(symbols: Iterable[Symbol]) -> tuple[str, ...]:
    """The phones of some symbols, without times."""
    return tuple(ipa for ipa, _, _ in _grouped(symbols) if ipa)


def heard(spelled: Spelled, frames: Sequence[float], length_s: float) -> list[Heard]:
    """The phones of a stretch that lasts `length_s`; `frames` are those of each id, in any unit."""
    whole = sum(frames) or 1.0
    ends = [0.0, *(each * length_s / whole for each in accumulate(frames))]
    bounds = [0, *accumulate(spelled.counts)]
    phones: list[Heard] = []
    for ipa, stressed, members in _grouped(spelled.symbols):
        start_s, end_s = ends[bounds[members[0]]], ends[bounds[members[-1] + 1]]
        if ipa or not phones or (phones[-1].ipa and end_s - start_s >= _SHORT_GAP_S):
            phones.append(Heard(ipa, start_s, end_s, stressed))
        else:
            phones[-1] = Heard(phones[-1].ipa, phones[-1].start_s, end_s, phones[-1].stressed)
    return phones


def to_phones(phones: Iterable[Heard], at_s: float) -> tuple[Phone, ...]:
    """Cues, `at_s` later."""
    return tuple(
        Phone(each.ipa, at_s + each.start_s, at_s + each.end_s, each.stressed)
        for each in phones
        if each.end_s > each.start_s
    )


def to_words(
    phones: Iterable[Heard], at_s: float, spans: Sequence[tuple[int, int]], own: Sequence[Sequence[str]]
) -> tuple[SpokenWord, ...]:
    """Words, `at_s` later; `own` are the phones of each word by itself."""
    segments = [Segment(each.ipa or PAUSE, at_s + each.start_s, at_s + each.end_s) for each in phones]
    return words_of(segments, spans, own)


def _grouped(symbols: Iterable[Symbol]) -> list[tuple[str, bool, list[int]]]:
    """Phones as (IPA, stressed, numbers of their symbols); silences have no IPA. Every symbol is in one of them."""
    groups: list[tuple[str, bool, list[int]]] = []
    waiting: list[int] = []  # stress marks before their phone
    for number, symbol in enumerate(symbols):
        if not symbol.pause and symbol.text in _STRESS:
            waiting.append(number)
        elif not symbol.pause and _is_mark(symbol.text) and groups and not waiting:
            ipa, stressed, members = groups[-1]
            named = ipa + symbol.text if ipa and symbol.text not in _UNSPOKEN else ipa
            groups[-1] = (named, stressed, [*members, number])
        else:
            ipa = "" if symbol.pause or _is_mark(symbol.text) else symbol.text
            groups.append((ipa, bool(waiting) and bool(ipa), [*waiting, number]))
            waiting = []
    if waiting and groups:
        groups[-1][2].extend(waiting)
    return groups


def _is_mark(text: str) -> bool:
    return text in _UNSPOKEN + _HOOK or all(unicodedata.category(each) in {"Mn", "Lm"} for each in text)
