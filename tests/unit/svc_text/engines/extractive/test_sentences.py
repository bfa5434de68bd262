from __future__ import annotations

from svc_text.engines.extractive.sentences import Sentence, cut
from troupe.wire.documents import Document


def cut_text(text: str) -> list[Sentence]:
    return cut([Document(text=text)])


def test_lines_become_headings_items_and_sentences() -> None:
    found = cut_text("# Beer with sea air\nWe brew. We also bake.\n- Gose\n1. Stout\nTrusted by many")
    assert [(each.text, each.level, each.item, each.whole) for each in found] == [
        ("Beer with sea air", 1, False, False),
        ("We brew.", 0, False, True),
        ("We also bake.", 0, False, True),
        ("Gose", 0, True, False),
        ("Stout", 0, True, False),
        ("Trusted by many", 0, False, False),
    ]
    assert [each.block for each in found] == [0, 1, 1, 2, 3, 4]


def test_wrapped_lines_are_joined() -> None:
    text = "The brewery on the coast makes beer with local barley and\nwater from its own well. It is small.\n\nNext"
    assert [each.text for each in cut_text(text)] == [
        "The brewery on the coast makes beer with local barley and water from its own well.",
        "It is small.",
        "Next",
    ]


def test_abbreviations_do_not_end_a_sentence() -> None:
    assert len(cut_text("Dr. Fabre works for St. Anne, e.g. on Mondays. She likes it.")) == 2


def test_chinese_and_japanese_end_at_their_own_stops() -> None:
    assert [each.text for each in cut_text("現在は63名が働いています。2021年に賞を受けました。")] == [
        "現在は63名が働いています。",
        "2021年に賞を受けました。",
    ]


def test_each_sentence_is_there_once() -> None:
    found = cut([Document(text="We brew beer here."), Document(text="We brew beer here. And we bake.")])
    assert [(each.text, each.document) for each in found] == [("We brew beer here.", 0), ("And we bake.", 1)]
