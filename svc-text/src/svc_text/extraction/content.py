"""The main text of a page.

All visible blocks are the text: the pages of companies are many small sections, of which finders of articles keep a
few. Where a page says that it is an article, what stands around it (teasers, boxes) goes by trafilatura's judgement;
and where nothing is left of a page, what trafilatura finds is taken.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Sequence

import trafilatura
from lxml.html import HtmlElement

from svc_text.extraction import blocks, visible
from svc_text.extraction.cleaning import line
from svc_text.extraction.page import MAX_TEXT_CHARS

ENOUGH = 0.5  # share of an article page's prose that trafilatura must keep for its judgement to count
PROSE_WORDS = 10  # a shorter line says nothing about what is an article
LEAST_CHARS = 80  # with less, stripping went too far
MAX_ELEMENTS, MAX_DEPTH = 20_000, 250  # above them no article is looked for: it would take too long
ATTRIBUTES = ("class", "id", "role", "itemprop", "href", "lang")
MAX_ATTRIBUTE_CHARS = 200
_WORD = re.compile(r"\w+")
_MARKS = re.compile(r"^(?:#{1,6} |- )")


def main_text(body: HtmlElement, styles: Sequence[str], *, is_article: bool) -> str:
    """One block a line. Changes the tree."""
    whole = copy.deepcopy(body) if _is_of_usual_size(body) else None
    visible.strip(body, styles)
    seen = _once(blocks.lines(body))
    if whole is None:
        return cut(seen)
    if sum(map(len, seen)) < LEAST_CHARS:
        visible.strip_hidden(whole, styles)
        return cut(max(_article(whole), seen, key=lambda lines: sum(map(len, lines))))
    return cut(_judged(seen, _article(body)) if is_article else seen)


def _is_of_usual_size(body: HtmlElement) -> bool:
    count = depth = 0
    for starts, _ in blocks.walk(body):
        count += starts
        depth += 1 if starts else -1
        if count > MAX_ELEMENTS or depth > MAX_DEPTH:
            return False
    return True


def _article(body: HtmlElement) -> list[str]:
    page = copy.deepcopy(body)
    _plainer(page)
    try:
        found = trafilatura.extract(page, include_comments=False, include_tables=True, favor_recall=True)
    except (ValueError, TypeError, AttributeError, IndexError, RecursionError, AssertionError):
        return []  # a hostile tree; the blocks are there all the same
    return _once(map(line, (found or "").splitlines()))


def _plainer(page: HtmlElement) -> None:
    """Only the attributes that tell what an element is, and not all of a long one: hostile ones take minutes."""
    for element in page.iter():
        kept = {name: value[:MAX_ATTRIBUTE_CHARS] for name in ATTRIBUTES if (value := element.get(name))}
        element.attrib.clear()
        element.attrib.update(kept)


def _judged(seen: Sequence[str], article: Sequence[str]) -> list[str]:
    """The lines without the prose that is no part of the article, and without what follows such prose only."""
    kept = frozenset(_key(text) for text in article)
    prose = [text for text in seen if _is_prose(text)]
    inside = [text for text in prose if _key(text) in kept]
    if sum(map(len, inside)) < ENOUGH * sum(map(len, prose)):
        return list(seen)
    first, last = seen.index(inside[0]), seen.index(inside[-1])
    dropped = frozenset(prose) - frozenset(inside)
    return [text for text in seen[max(0, first - 2) : last + 1] if text not in dropped]


def _is_prose(text: str) -> bool:
    return len(text.split()) >= PROSE_WORDS


def _key(text: str) -> str:
    return "".join(_WORD.findall(_MARKS.sub("", text)))


def _once(lines: Iterable[str]) -> list[str]:
    """Without empty lines and repeats: sliders and menus for phones say things twice."""
    return list(dict.fromkeys(each for each in lines if each))


def cut(lines: Iterable[str]) -> str:
    """The lines as one text, as many as there may be."""
    kept: list[str] = []
    left = MAX_TEXT_CHARS
    for each in lines:
        if len(each) >= left:
            if not kept:
                kept.append(line(each, MAX_TEXT_CHARS))
            break
        kept.append(each)
        left -= len(each) + 1
    return "\n".join(kept)
