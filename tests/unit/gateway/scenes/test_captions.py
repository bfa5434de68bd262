"""Words as captions show them, and as another replica needs them."""

from __future__ import annotations

import pytest

from gateway.scenes.captions import MESSAGE_WORDS, Wording, as_written
from troupe.v1.media_pb2 import WordTiming
from troupe.v1.video_pb2 import AnimateInput, Speech24k


@pytest.mark.parametrize(
    ("text", "said", "shown"),
    [
        ("Hello, you.", "Hello", "Hello,"),
        ("Hello, you.", "you", "you."),
        ('He said: "Why?!"', "Why", '"Why?!"'),
        ("¿Cómo (tú) estás?", "Cómo", "¿Cómo"),
        ("¿Cómo (tú) estás?", "tú", "(tú)"),
        ("你好，世界。", "你好", "你好，"),
        ("a well-known one", "well", "well-"),
        ("wait<#0.5#> there", "wait", "wait"),
        ("so......... it", "so", "so...."),
        ("plain", "plain", "plain"),
    ],
)
def test_a_word_keeps_the_signs_it_touches(text, said, shown) -> None:
    start = text.index(said)
    made = as_written(WordTiming(word=said, text_start=start, text_end=start + len(said), start_ms=5, end_ms=9), text)
    assert made.word == shown
    assert text[made.text_start : made.text_end] == shown
    assert (made.start_ms, made.end_ms) == (5, 9)


def test_what_is_read_in_other_words_stays_as_it_is_read() -> None:
    made = as_written(WordTiming(word="twenty", text_start=0, text_end=2), "20, or so")
    assert made.word == "twenty,"


@pytest.mark.parametrize(("start", "end"), [(0, 0), (3, 2), (2, 50)])
def test_a_place_that_is_not_in_the_text_changes_nothing(start, end) -> None:
    word = WordTiming(word="odd", text_start=start, text_end=end)
    assert as_written(word, "Hello") == word
    assert as_written(word, "") == word


async def noted(wording: Wording, count: int) -> list[AnimateInput]:
    async def source():
        yield AnimateInput(picture=b"x")
        for number in range(count):
            yield AnimateInput(speech=Speech24k(pcm=b"ab", words=[WordTiming(word=str(number), start_ms=number)]))

    return [message async for message in wording.noted(source())]


async def test_a_film_that_goes_on_is_told_every_word_again() -> None:
    wording = Wording(kept=True)
    assert len(await noted(wording, MESSAGE_WORDS + 5)) == MESSAGE_WORDS + 6
    assert list(wording.again(0)) == []
    again = list(wording.again(400))
    assert [len(message.speech.words) for message in again] == [MESSAGE_WORDS, 5]
    assert not any(message.speech.pcm for message in again)


async def test_without_captions_nothing_is_kept() -> None:
    wording = Wording(kept=False)
    await noted(wording, 5)
    assert list(wording.again(400)) == []
