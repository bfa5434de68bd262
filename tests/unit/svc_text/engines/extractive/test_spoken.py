from __future__ import annotations

from svc_text.engines.extractive.material import material
from svc_text.engines.extractive.spoken import aloud, joined, script
from troupe.wire.documents import Document


def said(text: str, name: str = "Acme") -> list[str]:
    return script(material([Document("", "", text)]), name)


def test_it_begins_with_who_it_is() -> None:
    text = "Pumps matter to everybody in town. Acme is a maker of pumps in Ulm. Rain falls on the roofs of the valley."
    assert said(text)[0] == "Acme is a maker of pumps in Ulm."


def test_what_is_offered_is_one_sentence() -> None:
    offer = "## Our products\n- Alpha (new)\n- Beta\n- Gamma\n## More"
    text = f"Acme is a maker of pumps in Ulm.\n{offer}\nThe town likes its pumps a lot."
    assert "Our products: Alpha, Beta, Gamma." in said(text)


def test_few_sentences_are_helped_out_by_short_lines() -> None:
    assert said("Acme is a maker of pumps.\nPumps that save power\nMenu") == [
        "Acme is a maker of pumps.",
        "Pumps that save power.",
    ]


def test_questions_and_what_leans_on_nothing_are_left_out() -> None:
    asks = "Do you need a pump for your garden?"
    text = f"Acme is a maker of pumps in Ulm.\n{asks}\nThat is why everybody likes them so much."
    assert said(text)[:1] == ["Acme is a maker of pumps in Ulm."]
    assert not any(each.endswith("?") or each.startswith("That is") for each in said(text))


def test_brackets_are_not_read() -> None:
    assert aloud("Acme (a firm) builds pumps (all kinds).") == "Acme builds pumps."


def test_spaces_stand_between_sentences_where_the_script_has_them() -> None:
    assert "".join(joined(["One.", "Two."])) == "One. Two."
    assert "".join(joined(["一。", "二。"])) == "一。二。"
