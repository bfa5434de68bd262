from __future__ import annotations

import pytest

from svc_tts.frontend.aligned import AlignedText
from svc_tts.frontend.pronounce import MAX_PRONUNCIATIONS, Pronunciations
from troupe.wire.errors import InvalidArgument


def test_whole_words_are_read_as_the_caller_says() -> None:
    readings = Pronunciations.parse(["SQL=sequel", "nginx = engine x", "omg=oh my god"])
    text = readings.apply(AlignedText.of("sql and Nginx, not SQLite"))
    assert text.text == "sequel and engine x, not SQLite"
    assert text.source(0, 6) == (0, 3)


def test_scripts_without_spaces_need_no_word_border() -> None:
    assert Pronunciations.parse(["处理=(chu3)(li3)"]).apply(AlignedText.of("在处理中")).text == "在(chu3)(li3)中"


def test_none_changes_nothing() -> None:
    assert Pronunciations.parse([]).apply(AlignedText.of("a")).text == "a"


@pytest.mark.parametrize("entry", ["word", "=x", "x=", "a=" + "b" * 300])
def test_a_bad_entry_is_told(entry: str) -> None:
    with pytest.raises(InvalidArgument, match="word=reading"):
        Pronunciations.parse([entry])


def test_too_many_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="at most"):
        Pronunciations.parse(["a=b"] * (MAX_PRONUNCIATIONS + 1))
