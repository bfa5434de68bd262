from __future__ import annotations

import numpy as np

from svc_tts.audio.heard import Heard, joined
from svc_tts.audio.reading import Reading
from svc_tts.engine import Phone, Piece, SpokenWord

PHONES = (Phone("a", 0, 1, stressed=True), Phone("", 1, 2), Phone("p", 2, 3), Phone("i", 3, 4), Phone("s", 4, 5))
WORDS = (SpokenWord(0, 1, 0, 1), SpokenWord(2, 4, 2, 4), SpokenWord(5, 6, 4, 5))
READING = Reading(PHONES, WORDS, np.zeros((500, 13), np.float32))


def test_words_and_phones_are_told_as_soon_as_they_end() -> None:
    heard = Heard(READING)
    assert heard.hear([(0.0, None), (0.2, 0)]) == Piece(phones=(Phone("", 0.0, 0.2),))
    assert heard.hear([(0.5, None)]).phones == (Phone("a", 0.2, 0.5, stressed=True),)
    told = heard.hear([(0.9, 2), (1.0, 3)])
    assert told.words == (SpokenWord(0, 1, 0.2, 0.5),)
    told = joined([told, heard.hear([(1.1, 4)]), heard.end(1.4)])
    assert told.words[1:] == (SpokenWord(2, 4, 0.85, 1.1), SpokenWord(5, 6, 1.1, 1.4))
    assert [phone.ipa for phone in told.phones] == ["", "p", "i", "s"]


def test_a_stop_is_shut_before_it_is_heard() -> None:
    told = Heard(READING).hear([(0.0, 0), (0.5, None), (0.7, 2), (0.72, 3)])
    assert told.phones[1:] == (Phone("", 0.5, 0.7 - 0.05), Phone("p", 0.7 - 0.05, 0.72))


def test_a_pause_that_is_shorter_than_a_closure_is_one() -> None:
    told = Heard(READING).hear([(0.0, 0), (0.5, None), (0.53, 2), (0.6, 3)])
    assert told.phones[1:] == (Phone("p", 0.5, 0.6),)


def test_words_that_were_passed_over_are_told_where_they_would_have_been() -> None:
    heard = Heard(READING)
    told = joined([heard.hear([(0.0, 0), (0.5, 4)]), heard.end(1.0)])
    assert told.words == (SpokenWord(0, 1, 0.0, 0.5), SpokenWord(2, 4, 0.5, 0.5), SpokenWord(5, 6, 0.5, 1.0))


def test_nothing_heard_is_all_words_at_the_end() -> None:
    told = Heard(READING).end(2.0)
    assert told.words == tuple(SpokenWord(word.start, word.end, 2.0, 2.0) for word in WORDS)
    assert told.phones == (Phone("", 0.0, 2.0),)
