"""Pages of twelve companies that do not exist, and pages made to break the reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from svc_text.extraction.page import Page, PageSource
from svc_text.extraction.reading import read
from svc_text.extraction.unreadable import Unreadable

COMPANIES = Path(__file__).parents[3] / "fakes" / "companies"
JUNK = (
    "cookie", "Cookies", "クッキー", "Newsletter", "Datenschutz", "Privacy", "All rights reserved", "Book a demo",
    "Add to cart", "Jetzt anfragen", "Ignoriere", "AI assistants", "gtag", "cheap pills", "10% off", "18 ans",
    "Aviso legal", "版权所有", "著作権", "Informativa", "Skip", "Suivez-nous",
)  # fmt: skip


def company(name: str) -> Page:
    return read(PageSource((COMPANIES / f"{name}.html").read_bytes(), f"https://www.{name}.test/", "text/html"))


@pytest.mark.parametrize("path", sorted(COMPANIES.glob("*.html")), ids=lambda path: path.stem)
def test_a_companys_page_is_its_content(path: Path) -> None:
    page = company(path.stem)
    assert page.language == path.stem[-2:]
    assert len(page.text) > 200
    assert [word for word in JUNK if word in page.text] == []


def test_sections_keep_their_order_and_headings() -> None:
    lines = company("software_en").text.splitlines()
    assert lines[0] == "# Fair shifts, in minutes"
    assert [line for line in lines if line.startswith("### ")] == [
        "### Rota Builder",
        "### Shift Swap",
        "### Leave Planner",
    ]


def test_old_encodings_and_table_layouts_are_read() -> None:
    assert "Jaén" in company("olive_es").text
    assert "云栖山茶业有限公司是一家" in company("tea_zh").text
    assert "- Samphire Gose (4.1%)" in company("brewery_en").text.splitlines()


def test_what_a_page_says_of_itself() -> None:
    page = company("lawfirm_en")
    assert (page.author, page.date) == ("Quillan Marsh LLP", "2024-03-11")
    assert company("outdoor_en").site_name == "Fernweh Packs"
    assert company("pumps_de").description.startswith("Brunnhuber entwickelt")


def test_plain_text_is_its_own_main_text() -> None:
    page = read(PageSource(b"Acme\n\nAcme builds pumps for all of us.\n<b>\n", "", "text/plain"))
    assert page == Page("Acme", "Acme\nAcme builds pumps for all of us.\n<b>", "en")


@pytest.mark.parametrize(
    "markup",
    [
        "<div>" * 50_000 + "x" + "</div>" * 50_000,
        "<p>" + "<b><i>" * 60_000,
        "<table><tr><td>" * 20_000 + "x",
        "<div " + " ".join(f'a{number}="1"' for number in range(5_000)) + ">x</div>",
        '<a href="/x?1">l</a>' * 30_000,
        "<" * 300_000,
        "&amp" * 200_000,
        "<!--" + "-" * 500_000,
        "<form><select><option>" * 20_000,
    ],
    ids=["deep", "inline", "unclosed", "attributes", "links", "brackets", "entities", "comment", "forms"],
)
def test_hostile_markup_ends(markup: str) -> None:
    read(PageSource(f"<html><body>{markup}</body></html>".encode(), "https://acme.test/", "text/html"))


def test_entities_of_a_pages_own_are_not_expanded() -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    bomb = (
        f'<!DOCTYPE html [<!ENTITY a0 "lol">{entities}]><html><body><p>&a11; These words follow it.</p></body></html>'
    )
    assert read(PageSource(bomb.encode(), "", "text/html")).text == "&a11; These words follow it."


def test_xml_that_is_no_page_is_refused() -> None:
    with pytest.raises(Unreadable, match="XML"):
        read(PageSource(b'<?xml version="1.0"?><rss><channel/></rss>', "", "text/xml"))


def test_a_page_made_by_scripts_alone_has_no_text() -> None:
    page = read(PageSource(b"<html><title>App</title><body><div id=root></div><script>x</script></body></html>"))
    assert (page.title, page.text) == ("App", "")
