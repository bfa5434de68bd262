from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.scenes.research.profile import (
    FIELDS,
    LISTS,
    MOST_FACTS,
    WORDS,
    ProfileInvalid,
    clipped,
    read_profile,
    schema,
)
from gateway.scenes.research.site import SitePage

HOME, ABOUT = "https://acme.example/", "https://acme.example/about"
PAGES = [
    SitePage(
        HOME, "Acme", "Acme makes kites in Bergen.\nIt has 23 people\n and 5 < 6 boats, see www.acme.example/x now."
    ),
    SitePage(ABOUT, "About", "Acme was founded in 1987 by Ingrid Solberg.", description="We fly since 1987 and more."),
]
GOOD = {"name": "Acme", "one_liner": "Acme makes kites.", "summary": "It does."}


def read(**fields):
    return read_profile(json.dumps(GOOD | fields), PAGES)


def facts(*given) -> list[tuple[str, str]]:
    return [(fact.sentence, fact.page) for fact in read(facts=list(given)).facts]


def fact(sentence, page=HOME, says="It is so.") -> dict:
    return {"fact": says, "sentence": sentence, "page": page}


def test_a_profile_is_read() -> None:
    found = read(products=["Kites"], audience="All", differentiators=["Wind"], tone="calm", facts=[])
    assert (found.name, found.products, found.tone) == ("Acme", ("Kites",), "calm")
    assert found.facts == ()
    assert read().products == ()


@pytest.mark.parametrize("around", ["{}", "```json\n{}\n```", "Here it is: {} Enjoy!", "<think>no</think>{}"])
def test_what_models_put_around_it_is_not_minded(around) -> None:
    assert read_profile(around.replace("{}", json.dumps(GOOD)), PAGES).name == "Acme"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("", "no valid JSON"),
        ("No.", "no valid JSON"),
        ("[]", "no valid JSON"),
        ('{"name": "A"', "no valid JSON"),
        ('{"name": "A"}', "what the company does"),
        ('{"one_liner": 7, "summary": ["x"], "name": "A"}', "what the company does"),
        ('{"one_liner": "https://evil.example"}', "what the company does"),
        ("{" * 5_000 + "}" * 5_000, "no valid JSON"),
        ("[" * 70_000, "no end"),
        ('{"name": "\\ud800", "one_liner": "\\ud800"}', "no valid JSON|what the company does"),
    ],
)
def test_what_is_no_profile(answer, why) -> None:
    with pytest.raises(ProfileInvalid, match=why):
        read_profile(answer, PAGES)


def test_a_company_that_a_model_does_not_name_is_called_as_its_site_says() -> None:
    pages = [SitePage(HOME, "", "", site_name="<b>Acme</b> Kites"), *PAGES]
    assert read_profile(json.dumps(GOOD | {"name": ""}), pages).name == "Acme Kites"
    assert read_profile(json.dumps(GOOD), pages).name == "Acme"


def test_unknown_fields_and_wrong_types_are_left_out() -> None:
    found = read(
        admin=True, products="Kites", differentiators=[1, {"a": 2}, "Wind", "Wind"], tone=None, facts={"fact": 1}
    )
    assert (found.products, found.differentiators, found.tone, found.facts) == ((), ("Wind",), "", ())
    assert not hasattr(found, "admin")


def test_lengths_have_an_end() -> None:
    found = read(
        **dict.fromkeys(WORDS, "word " * 500), **{name: ["x" * 500 + str(n) for n in range(50)] for name in LISTS}
    )
    assert all(len(getattr(found, name)) <= most for name, most in WORDS.items())
    assert all(len(getattr(found, name)) <= most for name, (most, _) in LISTS.items())
    assert found.summary.endswith("word…")


def test_addresses_and_markup_are_taken_out() -> None:
    found = read(
        name="**Acme** <b>",
        summary="See https://evil.example/x?q=secret or acme.example.",
        products=["[a](http://b.example)"],
    )
    assert (found.name, found.summary, found.products) == ("Acme", "See or acme.example.", ("a",))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (fact("Acme makes kites in Bergen."), [("Acme makes kites in Bergen.", HOME)]),
        (fact("Acme  makes\nkites in Bergen."), [("Acme makes kites in Bergen.", HOME)]),
        (fact("Acme makes kites in Bergen.", HOME.rstrip("/")), [("Acme makes kites in Bergen.", HOME)]),
        (fact("Acme makes kites in Bergen.", "https://evil.example"), [("Acme makes kites in Bergen.", HOME)]),
        (
            fact("Acme was founded in 1987 by Ingrid Solberg.", HOME),
            [("Acme was founded in 1987 by Ingrid Solberg.", ABOUT)],
        ),
        (fact("We fly since 1987 and more.", ABOUT), [("We fly since 1987 and more.", ABOUT)]),
        (fact("Acme makes kites in Oslo."), []),
        (fact("Acme"), []),
        (fact("It has 23 people and 5 < 6 boats, see www.acme.example/x now."), []),
        (fact("23 people and 5 < 6 boats"), []),
        (fact("Acme makes kites in Bergen.", says="https://evil.example"), []),
        ({"fact": "x", "sentence": ["Acme makes kites in Bergen."], "page": HOME}, []),
        ({"sentence": "Acme makes kites in Bergen.", "page": HOME}, []),
        ("Acme makes kites in Bergen.", []),
    ],
)
def test_a_fact_stands_on_a_page_letter_by_letter(given, kept) -> None:
    assert facts(given) == kept


def test_a_sentence_is_one_fact_and_there_are_not_too_many() -> None:
    assert len(facts(fact("Acme makes kites in Bergen."), fact("Acme makes kites in Bergen.", says="Again."))) == 1
    pages = [SitePage(HOME, "", " ".join(f"Number {n} is a number." for n in range(50)))]
    given = [fact(f"Number {n} is a number.") for n in range(50)]
    assert len(read_profile(json.dumps(GOOD | {"facts": given}), pages).facts) == MOST_FACTS


NAMES = st.sampled_from([*FIELDS, "fact", "sentence", "page", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*FIELDS, "x"]), JSON))
def test_whatever_json_comes_the_profile_is_one(given) -> None:
    try:
        found = read_profile(json.dumps(given), PAGES)
    except ProfileInvalid:
        return
    assert all(isinstance(getattr(found, name), str) for name in WORDS)
    assert all(isinstance(each, str) for name in LISTS for each in getattr(found, name))
    assert {fact.page for fact in found.facts} <= {HOME, ABOUT}


def test_the_schema_names_every_field_and_the_pages() -> None:
    made = schema([HOME, ABOUT])
    assert (tuple(made["properties"]), made["required"], made["additionalProperties"]) == (FIELDS, list(FIELDS), False)
    assert made["properties"]["facts"]["items"]["properties"]["page"]["enum"] == [HOME, ABOUT]


@pytest.mark.parametrize(
    ("text", "left"),
    [("short", "short"), ("one two three", "one two…"), ("onetwothree", "onetwothr…"), ("a, bc, def, x", "a, bc…")],
)
def test_clipping_ends_with_a_word(text, left) -> None:
    assert clipped(text, 10) == left
