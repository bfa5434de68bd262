from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svc_tts.engines.xtts.text.cutting import TextPiece, cut
from svc_tts.engines.xtts.text.languages import LANGUAGES
from svc_tts.frontend.aligned import AlignedText

TOO_MANY = 60  # tokens
SENTENCE = "The quick brown fox, who was late, jumps over the lazy dog. "


def letters(text: str) -> list[int]:
    """A language, and a token for each character that is no space."""
    return [0, *(ord(character) for character in text if not character.isspace())]


def pieces_of(text: str, language: str = "en", most: int = 10_000) -> list[TextPiece]:
    return cut(AlignedText.of(text), language, letters, most)


def test_a_short_text_is_one_piece() -> None:
    assert pieces_of("  Hello there. ") == [TextPiece("Hello there.", tuple(letters("Hello there.")), 2, 14)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_pieces_keep_to_the_language_s_characters(language: str) -> None:
    pieces = pieces_of(SENTENCE * 20, language)
    assert all(len(piece.text) <= LANGUAGES[language] for piece in pieces)
    assert "".join(piece.text for piece in pieces).replace(" ", "") == (SENTENCE * 20).replace(" ", "")


def test_sentences_come_before_clauses_and_clauses_before_words() -> None:
    assert [piece.text for piece in pieces_of(SENTENCE * 6)] == [(SENTENCE * 3).strip()] * 2
    clauses = pieces_of("one two three four, " * 20)
    assert all(piece.text.endswith(",") for piece in clauses)
    words = pieces_of("word " * 100)
    assert all(piece.text.endswith("word") and piece.text.startswith("word") for piece in words)


def test_no_short_rest_is_left() -> None:
    pieces = pieces_of("word " * 51)  # 254 characters, 250 are allowed
    assert min(len(piece.text) for piece in pieces) > 100


def test_a_word_without_end_is_cut_but_not_between_a_letter_and_its_mark() -> None:
    pieces = pieces_of("e\u0301" * 300)
    assert "".join(piece.text for piece in pieces) == "e\u0301" * 300
    assert not any(piece.text.startswith("\u0301") for piece in pieces)


def test_chinese_is_cut_after_its_own_marks() -> None:
    pieces = pieces_of("今天天气很好，我们去公园吧。" * 12, "zh")
    assert all(piece.text.endswith("。") for piece in pieces)


def test_pieces_are_cut_by_tokens_too() -> None:
    pieces = pieces_of("ab " * 80, most=TOO_MANY)
    assert all(len(piece.tokens) < TOO_MANY for piece in pieces)
    assert sum(len(piece.tokens) - 1 for piece in pieces) == 160


def test_one_character_of_too_many_tokens_is_cut_off() -> None:
    [piece] = cut(AlignedText.of("x"), "en", lambda _: list(range(100)), TOO_MANY)
    assert len(piece.tokens) == TOO_MANY - 1


def test_pieces_with_nothing_to_say_are_left_out() -> None:
    assert cut(AlignedText.of("..."), "en", lambda _: [0], TOO_MANY) == []


@given(st.text(alphabet="abc é漢。.,; \n", max_size=400), st.sampled_from(["en", "zh", "ja"]))
def test_nothing_is_lost_or_said_twice(text: str, language: str) -> None:
    pieces = pieces_of(text, language, TOO_MANY)
    assert "".join("".join(piece.text.split()) for piece in pieces) == "".join(text.split())
    assert all(text[piece.start : piece.end] == piece.text for piece in pieces)
    assert all(left.end <= right.start for left, right in pairwise(pieces))
