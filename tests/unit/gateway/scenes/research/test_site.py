from __future__ import annotations

import pytest

from gateway.scenes.research.site import MOST_PAGES, Site, SitePage, further_pages, own_hosts, shortened

HOME = "https://www.acme.example/"


def chosen(*paths: str, home: str = HOME, allowed=lambda _url: True) -> list[str]:
    links = [path if "//" in path else f"https://www.acme.example{path}" for path in paths]
    return [url.removeprefix("https://www.acme.example") for url in further_pages(home, links, allowed)]


def test_pages_that_say_who_and_what_come_first_one_of_each_kind() -> None:
    paths = ("/sustainability", "/team", "/products/kite", "/products", "/customers", "/about-us", "/services")
    assert chosen(*paths) == ["/about-us", "/products", "/customers", "/team"]


@pytest.mark.parametrize(
    ("path", "home"),
    [("/ueber-uns", HOME), ("/fr/qui-sommes-nous.html", HOME + "fr/"), ("/empresa", HOME), ("/gongsi/jianjie", HOME)],
)
def test_other_languages_have_such_pages_too(path, home) -> None:
    assert chosen("/xyz", path, home=home)[0] == path


@pytest.mark.parametrize(
    "path",
    [
        "/login", "/cart", "/privacy-policy", "/agb", "/impressum.html", "/about.pdf", "/about/logo.png", "/about?x=1",
        "/de/about", "/a/b/c/about", "/blog/about", "", "/", "https://other.example/about", "ftp://www.acme.example/about",
        "http://www.acme.example:8080/about", "https://evil.www.acme.example/about", "javascript:about", "https://[/about",
        "/jobs/about-us", "//other.example/about",
    ],
)  # fmt: skip
def test_what_is_not_read(path) -> None:
    assert chosen(path) == []


def test_a_page_is_read_once_and_with_or_without_www() -> None:
    paths = ("/about", "/about/", "/about#team", "https://acme.example/about-us", HOME, HOME + "#x")
    assert chosen(*paths) == ["/about", "https://acme.example/about-us"]


def test_few_pages_are_read_and_only_those_that_are_allowed() -> None:
    assert len(chosen(*(f"/product-{number}" for number in range(3_000)))) == MOST_PAGES - 1
    assert chosen("/about", "/products", allowed=lambda url: "about" not in url) == ["/products"]


@pytest.mark.parametrize(
    ("text", "units", "left"),
    [
        ("short", 10, "short"),
        ("one two three", 9, "one two"),
        ("onetwothree", 6, "onetwo"),
        ("一二三四五", 9, "一二三"),
        ("", 5, ""),
    ],
)
def test_a_text_is_shortened_to_whole_words(text, units, left) -> None:
    assert shortened(text, units)[0] == left


def test_documents_share_the_room() -> None:
    pages = [SitePage(f"{HOME}{n}", f"Page {n}", "word " * 4_000, language="de" if n == 1 else "") for n in range(5)]
    site = Site(pages)
    documents = site.documents()
    assert [document.url for document in documents][:2] == [HOME + "0", HOME + "1"]
    assert 10_000 < sum(len(document.text) for document in documents) <= 12_000
    assert sum(len(document.text) for document in site.documents(3_000)) <= 5_000
    assert site.language == "de"


def test_a_description_is_told_once_and_addresses_are_not() -> None:
    site = Site([SitePage(HOME, "A", "Kites. See https://evil.example/x and acme.example.", description="We fly.")])
    (document,) = site.documents()
    assert document.text == "We fly.\n\nKites. See  and acme.example."
    assert own_hosts([HOME]) == {"acme.example"}
    (document,) = Site([SitePage(HOME, "A", "We fly. Kites.", description="We fly.")]).documents()
    assert document.text == "We fly. Kites."
