from __future__ import annotations

import re
from itertools import pairwise

import pytest

from gateway.scenes.subtitles import LINE_COLUMNS, LONGEST_MS, as_segments, as_srt, as_vtt, subtitles
from troupe.v1.media_pb2 import WordTiming

TEXT = (
    'She said: "Hello, world!" Then she left. Long sentences, which go on and on, are cut at their clauses where that '
    "can be done, or else between two words; nothing is lost. Yes. No."
)


def spoken(text: str, word_ms: int = 300, gap_ms: int = 20) -> list[WordTiming]:
    """Words without their signs, as engines tell them."""
    return [
        WordTiming(
            word=match.group(),
            text_start=match.start(),
            text_end=match.end(),
            start_ms=at * (word_ms + gap_ms),
            end_ms=at * (word_ms + gap_ms) + word_ms,
        )
        for at, match in enumerate(re.finditer(r"\w+", text))
    ]


@pytest.mark.parametrize("word_ms", [60, 300, 900, 3000])
def test_cues_can_be_read_and_nothing_is_lost(word_ms: int) -> None:
    words = spoken(TEXT, word_ms)
    cues = subtitles(words, TEXT)
    assert " ".join(" ".join(cue.lines) for cue in cues) == TEXT
    assert all(len(cue.lines) <= 2 and max(map(len, cue.lines)) <= LINE_COLUMNS for cue in cues)
    assert all(cue.end_ms - cue.start_ms <= LONGEST_MS for cue in cues)
    assert all(one.end_ms <= two.start_ms for one, two in pairwise(cues))
    starts = {word.start_ms for word in words}
    assert all(cue.start_ms in starts and cue.end_ms >= cue.tokens[-1].end_ms for cue in cues)


def test_cues_end_where_sentences_and_clauses_do() -> None:
    assert [cue.lines for cue in subtitles(spoken(TEXT), TEXT)] == [
        ('She said: "Hello, world!" Then she left.',),
        ("Long sentences, which go on and on,", "are cut at their clauses where that can be"),
        ("done, or else between two words;", "nothing is lost. Yes. No."),
    ]
    slow = [cue.text for cue in subtitles(spoken(TEXT, 500), TEXT)]
    assert slow == [
        'She said: "Hello, world!"',
        "Then she left.",
        "Long sentences, which go on and on,",
        "are cut at their clauses where that can be done,",
        "or else between two words; nothing is lost. Yes. No.",
    ]


def test_a_short_cue_stays_until_it_was_read() -> None:
    (cue,) = subtitles(spoken("Yes."), "Yes.")
    assert (cue.start_ms, cue.end_ms) == (0, 1000)


def test_a_long_pause_ends_a_cue() -> None:
    words = spoken("one two three four", 600)
    for word in words[2:]:
        word.start_ms += 2000
        word.end_ms += 2000
    assert [cue.text for cue in subtitles(words, "one two three four")] == ["one two", "three four"]


def test_wide_characters_are_two_columns() -> None:
    text = "一二三四五六七八九十" * 6 + "。"
    words = [
        WordTiming(word=c, text_start=i, text_end=i + 1, start_ms=100 * i, end_ms=100 * i + 100)
        for i, c in enumerate(text[:-1])
    ]
    cues = subtitles(words, text)
    assert "".join("".join(cue.lines) for cue in cues) == text
    assert max(len(line) for cue in cues for line in cue.lines) <= LINE_COLUMNS // 2


def test_several_words_said_for_one_written_are_one() -> None:
    words = [
        WordTiming(word="one", text_start=0, text_end=3, start_ms=0, end_ms=300),
        WordTiming(word="hundred", text_start=0, text_end=3, start_ms=300, end_ms=700),
        WordTiming(word="men", text_start=4, text_end=7, start_ms=700, end_ms=1100),
    ]
    (cue,) = subtitles(words, "100 men")
    assert [(token.text, token.start_ms, token.end_ms) for token in cue.tokens] == [("100", 0, 700), ("men", 700, 1100)]


def test_markup_is_not_shown() -> None:
    text = "<speak>A &amp; <sub alias='x'>B</sub>! <break time='2s'/>C</speak>"
    places = [text.index("A"), text.index("&"), text.index("B<"), text.index("C<")]
    ends = [places[0] + 1, places[1] + 5, text.index("!") + 1, places[3] + 1]
    words = [
        WordTiming(word="w", text_start=s, text_end=e, start_ms=n * 300, end_ms=n * 300 + 300)
        for n, (s, e) in enumerate(zip(places, ends, strict=True))
    ]
    assert [cue.text for cue in subtitles(words, text, marked_up=True)] == ["A & B! C"]


def test_nothing_spoken_is_no_cue() -> None:
    assert subtitles([], TEXT) == []
    assert as_vtt([], estimated=False) == "WEBVTT\n"


def test_files() -> None:
    text = "a < b & c."
    cues = subtitles(spoken(text, 3_700_000), text)
    assert as_vtt(cues[:1], estimated=True) == (
        "WEBVTT\n\nNOTE timing: estimated from the text and the sound\n\n00:00:00.000 --> 01:01:40.000\na &lt;\n"
    )
    (short,) = subtitles(spoken(text, 1200), text)
    assert as_srt([short], estimated=True) == "1\n00:00:00,000 --> 00:00:03,640\na < b & c.\n\n"
    assert as_vtt([short], estimated=False).endswith("\na &lt; b &amp; c.\n")


def test_minimax_segments() -> None:
    text = "Hi you. Bye."
    one, two = as_segments(subtitles(spoken(text, 1200), text))
    assert one | {"timestamped_words": []} == {
        "text": "Hi you.",
        "pronounce_text": "Hi you.",
        "time_begin": 0,
        "time_end": 2420,
        "text_begin": 0,
        "text_end": 7,
        "pronounce_text_begin": 0,
        "pronounce_text_end": 7,
        "is_final_segment": False,
        "timestamped_words": [],
    }
    assert one["timestamped_words"][1] == {
        "word": "you.", "word_begin": 3, "word_end": 7, "time_begin": 1220, "time_end": 2420,
    }  # fmt: skip
    assert two["is_final_segment"] is True
