from __future__ import annotations

import re

from svc_tts.frontend.aligned import AlignedText


def test_characters_know_where_they_stand() -> None:
    text = AlignedText.of("hello world", 100)
    assert text[6:11].source(0, 5) == (106, 111)


def test_a_reading_stands_for_the_whole_it_replaces() -> None:
    text = AlignedText.of("a km b").sub(re.compile("km"), lambda _: "kilometre")
    assert text.text == "a kilometre b"
    assert text.source(2, 11) == (2, 4)
    assert text.source(5, 6) == (2, 4)
    assert text.source(12, 13) == (5, 6)


def test_a_removed_stretch_leaves_the_rest_in_place() -> None:
    text = AlignedText.of("a--b").sub(re.compile("-"), lambda _: "")
    assert (text.text, text.source(1, 2)) == ("ab", (3, 4))


def test_positions_outside_are_brought_inside() -> None:
    text = AlignedText.of("abc", 10)
    assert text.source(2, 99) == (12, 13)
    assert AlignedText.of("").source(0, 5) == (0, 0)


def test_strip_keeps_positions() -> None:
    text = AlignedText.of("  hi \n", 3).strip()
    assert (text.text, text.spans) == ("hi", ((5, 6), (6, 7)))
