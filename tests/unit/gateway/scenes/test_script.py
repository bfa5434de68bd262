import pytest

from gateway.scenes.script import PIECE_CHARS, blank_controls, clean_text, text_pieces
from troupe.wire.errors import EmptyText, TextTooLong


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\x00\x01", "\u200b\x7f ".strip("\u200b")])
def test_nothing_to_say_is_told(text) -> None:
    with pytest.raises(EmptyText):
        clean_text(text, 100)


def test_too_much_names_the_limit() -> None:
    with pytest.raises(TextTooLong, match="at most 10 "):
        clean_text("a" * 11, 10)
    assert clean_text("a" * 10, 10)


def test_controls_become_spaces_and_positions_stay() -> None:
    assert clean_text("a\x00b\x07c\td\n", 100) == "a b c\td\n"


def test_other_scripts_and_emoji_stay() -> None:
    text = "שלום 👩‍👩‍👧‍👦 مرحبا \u202e 日本"
    assert clean_text(text, 100) == text


def test_half_a_surrogate_pair_is_replaced() -> None:
    assert blank_controls("a\ud83db").encode() == "a\ufffdb".encode()


def test_pieces_make_the_whole() -> None:
    text = "ab" * PIECE_CHARS
    pieces = text_pieces(text)
    assert "".join(pieces) == text
    assert max(map(len, pieces)) <= PIECE_CHARS
