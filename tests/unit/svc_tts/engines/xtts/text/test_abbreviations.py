from __future__ import annotations

import pytest

from svc_tts.engines.xtts.text.abbreviations import expand_abbreviations


@pytest.mark.parametrize(
    ("language", "text", "read"),
    [
        ("en", "Mrs. and Mr. Smith, drs. of St. Ives", "misess and mister Smith, doctors of saint Ives"),
        ("en", "the first. He left", "the first. He left"),
        ("nl", "dhr. Jansen", "de heer Jansen"),
        ("ru", "г-н Иванов", "господин Иванов"),
        ("zh", "dr. 王", "dr. 王"),
    ],
)
def test_titles_are_read_in_full(language: str, text: str, read: str) -> None:
    assert expand_abbreviations(text, language) == read
