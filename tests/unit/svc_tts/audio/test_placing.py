from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from svc_tts.audio.placing import PhonesInWords, WordsByLength
from svc_tts.audio.reading import Reading
from svc_tts.engine import Phone, Piece, SpokenWord

PHONES = (
    Phone("", 0, 0.1),
    Phone("h", 0.1, 0.2),
    Phone("aɪ", 0.2, 0.4, stressed=True),
    Phone("", 0.4, 0.6),
    Phone("j", 0.6, 0.7),
    Phone("u", 0.7, 0.9),
)
READING = Reading(PHONES, (SpokenWord(0, 2, 0.1, 0.4), SpokenWord(3, 6, 0.6, 0.9)), np.zeros((90, 13), np.float32))


def test_phones_are_stretched_to_their_words() -> None:
    placing = PhonesInWords(READING)
    told = placing.feed(Piece(words=(SpokenWord(0, 2, 0.2, 0.8), SpokenWord(3, 6, 1.0, 1.3)))).phones
    assert told == (
        Phone("", 0.0, 0.2),
        Phone("h", 0.2, pytest.approx(0.4)),
        Phone("aɪ", pytest.approx(0.4), pytest.approx(0.8), stressed=True),
        Phone("", pytest.approx(0.8), 1.0),
        Phone("j", 1.0, pytest.approx(1.1)),
        Phone("u", pytest.approx(1.1), pytest.approx(1.3)),
    )
    assert placing.finish(2.0).phones == (Phone("", 1.3, 2.0),)


def test_a_word_that_the_reading_says_as_two_holds_both() -> None:
    told = PhonesInWords(READING).feed(Piece(words=(SpokenWord(0, 6, 0.0, 1.0),))).phones
    assert [phone.ipa for phone in told] == ["h", "aɪ", "j", "u"]
    assert told[-1].end_s == pytest.approx(1.0)
    assert all(one.end_s == other.start_s for one, other in pairwise(told))


def test_words_the_reading_lacks_are_silent_and_overlaps_do_no_harm() -> None:
    placing = PhonesInWords(READING)
    words = (SpokenWord(0, 2, 0.5, 1.0), SpokenWord(2, 3, 0.8, 0.9), SpokenWord(3, 6, 0.9, 1.5))
    told = placing.feed(Piece(words=words)).phones
    assert all(one.end_s == other.start_s for one, other in pairwise(told))
    assert told[-1].end_s == pytest.approx(1.5)


def tone(seconds: float, rate: int = 16_000) -> bytes:
    return (np.sin(np.arange(round(seconds * rate)) / 9) * 9_000).astype("<i2").tobytes()


@pytest.mark.parametrize("step", [100, 3_201 * 2, 10**6])
def test_words_share_the_speech_by_their_length(step: int) -> None:
    sound = bytes(16_000) + tone(1.0) + bytes(32_000)
    placing = WordsByLength("Aha, I see!", 16_000)
    for at in range(0, len(sound), step):
        assert placing.feed(Piece(sound[at : at + step])) == Piece()
    words = placing.finish(2.5).words
    assert [(word.start, word.end) for word in words] == [(0, 4), (5, 6), (7, 11)]
    assert words[0].start_s == pytest.approx(0.5, abs=0.02)
    assert words[0].end_s == words[1].start_s == pytest.approx(0.5 + 4 / 9, abs=0.02)
    assert words[-1].end_s == pytest.approx(1.5, abs=0.02)


def test_ideographs_are_words_and_punctuation_is_none() -> None:
    words = WordsByLength("你好, world — !", 16_000).finish(1.0).words
    assert [(word.start, word.end) for word in words] == [(0, 1), (1, 2), (4, 9)]


def test_nothing_to_say_is_no_word() -> None:
    assert WordsByLength("...", 16_000).finish(1.0).words == ()
