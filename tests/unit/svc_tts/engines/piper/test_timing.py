from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.piper_voice import write

from svc_tts.engines.piper.phonemes import Symbol, spell, symbols_of
from svc_tts.engines.piper.timing import Heard, heard, sounding, to_phones, to_words
from svc_tts.engines.piper.voice import PiperVoice, read_voice


@pytest.fixture
def voice(tmp_path: Path) -> PiperVoice:
    return read_voice(write(tmp_path, "en_US-toy-medium"))


def test_marks_belong_to_their_phone(voice: PiperVoice) -> None:
    assert sounding(symbols_of("fˈɑːðɚ", voice)) == ("f", "ɑː", "ð", "ɚ")
    assert sounding(symbols_of("bɔ̃", voice)) == ("b", "ɔ̃")
    assert sounding(symbols_of("ni2 ə-", voice)) == ("n", "i", "ə")
    assert sounding(symbols_of("tʰa", voice)) == ("tʰ", "a")


def test_each_phone_lasts_as_long_as_its_ids(voice: PiperVoice) -> None:
    spelled = spell([*symbols_of("hˈa", voice), Symbol(".", pause=True)], voice)
    # ^ _ h _ ˈ _ a _ . _ $
    phones = heard(spelled, [10, 0, 20, 5, 1, 1, 30, 3, 20, 0, 10], 1.0)
    assert phones == [
        Heard("", 0.0, 0.1),
        Heard("h", 0.1, 0.35),
        Heard("a", 0.35, 0.7, stressed=True),
        Heard("", 0.7, 1.0),
    ]
    assert [phone.start_s for phone in to_phones(phones, 2.0)] == [2.0, 2.1, 2.35, 2.7]


def test_a_short_gap_is_no_silence(voice: PiperVoice) -> None:
    spelled = spell(symbols_of("a b", voice), voice)
    # ^ _ a _ " " _ b _ $
    short = heard(spelled, [1, 0, 40, 0, 2, 0, 50, 0, 7], 1.0)
    assert [(phone.ipa, phone.end_s) for phone in short] == [("", 0.01), ("a", 0.43), ("b", 0.93), ("", 1.0)]
    long = heard(spelled, [1, 0, 40, 0, 6, 0, 50, 0, 3], 1.0)
    assert [phone.ipa for phone in long] == ["", "a", "", "b"]


def test_nothing_is_lost_without_frames(voice: PiperVoice) -> None:
    assert heard(spell([], voice), [0, 0, 0], 1.0)[-1].ipa == ""


def test_words_begin_and_end_with_their_phones() -> None:
    phones = [Heard("", 0, 1), Heard("a", 1, 2), Heard("b", 2, 3), Heard("", 3, 4), Heard("c", 4, 5)]
    words = to_words(phones, 10.0, [(0, 2), (3, 4)], [("a", "b"), ("c",)])
    assert [(word.start, word.end, word.start_s, word.end_s) for word in words] == [(0, 2, 11, 13), (3, 4, 14, 15)]
