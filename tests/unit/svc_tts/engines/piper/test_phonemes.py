from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.piper_voice import IDS, write

from svc_tts.engines.piper.phonemes import FIRST_PHONEMES, Clause, Symbol, spell, stretches, symbols_of
from svc_tts.engines.piper.voice import PhonemeKind, PiperVoice, read_voice


@pytest.fixture
def voice(tmp_path: Path) -> PiperVoice:
    return read_voice(write(tmp_path, "en_US-toy-medium"))


def ids(*symbols: str) -> tuple[int, ...]:
    return tuple(each for symbol in symbols for each in IDS[symbol])


def clause(length: int, end: int) -> Clause:
    return Clause(tuple(Symbol("a") for _ in range(length)), end)


def lengths(cut: Sequence[Clause]) -> list[int]:
    return [len(each.symbols) for each in cut]


def test_a_row_is_start_phonemes_end_with_pads_between(voice: PiperVoice) -> None:
    spelled = spell(symbols_of("həlˈoʊ", voice), voice)
    assert spelled.ids == ids("^", "_", "h", "_", "ə", "_", "l", "_", "ˈ", "_", "o", "_", "ʊ", "_", "$")
    assert sum(spelled.counts) == len(spelled.ids)
    assert [symbol.text for symbol in spelled.symbols] == list("^həlˈoʊ$")


def test_what_the_voice_does_not_know_is_left_out(voice: PiperVoice) -> None:
    assert spell([Symbol("ʘ"), Symbol("H")], voice).ids == ids("^", "_", "h", "_", "$")


def test_no_space_ends_a_row(voice: PiperVoice) -> None:
    spaced = [*symbols_of("a", voice), Symbol(".", pause=True), Symbol(" ", pause=True)]
    assert spell(spaced, voice).ids == ids("^", "_", "a", "_", ".", "_", "$")


def test_letters_are_decomposed_replaced_and_clustered(voice: PiperVoice) -> None:
    assert [symbol.text for symbol in symbols_of("ç", voice)] == ["c", "̧"]
    assert symbols_of("c", replace(voice, espeak="pt-br")) == [Symbol("k")]
    assert symbols_of("x", replace(voice, replaced={"x": ("k", "s")})) == [Symbol("k"), Symbol("s")]
    clusters = replace(voice, clusters=frozenset({("a", "ɪ")}), ids={**voice.ids, "aɪ": (161,)})
    assert [symbol.text for symbol in symbols_of("faɪn", clusters)] == ["f", "aɪ", "n"]


def test_pinyin_is_padded_after_each_syllable(voice: PiperVoice) -> None:
    chinese = replace(voice, kind=PhonemeKind.PINYIN, ids={**voice.ids, "ang": (100,), "zh": (101,), "。": (102,)})
    row = [Symbol("zh"), Symbol("ang"), Symbol("1"), Symbol("。", pause=True)]
    assert spell(row, chinese).ids == (*ids("^", "_"), 101, 100, *ids("1", "_"), 102, *ids("_", "$"))


def test_a_short_utterance_stays_whole() -> None:
    assert lengths(stretches([clause(20, 3), clause(20, 6), clause(20, 9)])) == [60]
    assert stretches([]) == []


def test_a_long_one_begins_early_and_goes_on_in_longer_stretches() -> None:
    cut = stretches([clause(10, number) for number in range(1, 61)])
    assert lengths(cut)[0] == FIRST_PHONEMES
    assert lengths(cut) == sorted(lengths(cut)[:-1]) + lengths(cut)[-1:]
    assert sum(lengths(cut)) == 600
    assert [each.end for each in cut] == [sum(lengths(cut)[: n + 1]) // 10 for n in range(len(cut))]


def test_no_word_is_left_alone_at_the_end() -> None:
    assert lengths(stretches([clause(40, 4), clause(60, 9), clause(3, 10)])) == [40, 63]


def test_a_clause_without_end_is_cut_between_words() -> None:
    word = [*(Symbol("a") for _ in range(6)), Symbol(" ", pause=True)]
    cut = stretches([Clause(tuple(word * 100), 100)])
    assert max(lengths(cut)) <= 300
    assert all(each.symbols[-1].text == " " for each in cut)
    assert [each.end for each in cut] == [sum(lengths(cut)[: n + 1]) // 7 for n in range(len(cut))]
    assert max(lengths(stretches([clause(1_000, 1)]))) == 300
