from __future__ import annotations

from lxml.html import document_fromstring

from svc_text.extraction import blocks


def lines(markup: str) -> list[str]:
    return list(blocks.lines(document_fromstring(f"<html><body>{markup}</body></html>").find("body")))


def test_headings_items_and_paragraphs_are_lines() -> None:
    markup = "<h2>Our <em>beers</em></h2>Loose<p>One<br>two</p><ul><li>Gose<li><div>Stout</div> dark</ul><div>End</div>"
    assert lines(markup) == ["## Our beers", "Loose", "One two", "- Gose", "- Stout", "- dark", "End"]


def test_menus_of_links_are_left_out_but_headings_and_prose_that_link_stay() -> None:
    menu = '<ul><li><a href="/a">Products</a></li><li><a href="/b">About us</a></li></ul>'
    card = '<h3><a href="/p">Alder Daypack</a></h3>'
    teaser = "A whole paragraph that is one link, as on the teasers of some sites it is."
    assert lines(f'{menu}{card}<p><a href="/x">{teaser}</a></p>') == ["### Alder Daypack", teaser]


def test_lines_without_a_letter_or_digit_are_none() -> None:
    assert lines("<p>***</p><p>|</p><p>ok</p>") == ["ok"]


def test_deep_pages_are_walked_without_recursion() -> None:
    body = document_fromstring("<html><body><p>top</p></body></html>").find("body")
    inner = body
    for _ in range(5_000):
        inner.append(body.makeelement("div"))
        inner = inner[-1]
    inner.text = "bottom"
    assert list(blocks.lines(body)) == ["top", "bottom"]
