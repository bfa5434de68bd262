from __future__ import annotations

from itertools import pairwise

import pytest

from svc_tts.engine import Phone, SpokenWord
from svc_tts.engines.flite_phones import IPA, Segment, parse_segments, to_phones, words_of

PRINTED = "pau:0.100 hh:0.200 ay:0.300 pau:0.400 \npau:0.050 b:0.100 ay:0.250 pau:0.300 \n"


def test_utterances_follow_each_other() -> None:
    segments = parse_segments(PRINTED)
    assert [segment.name for segment in segments] == ["pau", "hh", "ay", "pau", "pau", "b", "ay", "pau"]
    assert segments[5] == Segment("b", pytest.approx(0.45), pytest.approx(0.5))


def test_no_time_is_later_than_the_sound() -> None:
    assert parse_segments(PRINTED, 0.65)[-1].end_s == 0.65


@pytest.mark.parametrize("length_s", [0.65, 0.7, 0.8])
def test_phones_cover_the_sound(length_s: float) -> None:
    phones = to_phones(parse_segments(PRINTED, length_s), length_s)
    assert [phone.ipa for phone in phones] == ["", "h", "aɪ", "", "b", "aɪ", *([""] if length_s > 0.65 else [])]
    assert (phones[0].start_s, phones[-1].end_s) == (0.0, length_s)
    assert all(before.end_s == after.start_s for before, after in pairwise(phones))


def test_a_word_owns_the_phones_it_has_by_itself() -> None:
    words = words_of(parse_segments(PRINTED), [(0, 2), (3, 6)], [("hh", "ay"), ("b", "ay")])
    assert words == (
        SpokenWord(0, 2, 0.1, 0.3),
        SpokenWord(3, 6, pytest.approx(0.45), pytest.approx(0.65)),
    )


def test_words_said_otherwise_in_a_sentence_still_share_the_phones() -> None:
    segments = [Segment(name, at / 10, (at + 1) / 10) for at, name in enumerate(["dh", "ax", "k", "ae", "t", "s"])]
    words = words_of(segments, [(0, 3), (4, 8)], [("dh", "iy"), ("k", "aa", "t", "s")])
    assert words == (SpokenWord(0, 3, 0.0, 0.2), SpokenWord(4, 8, 0.2, 0.6))


def test_a_word_without_sound_has_no_time() -> None:
    assert words_of([Segment("ay", 0.0, 0.1)], [(0, 1), (2, 3)], [("ay",), ()]) == (SpokenWord(0, 1, 0.0, 0.1),)
    assert words_of([], [], []) == ()


def test_every_phone_has_an_ipa() -> None:
    assert {name for name, ipa in IPA.items() if not ipa} == {"pau"}
    assert Phone(IPA["ng"], 0, 1).ipa == "ŋ"
