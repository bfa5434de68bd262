from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.scenes.research.spoken import MOST_WORDS, Sentences

OWN = frozenset({"acme.example"})
TEXT = (
    '**Acme** makes kites. [smiles] It is "good." Visit [us](https://evil.example)! Or acme.example, of course…\n\n'
    "- 我们做风筝。很好！ <b>Really?</b> 3.5 metres\n☺ \n https://evil.example/x\nThe end"
)


def said(*pieces: str) -> list[str]:
    sentences = Sentences(OWN)
    heard = [sentence for piece in pieces for sentence in sentences.feed(piece)]
    return [*heard, *sentences.rest()]


def test_sentences_are_cleaned_as_they_end() -> None:
    assert said(TEXT) == [
        "Acme makes kites.", 'It is "good."', "Visit us!", "Or acme.example, of course…", "- 我们做风筝。", "很好！",
        "Really? 3.5 metres", "The end",
    ]  # fmt: skip


@given(st.lists(st.integers(1, 7), min_size=1))
def test_however_it_comes_it_is_the_same(steps) -> None:
    pieces, place, turn = [], 0, 0
    while place < len(TEXT):
        pieces.append(TEXT[place : place + steps[turn % len(steps)]])
        place, turn = place + len(pieces[-1]), turn + 1
    assert "".join(said(*pieces)).replace(" ", "") == "".join(said(TEXT)).replace(" ", "")


@pytest.mark.parametrize("sentence", ["They are good. ", "风筝很好很好很好。"])
def test_a_presenter_has_only_so_much_time(sentence) -> None:
    sentences = Sentences(OWN)
    heard = list(sentences.feed(sentence * 500))
    assert sentences.enough
    assert list(sentences.rest()) == []
    text = "".join(heard)
    words = len(text) / 2 if "风" in text else len(" ".join(heard).split())
    assert MOST_WORDS <= words < MOST_WORDS + 10


def test_a_sentence_without_end_is_said_all_the_same() -> None:
    assert said("word " * 1_000)
