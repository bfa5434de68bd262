"""When a text that is being written is given to the voice."""

import pytest

from gateway.scenes.phrases import LONGEST, Phrase, Phrases

LATER = "and after a long while it still goes on "


@pytest.fixture
def now():
    return [0.0]


@pytest.fixture
def phrases(now):
    return Phrases(lambda: now[0])


def test_sentences_are_given_whole(phrases) -> None:
    assert phrases.feed("Hello the") == []
    assert phrases.feed("re. I am new. An") == [Phrase("Hello there. I am new. ")]
    assert phrases.feed("d so") == []
    assert phrases.rest() == [Phrase("And so")]


def test_a_first_sentence_that_takes_long_is_cut_at_a_clause(phrases, now) -> None:
    assert phrases.feed("When the morning comes, we ") == []
    now[0] = 0.15
    assert phrases.feed("go") == [Phrase("When the morning comes, ", at_once=True)]
    now[0] = 9.0
    assert phrases.feed(" to the sea, and on and on") == []  # the listener has something to hear


def test_else_at_a_word(phrases, now) -> None:
    phrases.feed("When the morning finally comes to")
    now[0] = 0.35
    assert phrases.feed("morrow") == [Phrase("When the morning finally comes ", at_once=True)]


def test_a_fast_model_s_long_first_sentence_is_cut_too(phrases) -> None:
    first, *_ = phrases.feed("word " * 25)
    assert first.at_once
    assert len(first.text) == 125


def test_a_hungry_listener_gets_what_there_is(phrases) -> None:
    phrases.feed("One. Two")
    assert phrases.feed(" and then some more words, an") == []
    assert phrases.feed("d", hungry=True) == [Phrase("Two and then some more words, ", at_once=True)]


def test_scraps_are_not_cut_off(phrases, now) -> None:
    phrases.feed("So, ")
    now[0] = 5.0
    assert phrases.feed("well") == []


def test_ideographs_need_no_spaces(phrases, now) -> None:
    assert phrases.feed("你好。我们") == [Phrase("你好。")]
    other = Phrases(lambda: now[0])
    other.feed("今天的天气非常好，我们")
    now[0] += 0.2
    assert other.feed("去") == [Phrase("今天的天气非常好，", at_once=True)]


def test_text_without_sentences_is_given_all_the_same(phrases) -> None:
    text = "word " * 500
    given = [phrase for word in text.split(" ") for phrase in phrases.feed(word + " ")]
    assert max(len(phrase.text) for phrase in given) <= LONGEST + 5
    assert len(given) > 5


def test_of_a_ragged_end_nothing_is_given(phrases) -> None:
    phrases.feed("One. And then the")
    assert phrases.rest(ragged=True) == []
    alone = Phrases()
    alone.feed("And then the")
    assert alone.rest(ragged=True) == [Phrase("And then the")]


def test_nothing_is_lost(phrases, now) -> None:
    text = "A first, long and slow one, with clauses; yes. And 12.5 more! " + LATER * 30 + "\nEnd"
    given = []
    for character in text:
        now[0] += 0.02
        given += phrases.feed(character, hungry=now[0] > 5)
    given += phrases.rest()
    assert "".join(phrase.text for phrase in given) == text
    assert phrases.given == len(text)
