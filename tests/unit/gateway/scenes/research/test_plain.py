from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.scenes.research.addresses import without_links
from gateway.scenes.research.plain import has_address, plain

OWN = frozenset({"acme.com"})


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Acme makes  kites,\nsince 1987.", "Acme makes kites, since 1987."),
        ("**Bold**, *slanted*, `code` and # heading", "Bold, slanted, code and heading"),
        ("see [our page](https://evil.example/x?d=1) now", "see our page now"),
        ("![secret](https://evil.example/p.png) kites", "secret kites"),
        ("a [link][1] and [2]: https://evil.example", "a link and [2]:"),
        ("<script>alert(1)</script>kites <img src=x onerror=alert(1)", "alert(1) kites"),
        ("<!-- hidden --> kites <!-- open", "kites"),
        ("&lt;b&gt;kites&lt;/b&gt; &amp;lt;i&amp;gt;", "kites"),
        ("<<b>script>x", "‹ script›x"),
        ("5 < 6 and 7 > 6", "5 ‹ 6 and 7 › 6"),
        ("k\u200bi\u00adt\U000e0061e\ufe0fs\x00!", "kites!"),
        ("go to https://evil.example.", "go to."),
        ("HTTP : // evil.example/x and ht<b>tp://evil.example", "and ht"),
        ("//evil.example/x www.evil.example evil.example/x evil.example:80", ""),
        ("javascript:alert(1) data:text/html;base64,AA mailto:a@b.example", ""),
        ("write to me@evil.example or a.b@c.evil.example!", "write to or!"),
        ("secret.evil.example and 10.0.0.1/admin and 1.2.3.4:80", "and and"),
        ("evil\u3002example/x evil．example", "evil"),
        ("half/an?address=1 61/s?LEAK", ""),
        ("visit acme.com or www.acme.com, not acme.com/x", "visit acme.com or www.acme.com, not"),
        ("Booking.com and Evil.example", "Booking and Evil"),
            ("公司。产品很好。", "公司。产品很好。"),
        ("می‌خواهم", "می‌خواهم"),
        ("> quoted", "quoted"),
        ("Note: C#, a_b, #1, ~20 %, 5 € // Stück", "Note: C#, a_b, #1, ~20 %, 5 € // Stück"),
        ("访问https://evil.example/x获取风筝", "访问获取风筝"),
    ],
)  # fmt: skip
def test_words_are_kept_and_the_rest_is_not(written, said) -> None:
    assert plain(written, OWN) == said


ADDRESS = re.compile(r"\w://|//\w|\bwww\.\w|javascript:\w|\w@\w+\.\w|evil\.example(?![\w-])|[<>]|!\[|\]\(")
PARTS = st.sampled_from(
    ["http", ":", "//", "/", ".", "evil", ".example", "www.", "@", "?", "=", "[", "]", "(", ")", "!", "<", ">",
     "b", "&lt;", "&gt;", "&amp;", "&#47;", "&colon;", "\u200b", "\u3002", " ", "javascript:", "*", "`",
     "script", "-", "\n", "7"]
)  # fmt: skip


@example(":.evil.example")
@example("-.evil.example")
@example("//.evil.example")
@example("b/.evil.example")
@example("www..evil.example")
@example(".www.http")
@example("www..www.http")
@given(st.lists(PARTS, max_size=24).map("".join))
def test_what_is_left_holds_no_address_and_no_markup_and_stays_so(written) -> None:
    said = plain(written)
    assert not ADDRESS.search(said)
    assert plain(said) == said


@given(st.text(max_size=200))
def test_any_text_has_an_end(written) -> None:
    assert plain(plain(written)) == plain(written)


def test_hostile_words_take_no_time() -> None:
    hostile = (
        "a",
        "a-",
        "a.",
        "a@",
        "a/",
        "://",
        "[",
        "![",
        "[x](",
        "<",
        "&lt;",
        "*_",
        "?a",
        "a:",
        "1.1.1.1",
        "&amp;",
        "-.",
    )
    started = time.monotonic()
    for piece in hostile:
        plain(piece * (24_000 // len(piece)))
        without_links(piece * (24_000 // len(piece)))
    assert time.monotonic() - started < 10


def test_documents_lose_what_leads_anywhere_and_nothing_else() -> None:
    text = "Booking.com sells kites.\n\tSee https://evil.example/x?d=1 or acme.com.\n<p>5 < 6</p> **bold**"
    assert without_links(text, OWN) == "Booking.com sells kites.\n\tSee  or acme.com.\n<p>5 < 6</p> **bold**"


@pytest.mark.parametrize(("text", "has"), [("kites for you", False), ("see evil.example", True), ("a https://x", True)])
def test_an_address_is_seen(text, has) -> None:
    assert has_address(text) is has
