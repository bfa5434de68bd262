import random

import pytest

from gateway.providers.minimax.sentences import Runs


def taken(runs) -> list[str]:
    got = []
    while run := runs.take():
        got.append(run)
    return got


def test_whole_sentences_as_many_as_there_are():
    runs = Runs()
    runs.feed("One. Two! Thr")
    assert taken(runs) == ["One. Two! "]
    runs.feed("ee? ")
    assert taken(runs) == ["Three? "]


def test_the_end_is_given_by_a_flush():
    runs = Runs()
    runs.feed("no end")
    assert taken(runs) == []
    runs.flush()
    assert taken(runs) == ["no end"]


@pytest.mark.parametrize(
    "text", ["Dr. Watson came. ", "It costs 3.50 euros. ", "J. S. Bach wrote it. ", "No. 5 is alive! "]
)
def test_not_every_full_stop_ends_a_sentence(text):
    runs = Runs(longest=200)
    for char in text.rstrip():
        runs.feed(char)
        assert taken(runs) == []
    runs.feed(" ")
    assert taken(runs) == [text]


def test_chinese_needs_no_space():
    runs = Runs()
    runs.feed("你好。再见")
    assert taken(runs) == ["你好。"]


def test_long_text_is_cut_after_a_sentence_else_a_clause_else_a_word():
    runs = Runs(longest=60)
    runs.feed("A first sentence stands here. " + "word " * 30)
    runs.flush()
    got = taken(runs)
    assert got[0] == "A first sentence stands here. "
    assert all(run.endswith(" ") for run in got)
    runs.feed("one clause is so long, that it is cut after its comma, where one breathes anyway")
    assert taken(runs) == ["one clause is so long, that it is cut after its comma, "]
    runs.feed("x" * 200)
    assert [len(run) for run in taken(runs)][:2] == [60, 60]


def test_nothing_is_lost_whatever_the_pieces():
    chance = random.Random(7)
    for _ in range(300):
        text = "".join(chance.choices("ab .!?,;\n。，Dr 1", k=chance.randint(0, 300)))
        runs, got, at = Runs(longest=chance.randint(5, 80)), [], 0
        while at < len(text):
            step = chance.randint(1, 40)
            runs.feed(text[at : at + step])
            at += step
            got += taken(runs)
        runs.flush()
        got += taken(runs)
        assert "".join(got) == text
        assert all(0 < len(run) <= runs._longest for run in got)
