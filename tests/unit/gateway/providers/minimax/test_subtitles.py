import json
import random

import pytest

from gateway.providers.minimax.subtitles import Place, read_subtitles, sentence_ends, words_of
from troupe.wire.errors import EngineFailed

TEXT = "Hello you. Good bye."
PLACE = Place(TEXT, 100, 1000, 3000)


def word(text, begin, start, **more):
    return {
        "word": text,
        "word_begin": begin,
        "word_end": begin + len(text),
        "time_begin": start,
        "time_end": start + 90,
    } | more


def row(begin, end, start, stop, *words):
    return {"text": TEXT[begin:end], "text_begin": begin, "text_end": end, "time_begin": start, "time_end": stop,
            "timestamped_words": list(words)}  # fmt: skip


def read(*rows):
    return read_subtitles(json.dumps(rows).encode())


def test_words_stand_in_the_whole_answer():
    rows = read(
        row(0, 10, 0, 900, word("Hello", 0, 0), word(" you.", 5, 500)), row(11, 20, 1000, 1900, word("Good", 11, 1000))
    )
    found = [(each.word, each.text_start, each.text_end, each.start_ms, each.end_ms) for each in words_of(rows, PLACE)]
    assert found == [("Hello", 100, 105, 1000, 1090), ("you.", 106, 110, 1500, 1590), ("Good", 111, 115, 2000, 2090)]
    assert sentence_ends(rows, PLACE) == [(111, 2000), (120, 3000)]


def test_a_word_in_the_wrong_place_is_looked_for():
    rows = read(row(0, 20, 0, 100, word("you", 0, 10), word("nowhere", 3, 20), word("bye", 900, 30)))
    assert [(each.word, each.text_start) for each in words_of(rows, PLACE)] == [("you", 106), ("bye", 116)]


def test_times_never_run_backwards_or_past_the_sound():
    rows = read(row(0, 20, 0, 1, word("Hello", 0, 1900), word("you", 6, 5), word("Good", 11, 99_999)))
    times = [(each.start_ms, each.end_ms) for each in words_of(rows, PLACE)]
    assert times == [(2900, 2990), (2990, 2990), (3000, 3000)]


def test_without_subtitles_the_run_still_ends():
    assert sentence_ends([], PLACE) == [(120, 3000)]
    assert words_of([], PLACE) == []


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'[{"time_begin": "soon"}]', b"\xff", b"[" * 5000])
def test_what_is_no_subtitle_file(data):
    with pytest.raises(EngineFailed):
        read_subtitles(data)


def test_hostile_numbers_give_times_in_order():
    chance = random.Random(3)
    for _ in range(300):

        def n():
            return chance.choice([-5, 0, 3, 11, 10**12, -(10**12), 0.5])

        rows = read(*(
            {"text": "x", "text_begin": int(n()), "text_end": int(n()), "time_begin": n(), "time_end": n(),
             "timestamped_words": [word("you", int(n()), n()), word("", int(n()), n())]}
            for _ in range(4)
        ))  # fmt: skip
        found = words_of(rows, PLACE)
        times = [time for each in found for time in (each.start_ms, each.end_ms)]
        assert times == sorted(times)
        assert all(1000 <= time <= 3000 for time in times)
        ends = sentence_ends(rows, PLACE)
        assert ends == sorted(ends)
        assert ends[-1] == (120, 3000)
