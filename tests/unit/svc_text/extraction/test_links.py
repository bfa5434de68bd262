from __future__ import annotations

from lxml.html import document_fromstring

from svc_text.extraction.links import links
from svc_text.extraction.page import MAX_LINKS

URL = "https://www.acme.test/de/start.html"


def found(*hrefs: str, url: str = URL, head: str = "") -> tuple[str, ...]:
    anchors = "".join(f'<a href="{href}">x</a>' for href in hrefs)
    return links(document_fromstring(f"<html><head>{head}</head><body>{anchors}</body></html>"), url)


def test_links_are_absolute_and_those_of_the_site_come_first() -> None:
    hrefs = ("https://other.test/", "/about#team", "produkte", "//acme.test/x", "/about", "start.html#top")
    assert found(*hrefs) == (
        "https://www.acme.test/about",
        "https://www.acme.test/de/produkte",
        "https://acme.test/x",
        "https://other.test/",
    )


def test_what_is_no_page_of_the_web_is_left_out() -> None:
    bad = ("mailto:a@b.c", "javascript:alert(1)", "data:text/html,x", "ftp://acme.test/", "#a", "", "/a.pdf", "/b.JPG")
    assert found(*bad, "http://user:word@acme.test/", "http://[::1", "http://acme.test:99999999/", "/ok") == (
        "https://www.acme.test/ok",
    )


def test_a_base_counts() -> None:
    assert found("x", head='<base href="/shop/">') == ("https://www.acme.test/shop/x",)
    assert found("x", head='<base href="javascript:1">') == ("https://www.acme.test/de/x",)


def test_without_an_address_only_absolute_links_are_told() -> None:
    assert found("/a", "https://b.test/c", url="") == ("https://b.test/c",)


def test_there_are_at_most_so_many() -> None:
    assert len(found(*(f"/{number}" for number in range(5 * MAX_LINKS)))) == MAX_LINKS
