"""From clauses of IPA to the ids that a voice takes, and to stretches that are spoken at one go.

A row is `^`, then each phoneme, then `$`, with a pad `_` after each but the last: so Piper's voices were trained. What
a voice has no id for is left out, as Piper does. (Facts: piper-phonemize's phoneme_ids.hpp, piper1-gpl's docs.)
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from svc_tts.engines.piper.voice import END, PAD, START, PhonemeKind, PiperVoice

FIRST_PHONEMES = 30  # about 2 s of sound: the first stretch of a long utterance is not shorter
_UNCUT_PHONEMES = 70  # about 5 s: shorter utterances stay whole, for their melody
_MOST_PHONEMES = 300  # about 20 s: the cost of attention grows with the square of it
_GROWTH = 2  # each stretch may be that much longer than the one before
_TONES_AND_STOPS = frozenset("12345。？！—…、，：； ")  # what ends a group of pinyin
_PORTUGUESE_C = {"pt-br": {"c": ("k",)}}  # espeak's [c] of Brazil, which the voices never heard


@dataclass(frozen=True, slots=True)
class Symbol:
    """One phoneme as the voice knows it; `pause` = it is punctuation, or the space between two words."""

    text: str
    pause: bool = False


@dataclass(frozen=True, slots=True)
class Clause:
    """What is said up to a place in the text; `end` counts the tokens (words) that begin before it."""

    symbols: tuple[Symbol, ...]
    end: int


@dataclass(frozen=True, slots=True)
class Spelled:
    """The ids of a stretch; `counts[i]` of them belong to `symbols[i]`."""

    symbols: tuple[Symbol, ...]
    counts: tuple[int, ...]
    ids: tuple[int, ...]


def symbols_of(ipa: str, voice: PiperVoice) -> list[Symbol]:
    """The phonemes of a stretch of IPA (or of text, for a voice that reads letters)."""
    characters = list(unicodedata.normalize("NFD", ipa))
    replaced = voice.replaced or _PORTUGUESE_C.get(voice.espeak, {})
    characters = [other for each in characters for other in replaced.get(each, (each,))]
    return [Symbol(each, each == " ") for each in _clustered(characters, voice)]


def spell(symbols: Sequence[Symbol], voice: PiperVoice) -> Spelled:
    """The ids of a stretch, with start, end and pads."""
    grouped = voice.kind is PhonemeKind.PINYIN
    pads = voice.ids[PAD]
    known: list[tuple[Symbol, tuple[int, ...]]] = [(Symbol(START, pause=True), (*voice.ids[START], *pads))]
    for symbol in _without_last_spaces(symbols):
        own = voice.ids.get(symbol.text) or voice.ids.get(symbol.text.lower(), ())
        if own:
            padded = not grouped or symbol.text in _TONES_AND_STOPS
            known.append((symbol, (*own, *pads) if padded else own))
    known.append((Symbol(END, pause=True), voice.ids[END]))
    return Spelled(
        tuple(symbol for symbol, _ in known),
        tuple(len(ids) for _, ids in known),
        tuple(each for _, ids in known for each in ids),
    )


def stretches(clauses: Iterable[Clause]) -> list[Clause]:
    """Clauses put together: a short utterance whole, a long one so that its beginning is heard early."""
    parts: list[Clause] = []
    for clause in clauses:
        parts += _bearable(clause, parts[-1].end if parts else 0)
    if sum(len(part.symbols) for part in parts) <= _UNCUT_PHONEMES:
        return [_joined(parts)] if parts else []
    cut: list[Clause] = []
    waiting: list[Clause] = []
    least = FIRST_PHONEMES
    for part in parts:
        waiting.append(part)
        if sum(len(each.symbols) for each in waiting) >= least:
            cut.append(_joined(waiting))
            waiting, least = [], min(_GROWTH * least, _MOST_PHONEMES // _GROWTH)
    if waiting and cut and sum(len(each.symbols) for each in waiting) < FIRST_PHONEMES:
        return [*cut[:-1], _joined([cut[-1], *waiting])]  # a word by itself sounds torn off
    return [*cut, _joined(waiting)] if waiting else cut


def _clustered(characters: Sequence[str], voice: PiperVoice) -> list[str]:
    """Neighbours that the voice takes as one ("a", "ɪ" -> "aɪ")."""
    clustered: list[str] = []
    for each in characters:
        if clustered and (clustered[-1], each) in voice.clusters and clustered[-1] + each in voice.ids:
            clustered[-1] += each
        else:
            clustered.append(each)
    return clustered


def _without_last_spaces(symbols: Sequence[Symbol]) -> Sequence[Symbol]:
    until = len(symbols)
    while until and symbols[until - 1].text == " ":
        until -= 1
    return symbols[:until]


def _joined(clauses: Sequence[Clause]) -> Clause:
    return Clause(tuple(symbol for clause in clauses for symbol in clause.symbols), clauses[-1].end)


def _bearable(clause: Clause, start: int) -> list[Clause]:
    """A clause without end, cut between words; its tokens from `start` on are shared out by length."""
    cuts, whole = [0], len(clause.symbols)
    while whole - cuts[-1] > _MOST_PHONEMES:
        window = range(cuts[-1] + 1, cuts[-1] + _MOST_PHONEMES)
        spaces = [index + 1 for index in window if clause.symbols[index].text == " "]
        cuts.append(spaces[-1] if spaces else cuts[-1] + _MOST_PHONEMES)
    cuts.append(whole)
    tokens = clause.end - start
    return [
        Clause(clause.symbols[since:until], start + (tokens * until // whole if whole else tokens))
        for since, until in pairwise(cuts)
    ]
