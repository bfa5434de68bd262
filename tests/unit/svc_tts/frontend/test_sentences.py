from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svc_tts.frontend.sentences import LONGEST_SENTENCE, SentenceSplitter

STORY = "Hello Mr. Smith. It costs 3.50 dollars, e.g. today! Is it 5 p.m. already? “Go.” She went.\n\nNew line"
WHOLE = ["Hello Mr. Smith. ", "It costs 3.50 dollars, e.g. today! ", "Is it 5 p.m. already? "]


def split(pieces: list[str], language: str = "en") -> list[str]:
    splitter = SentenceSplitter(language)
    return [sentence for piece in pieces for sentence in splitter.feed(piece)] + splitter.flush()


def test_all_at_once() -> None:
    assert split([STORY])[:3] == WHOLE


def test_letter_by_letter_gives_the_same_beginning() -> None:
    assert split(list(STORY))[:2] == WHOLE[:2]
    assert "".join(split(list(STORY))) == STORY


def test_a_sentence_comes_as_soon_as_it_is_whole() -> None:
    splitter = SentenceSplitter()
    assert splitter.feed("Hello there. ") == ["Hello there. "]
    assert splitter.feed("It costs 3.") == []
    assert splitter.feed("5 dollars. ") == ["It costs 3.5 dollars. "]


def test_an_abbreviation_does_not_end_it() -> None:
    assert SentenceSplitter().feed("Hello Mr. ") == []


def test_flush_speaks_what_is_there() -> None:
    splitter = SentenceSplitter()
    assert splitter.feed("no end") == []
    assert splitter.flush() == ["no end"]
    assert splitter.flush() == []


def test_chinese_and_japanese_end_without_space() -> None:
    assert split(["你好。世界！好"], "zh") == ["你好。", "世界！", "好"]
    assert split(["今日は。「はい。」そう"], "ja") == ["今日は。", "「はい。」", "そう"]


@pytest.mark.parametrize("text", ["word, " * 500, "word " * 500, "x" * 3000])
def test_a_long_sentence_is_cut(text: str) -> None:
    parts = split([text])
    assert "".join(parts) == text
    assert max(map(len, parts)) <= LONGEST_SENTENCE


def test_a_cut_falls_after_a_clause_where_there_is_one() -> None:
    text = "a" * 300 + ", " + "b " * 300
    assert split([text])[0] == "a" * 300 + ", "


def test_a_long_sentence_does_not_wait_for_its_end() -> None:
    assert SentenceSplitter().feed("word " * 200)


@given(st.lists(st.text(alphabet="aA.?! \n。<#>5\u202e😀", max_size=12), max_size=12))
def test_nothing_is_lost_however_it_comes(pieces: list[str]) -> None:
    assert "".join(split(pieces)) == "".join(pieces)
