from __future__ import annotations

from svc_text.engines.extractive.rank import points_back, repeats, scores
from svc_text.engines.extractive.sentences import cut
from troupe.wire.documents import Document

TEXT = """Acme builds pumps for water works in the whole valley.
The pumps of Acme need less power than other pumps for water.
Water works in the valley have used these pumps for forty years.
My uncle once saw a heron on the roof of the old chapel there."""


def test_what_others_speak_of_too_counts_most() -> None:
    sentences = cut([Document(text=TEXT)])
    ranked = scores(sentences, frozenset())
    assert min(ranked) == ranked[-1]


def test_the_beginning_and_the_title_count() -> None:
    sentences = cut(
        [
            Document(
                text="Herons live near quiet ponds in the north.\n" + "Menu\n" * 12 + "Foxes dig dens under old trees."
            )
        ]
    )
    prose = [each for each in sentences if each.whole]
    plain = scores(prose, frozenset())
    assert plain[0] > plain[1]
    titled = scores(prose, prose[1].terms)
    assert titled[1] > plain[1]


def test_repeats_are_told() -> None:
    one, two, other = cut(
        [Document(text="Acme builds pumps in Ulm. In Ulm, Acme builds good pumps. Herons like ponds.")]
    )
    assert repeats(two, [one])
    assert not repeats(other, [one, two])


def test_sentences_that_lean_on_another_are_told() -> None:
    told = {
        each.text: points_back(each)
        for each in cut([Document(text="It also bakes the bread. Italy is far from the town.")])
    }
    assert list(told.values()) == [True, False]
