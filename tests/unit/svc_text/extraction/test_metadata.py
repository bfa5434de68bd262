from __future__ import annotations

import pytest
from lxml.html import document_fromstring

from svc_text.extraction.metadata import Head, head


def told(inside: str, lang: str = "", body: str = "<p>Words</p>") -> Head:
    return head(document_fromstring(f"<html{lang}><head>{inside}</head><body>{body}</body></html>"))


def test_a_head_is_read() -> None:
    said = told(
        '<title> Start |\n Acme </title><meta name="Description" content="Acme builds pumps.">'
        '<meta property="og:site_name" content="Acme"><meta name="author" content="Ann Other">'
        '<meta property="article:published_time" content="2024-05-06T07:08:09Z">',
        ' lang="de-AT"',
    )
    assert said == Head("Start | Acme", "de", "Acme builds pumps.", "Acme", "Ann Other", "2024-05-06")


@pytest.mark.parametrize(
    "data",
    [
        '{"@type": "Organization", "name": "Acme"}',
        '{"@graph": [{"@type": "WebPage", "name": "x"}, {"@type": ["Thing", "LocalBusiness"], "name": "Acme"}]}',
        '[{"@type": "Article", "publisher": {"@type": "Organization", "name": "Acme"}}]',
    ],
)
def test_the_sites_name_may_stand_in_structured_data(data: str) -> None:
    assert told(f'<script type="application/ld+json">{data}</script>').site_name == "Acme"


@pytest.mark.parametrize("data", ["{", "[" * 50_000, '{"@type": "Organization", "name": {"a": 1}}', "null", '"x"'])
def test_broken_structured_data_is_nothing(data: str) -> None:
    assert told(f'<script type="application/ld+json">{data}</script>').site_name == ""


def test_a_heading_is_the_title_where_there_is_none() -> None:
    assert told("", body="<h1>Pumps for all</h1>").title == "Pumps for all"


def test_an_address_is_no_author() -> None:
    assert told('<meta name="author" content="https://acme.test/">').author == ""


def test_a_page_may_call_itself_an_article() -> None:
    assert told('<meta property="og:type" content="article">').is_article
    assert told('<script type="application/ld+json">{"@type": "BlogPosting", "headline": "h"}</script>').is_article
    assert not told('<meta property="og:type" content="website">').is_article
