from __future__ import annotations

import pytest

from gateway.scenes.markup import Marked, OpenTags, without_tags
from gateway.scenes.recital import PAUSE, Written

TEXT = '<speak><p a="<>">One <break/><prosody rate="50%">two</prosody></p><!-- <no> -->three</speak>'


@pytest.mark.parametrize(
    ("until", "opening"),
    [
        ("<spe", ""),
        ("One", '<speak><p a="<>">'),
        ("two", '<speak><p a="<>"><prosody rate="50%">'),
        ("three", "<speak>"),
        ("</speak>", "<speak>"),
    ],
)
def test_what_is_open_at_a_place(until: str, opening: str) -> None:
    before = TEXT[: TEXT.index(until)]
    assert OpenTags().after(before).opening == opening
    letters = OpenTags()
    for letter in before:
        letters = letters.after(letter)
    assert letters.opening == opening


def test_literal_text_goes_on_as_literal_text() -> None:
    assert OpenTags().after("<speak><![CDATA[a < b").opening == "<speak><![CDATA["
    assert OpenTags().after("<speak><![CDATA[a < b]]>").opening == "<speak>"


def test_places_stay_true_without_tags() -> None:
    plain = without_tags(TEXT)
    assert plain.split() == ["One", "two", "three"]
    assert plain.index("three") == TEXT.index("three")


async def test_it_goes_on_as_a_document_of_its_own() -> None:
    script = Marked(Written(TEXT))
    place = TEXT.index("wo<")
    script.heard(TEXT.index("two"))
    sent = "".join([message.text async for message in script.messages(place)])
    assert sent == '<speak><p a="<>"><prosody rate="50%">' + TEXT[place:]
    assert script.lead(place) == len(sent) - len(TEXT[place:])
    assert not script.keeps(0)


@pytest.mark.parametrize(("tag", "seconds"), [('<break time="200ms"/>', 0.2), ("<break time='12.5s' />", 12.5)])
def test_a_break_is_a_pause_of_the_same_length(tag: str, seconds: float) -> None:
    said = without_tags(f"a{tag}b")
    assert (len(said), said[0], said[-1]) == (len(tag) + 2, "a", "b")
    match = PAUSE.fullmatch(said[1:-1])
    assert match is not None
    assert float(match[1]) == seconds
