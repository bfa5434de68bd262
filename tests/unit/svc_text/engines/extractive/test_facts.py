from __future__ import annotations

from svc_text.engines.extractive.facts import Fact, facts
from svc_text.engines.extractive.material import material
from troupe.wire.documents import Document

URL = "https://acme.test/"


def found(text: str) -> list[Fact]:
    return facts(material([Document(URL, "Acme", text)]))


def test_sentences_with_years_and_counts_are_facts() -> None:
    text = "Acme builds good pumps. Acme was founded in 1962 in Ulm. Today 184 people work there."
    assert found(text) == [
        Fact("Acme was founded in 1962 in Ulm", "Acme was founded in 1962 in Ulm.", URL),
        Fact("Today 184 people work there", "Today 184 people work there.", URL),
    ]


def test_prices_hours_and_telephones_are_none() -> None:
    text = (
        "A pump costs 129 € without its hose. The shop is open 8:00 - 17:00 h each day. Call +49 731 9876543 for more."
    )
    assert found(f"Acme builds good pumps for all. {text}") == []


def test_a_long_sentence_gives_the_clause_that_tells() -> None:
    long = (
        "In the year 1962, after a long winter in which nobody in the whole town had running water for weeks on end, "
        "Josef built 12 pumps out of parts of an old tractor, which are still running."
    )
    (fact,) = found(f"Acme builds good pumps for all. {long}")
    assert fact.sentence == long
    assert fact.fact in long
    assert len(fact.fact) < 100
