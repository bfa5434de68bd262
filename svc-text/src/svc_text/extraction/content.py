"""The main text of a page.

trafilatura finds it where a page is an article; the pages of companies are often many small sections, of which it keeps
a few. So all visible blocks are read too, and where it kept too little of them they are the main text.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterable

import trafilatura
from lxml.html import HtmlElement

from svc_text.extraction import blocks
from svc_text.extraction.cleaning import line
from svc_text.extraction.page import MAX_TEXT_CHARS

ENOUGH = 0.7  # share of the visible characters that the article must hold to be the main text
MAX_ELEMENTS = 20_000  # above it only the blocks are read: finding an article would take too long

log = logging.getLogger(__name__)


def main_text(body: HtmlElement) -> str:
    """One block a line; `body` has been stripped of what is not content."""
    seen = _once(blocks.lines(body))
    article = _article(body) if sum(1 for _ in body.iter()) <= MAX_ELEMENTS else []
    chosen = article if sum(map(len, article)) >= ENOUGH * sum(map(len, seen)) else seen
    return cut(chosen)


def _article(body: HtmlElement) -> list[str]:
    page = copy.deepcopy(body)
    try:
        found = trafilatura.extract(page, include_comments=False, include_tables=True, favor_recall=True)
    except (ValueError, TypeError, AttributeError, IndexError, RecursionError, AssertionError) as error:
        log.info("no article found: %s", type(error).__name__)  # a hostile tree; the blocks are there all the same
        return []
    return _once(map(line, (found or "").splitlines()))


def _once(lines: Iterable[str]) -> list[str]:
    """Without empty lines and repeats: sliders and menus for phones say things twice."""
    return list(dict.fromkeys(each for each in lines if each))


def cut(lines: Iterable[str]) -> str:
    """The lines as one text, as many as there may be."""
    kept, left = [], MAX_TEXT_CHARS
    for each in lines:
        if len(each) >= left:
            if not kept:
                kept.append(line(each, MAX_TEXT_CHARS))
            break
        kept.append(each)
        left -= len(each) + 1
    return "\n".join(kept)
