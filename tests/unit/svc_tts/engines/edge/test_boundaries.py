from __future__ import annotations

import pytest

from svc_tts.engines.edge.boundaries import Boundary, WordTrack


def placed(text: str, *words: str) -> list[str]:
    """What stands in the text where each word was found, in the order of telling."""
    track = WordTrack(text)
    told = [place for at, word in enumerate(words) for place in track.place(Boundary(word, at, at + 0.5))]
    told += track.end()
    assert [word.start_s for word in told] == sorted(word.start_s for word in told)
    return [text[word.start : word.end] for word in told]


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("Hello, world.", ["Hello", "world"], ["Hello", "world"]),
        ("a cat and a hat", ["a", "cat", "and", "a", "hat"], ["a", "cat", "and", "a", "hat"]),
        ("The theatre", ["The", "theatre"], ["The", "theatre"]),
        ("It costs $5 today", ["It", "costs", "five dollars", "today"], ["It", "costs", "$5", "today"]),
        ("It costs $5 today", ["It", "costs", "five", "dollars", "today"], ["It", "costs", "$5", "today"]),
        ("In 1984 he wrote", ["In", "nineteen", "eighty", "four", "he", "wrote"], ["In", "1984", "he", "wrote"]),
        ("Dr. J. Smith left", ["Doctor", "Jay", "Smith", "left"], ["Dr.", "J.", "Smith", "left"]),
        ("He paid 20", ["He", "paid", "twenty"], ["He", "paid", "20"]),
        ("Don't stop", ["Don't", "stop"], ["Don't", "stop"]),
        ("STRASSE und Weg", ["strasse", "und", "Weg"], ["STRASSE", "und", "Weg"]),
        ("你好世界。", ["你好", "世界"], ["你好", "世界"]),
        ("ＡＢＣ です", ["ABC", "です"], ["ＡＢＣ", "です"]),
        ("Well - yes", ["Well", "-", "yes"], ["Well", "yes"]),
        ("AT&T <b> wins", ["AT&T", "wins"], ["AT&T", "wins"]),
        ("gone", ["gone", "extra"], ["gone"]),
        ("", ["word"], []),
    ],
)
def test_words_are_found(text: str, words: list[str], expected: list[str]) -> None:
    assert placed(text, *words) == expected


def test_a_short_word_is_not_looked_for_far_away() -> None:
    text = "X " + "lorem ipsum dolor sit amet consectetur adipiscing elit " * 2 + "a"
    assert placed(text, "ex", "a") == [text]  # both wait, and stand for all of it


def test_a_long_stretch_that_is_read_otherwise_does_not_lose_the_rest() -> None:
    numbers = " ".join(str(number) for number in range(100_000, 100_020))
    words = ["one hundred thousand and something"] * 20
    assert placed(f"From {numbers} until now", "From", *words, "until", "now") == [
        "From",
        *numbers.split(),
        "until",
        "now",
    ]


def test_times_are_those_of_the_boundaries() -> None:
    track = WordTrack("pay $5 now")
    assert track.place(Boundary("pay", 0.1, 0.3))[0].end_s == 0.3
    assert track.place(Boundary("five", 0.4, 0.6)) == ()
    assert track.place(Boundary("dollars", 0.7, 0.9)) == ()
    five, now = track.place(Boundary("now", 1.0, 1.2))
    assert (five.start_s, five.end_s) == (0.4, 0.9)
    assert (now.start_s, now.end_s) == (1.0, 1.2)
