from __future__ import annotations

from lxml.html import document_fromstring

from svc_text.extraction.content import cut, main_text
from svc_text.extraction.page import MAX_TEXT_CHARS

ARTICLE = "".join(
    f"<p>Paragraph {number} of the story tells at some length how the bridge was built, and by whom, and why.</p>"
    for number in range(8)
)
TEASERS = """<div class="teasers"><div><a href="/1">Five things you never knew about the bridges of our town</a>
<p>You will not believe what the third one is about, so read it at once</p></div></div>"""


def text(markup: str, *, is_article: bool = False) -> str:
    body = document_fromstring(f"<html><body>{markup}</body></html>").find("body")
    return main_text(body, [], is_article=is_article)


def test_small_sections_are_all_kept_in_order() -> None:
    markup = "<section><h2>A</h2><p>Short.</p></section><section><h2>B</h2><p>Short too.</p></section>"
    assert text(markup * 2) == "## A\nShort.\n## B\nShort too."


def test_an_article_ends_where_its_prose_ends() -> None:
    found = text(f"<article><h1>The bridge</h1>{ARTICLE}</article>{TEASERS}", is_article=True)
    assert found.startswith("# The bridge\nParagraph 0")
    assert found.endswith("and why.")


def test_what_stands_in_a_footer_only_is_better_than_nothing() -> None:
    assert "Paragraph 3" in text(f"<footer>{ARTICLE}</footer>")


def test_a_text_is_cut_after_a_line() -> None:
    lines = [f"line {number} " + "x" * 900 for number in range(300)]
    found = cut(lines)
    assert len(found) <= MAX_TEXT_CHARS
    assert found.splitlines()[-1] in lines
    assert len(cut(["x" * 2 * MAX_TEXT_CHARS])) == MAX_TEXT_CHARS
