"""The engine on the pages of twelve companies: what it says, how it goes on, and that it never invents."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest

from svc_text.engine import Chat, Delta, ResponseFormat, Sampling, Turn
from svc_text.engines.extractive import ExtractiveEngine
from svc_text.engines.extractive.words import TOKEN, spoken
from svc_text.extraction.page import PageSource
from svc_text.extraction.reading import read
from troupe.wire.documents import Document
from troupe.wire.errors import EmptyText, NotSupported
from troupe.wire.progress import Progress

COMPANIES = Path(__file__).parents[4] / "fakes" / "companies"
NAMES = sorted(path.stem for path in COMPANIES.glob("*.html"))
PROFILE = ResponseFormat("json_schema", "company_profile")
PARENTHESIS = re.compile(r"\s*\([^()]*\)")
PARTS = re.compile(r"[:：;、,]\s*|[.。]$")

EXPECTED = {  # name, a product, a word of the audience, a word of a fact
    "bakery_de": ("Bäckerei Hollerbusch", "Laugenbrezel", "", "36 Stunden"),
    "brewery_en": ("Saltmarsh Brewing Co.", "Wherry Pale Ale", "46 pubs", "2009"),
    "furniture_it": ("Officina Cordara", "Tavoli Alba", "architetti", "1954"),
    "lawfirm_en": ("Quillan Marsh", "Employment law", "farms in the Dales", "1987"),
    "olive_es": ("Aceites Sierra Verdial S.L.", "Arbequina Suave", "restaurantes", "1911"),
    "outdoor_en": ("Fernweh Packs", "Alder 28 Daypack", "walk to work", "23,000"),
    "pumps_de": ("Brunnhuber Pumpenbau GmbH", "Baureihe KA", "Stadtwerke", "1962"),
    "rail_fr": ("Voltarail", "Capteur VR-2", "exploitants de fret", "2019"),
    "robots_ja": ("株式会社みどり精機", "運搬ロボット「カルガモ」", "お客様", "2021年"),
    "software_en": ("Tidewater", "Shift Swap", "140 hospitals", "2016"),
    "tea_zh": ("云栖山茶业有限公司", "炭焙乌龙", "茶馆", "1996年"),
    "winery_fr": ("Domaine des Trois Cigales", "Les Restanques", "cavistes", "1978"),
}


@cache
def company(name: str) -> Document:
    url = f"https://www.{name}.test/"
    page = read(PageSource((COMPANIES / f"{name}.html").read_bytes(), url, "text/html"))
    return Document(url, page.title, page.text)


async def deltas(*documents: Document, response: ResponseFormat | None = None, **more: object) -> list[Delta]:
    turns = more.pop("turns", (Turn("user", "Tell me about it."),))
    chat = Chat(turns, documents=documents, response=response or ResponseFormat(), **more)
    return [delta async for delta in ExtractiveEngine().chat(chat, Progress())]


async def answer(*documents: Document, **more: object) -> str:
    return "".join(delta.text for delta in await deltas(*documents, **more))


@pytest.mark.parametrize("name", NAMES)
async def test_a_profile_holds_what_the_page_says(name: str) -> None:
    profile = json.loads(await answer(company(name), response=PROFILE))
    who, product, audience, fact = EXPECTED[name]
    assert profile["name"].startswith(who)
    assert any(product in each for each in profile["products"])
    assert audience in profile["audience"]
    assert any(fact in each["fact"] for each in profile["facts"])
    assert len(profile["one_liner"]) > 15
    assert profile["differentiators"]


@pytest.mark.parametrize("name", NAMES)
async def test_nothing_in_a_profile_is_invented(name: str) -> None:
    document = company(name)
    profile = json.loads(await answer(document, response=PROFILE))
    lines = document.text.splitlines()
    told = f"{document.title}\n{document.text}"
    assert list(profile) == [
        "name", "one_liner", "summary", "products", "audience", "differentiators", "tone", "facts"
    ]  # fmt: skip
    for text in (profile["name"], profile["one_liner"], profile["audience"], *profile["products"]):
        assert text in told
    assert all(any(text in line for line in lines) for text in profile["differentiators"])
    for each in profile["facts"]:
        assert each["page"] == document.url
        assert any(each["sentence"] in line for line in lines)
        assert each["fact"] in each["sentence"]
    assert profile["tone"] in {"", "technical", "friendly", "formal"}
    assert not re.sub("|".join(map(re.escape, sentences(document))), "", profile["summary"]).strip()


@pytest.mark.parametrize("name", NAMES)
async def test_a_script_is_thirty_to_sixty_seconds_of_the_pages_own_words(name: str) -> None:
    document = company(name)
    said = await deltas(document)
    text = "".join(delta.text for delta in said)
    assert 70 <= spoken(text) <= 150
    assert all(delta.text.rstrip()[-1] in ".!。！" for delta in said[:-1])
    assert EXPECTED[name][0].split()[0][:8] in text or "Sierra" in text
    plain = PARENTHESIS.sub("", document.text)
    for delta in said[:-1]:
        whole = delta.text.strip()
        assert whole in plain or all(part in plain for part in PARTS.split(whole) if part)


def sentences(document: Document) -> list[str]:
    """Every sentence of a page, longest first."""
    found = re.findall(
        r"[^.!?。！？\n]+(?:(?<=\d)\.(?=\d)[^.!?。！？\n]+|(?<=Co)\.(?= )[^.!?。！？\n]+)*[.!?。！？]?", document.text
    )
    return sorted((each.strip() for each in found if each.strip()), key=len, reverse=True)


async def test_a_broken_answer_goes_on_exactly_where_it_ended() -> None:
    document = company("pumps_de")
    for response in (ResponseFormat(), PROFILE):
        whole = await answer(document, response=response)
        for cut in (1, 20, len(whole) // 2, len(whole) - 1, len(whole)):
            turns = (Turn("user", "x"), Turn("assistant", whole[:cut]))
            rest = await answer(document, response=response, turns=turns, continue_final=True)
            assert whole[:cut] + rest == whole


async def test_what_another_engine_began_is_continued_with_what_it_has_not_said() -> None:
    document = company("brewery_en")
    first = (await deltas(document))[0].text
    turns = (Turn("user", "x"), Turn("assistant", f"Meet a brewery. {first}"))
    rest = await answer(document, turns=turns, continue_final=True)
    assert rest.startswith(" We make just 900 litres")
    assert first not in rest
    with pytest.raises(NotSupported, match="cannot go on with JSON"):
        await answer(document, turns=turns, continue_final=True, response=PROFILE)


async def test_an_answer_ends_at_a_stop_string_or_after_so_many_tokens() -> None:
    document = company("brewery_en")
    whole = await answer(document)
    assert await answer(document, sampling=Sampling(stop=("900 litres",))) == whole.partition("900 litres")[0]
    said = await deltas(document, sampling=Sampling(max_tokens=7))
    assert "".join(delta.text for delta in said) == "".join(TOKEN.findall(whole)[:7])
    assert (said[-1].finish, said[-1].completion_tokens) == ("length", 7)


async def test_the_last_delta_counts() -> None:
    document = company("tea_zh")
    said = await deltas(document)
    assert said[-1].finish == "stop"
    assert said[-1].completion_tokens == sum(delta.tokens for delta in said) > 100
    assert said[-1].prompt_tokens > 200


async def test_the_same_documents_give_the_same_answer() -> None:
    documents = [company(name) for name in ("lawfirm_en", "brewery_en")]
    assert await answer(*documents) == await answer(*documents)


async def test_documents_of_several_pages_name_theirs() -> None:
    home = Document("https://kites.test/", "Kites for every wind", "# Kites\nNorthwind builds kites in Bergen.")
    about = Document(
        "https://kites.test/about",
        "About | Northwind",
        "# About\nNorthwind was founded in 1987 by a sail maker. Today 23 people work in the workshop.",
    )
    goods = Document(
        "https://kites.test/p", "Products | Northwind", "# Products\n## Storm Delta\n## Fjord Box\n## Contact"
    )
    profile = json.loads(await answer(home, about, goods, response=PROFILE))
    assert profile["name"] == "Northwind"
    assert profile["products"] == ["Storm Delta", "Fjord Box"]
    assert {each["page"] for each in profile["facts"]} == {"https://kites.test/about"}


@pytest.mark.parametrize(
    ("documents", "says"),
    [
        ((Document("u", "t", ""),), "hold no text"),
        (
            (Document("u", "t", "Menu\nHome\nWe use cookies to make this site better for you and us.\n€ 12.00"),),
            "menus",
        ),
        ((Document("u", "t", "word " * 500),), "read aloud"),
    ],
)
async def test_without_enough_text_it_says_what_is_missing(documents: tuple[Document, ...], says: str) -> None:
    with pytest.raises(EmptyText, match=says):
        await answer(*documents)


async def test_images_are_refused() -> None:
    with pytest.raises(NotSupported, match="without its image"):
        await answer(company("tea_zh"), turns=(Turn("user", "x", has_image=True),))


async def test_words_are_its_tokens() -> None:
    chat = Chat((Turn("user", "one two"),), documents=(Document(text="three 四五"),))
    assert await ExtractiveEngine().count(chat) == 5


async def test_without_documents_it_says_who_to_ask() -> None:
    with pytest.raises(NotSupported, match="about documents only"):
        await answer()


def test_what_it_says_of_itself() -> None:
    facts = ExtractiveEngine().facts
    assert {"documents", "documents_only", "json_schema:company_profile", "continue"} <= set(facts.features)
    assert set(facts.tasks) == {"chat", "count_tokens", "extract"}
    assert (facts.licence, facts.device, facts.commercial_use) == ("Apache-2.0", "cpu", True)
