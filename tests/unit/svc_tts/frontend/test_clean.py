from __future__ import annotations

import pytest

from svc_tts.frontend.aligned import AlignedText
from svc_tts.frontend.clean import clean, speakable


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Hello\x00there\x07", "Hello there"),
        ("Hi 😀👩‍👩‍👧 you", "Hi you"),
        ("key 1️⃣ 🇩🇪", "key 1"),
        ("**bold** and _this_ `code`", "bold and this code"),
        ("2*3 snake_case", "2*3 snake_case"),
        ("# Title", "Title"),
        ("a\u200bb \u202eright\u202c", "ab right"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("  two \n\t lines ", "two lines"),
        ("\U0010ffff\ufffe", ""),
    ],
)
def test_what_cannot_be_spoken_goes(written: str, said: str) -> None:
    assert clean(AlignedText.of(written)).text == said


def test_what_stays_knows_where_it_was() -> None:
    written = "😀 **Hi** \x00you"
    text = clean(AlignedText.of(written))
    starts = [text.source(at, at + 1)[0] for at in range(len(text))]
    assert [written[at] for at in starts if not written[at].isspace()] == list("Hiyou")


@pytest.mark.parametrize(("text", "answer"), [("a", True), ("٣", True), ("5", True), ("日", True), ("&", True)])
def test_speakable(text: str, answer: bool) -> None:
    assert speakable(text) is answer


@pytest.mark.parametrize("text", ["", "...", "?!", "—", "«»", " \n"])
def test_not_speakable(text: str) -> None:
    assert not speakable(text)
