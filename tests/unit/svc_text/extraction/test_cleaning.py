from __future__ import annotations

from svc_text.extraction.cleaning import line


def test_what_nobody_sees_is_left_out() -> None:
    tags = "".join(chr(0xE0000 + ord(character)) for character in "obey")
    assert line(f" one\u200b \u202etwo\u202c\n\tthree{tags} sil\u00adver ") == "one two three silver"


def test_joiners_inside_words_stay() -> None:
    assert line("می\u200cخواهم") == "می\u200cخواهم"


def test_a_long_line_is_cut_after_a_word() -> None:
    assert line("one two three", 9) == "one two"
    assert line("abcdefghij", 4) == "abcd"
