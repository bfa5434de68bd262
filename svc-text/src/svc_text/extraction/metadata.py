"""What a page says about itself in its head: title, site, description, author, date, language.

Read by hand from the few places where pages say it; the date is htmldate's, by way of trafilatura.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from htmldate import find_date
from lxml.html import HtmlElement

from svc_text.extraction.cleaning import line
from svc_text.extraction.page import MAX_DESCRIPTION_CHARS, MAX_LINE_CHARS

MAX_JSON_CHARS = 200_000
MAX_NODES = 2_000  # of structured data looked at
ARTICLES = ("Article", "NewsArticle", "BlogPosting")
ORGANISATIONS = ("Organization", "Corporation", "LocalBusiness", "NGO", "Brand", "Store", "Restaurant", "WebSite")
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_].*)?", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://|@")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Head:
    """The page's own words about itself; empty where it has none."""

    title: str = ""
    language: str = ""
    description: str = ""
    site_name: str = ""
    author: str = ""
    date: str = ""
    is_article: bool = False


def head(tree: HtmlElement) -> Head:
    """Everything but the language of a page that does not declare it."""
    told = _meta(tree)
    data = list(_structured(tree))
    author = _first(told, "author", "article:author", "dc.creator", "twitter:creator")
    return Head(
        title=_title(tree, told),
        language=_language(tree, told),
        description=line(_first(told, "description", "og:description", "twitter:description"), MAX_DESCRIPTION_CHARS),
        site_name=line(_first(told, "og:site_name", "application-name") or _named(data, ORGANISATIONS), MAX_LINE_CHARS),
        author="" if _ADDRESS.search(author) else line(author, MAX_LINE_CHARS),
        date=_date(tree, told),
        is_article=told.get("og:type") == "article" or bool(_named(data, ARTICLES)),
    )


def _meta(tree: HtmlElement) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = (element.get("property") or element.get("name") or element.get("http-equiv") or "").strip().lower()
        content = (element.get("content") or "").strip()
        if name and content:
            found.setdefault(name, content)
    return found


def _first(told: Mapping[str, str], *names: str) -> str:
    return next((told[name] for name in names if told.get(name)), "")


def _title(tree: HtmlElement, told: Mapping[str, str]) -> str:
    """The whole title, the site's name in it included: it tells the name where nothing else does."""
    for path in (".//head/title", ".//title"):
        for element in tree.iterfind(path):
            if text := line(element.text_content(), MAX_LINE_CHARS):
                return text
    if said := line(_first(told, "og:title", "twitter:title"), MAX_LINE_CHARS):
        return said
    return next((text for h1 in tree.iter("h1") if (text := line(h1.text_content(), MAX_LINE_CHARS))), "")


def _language(tree: HtmlElement, told: Mapping[str, str]) -> str:
    root = tree.getroottree().getroot()
    said = root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or root.get("xml:lang") or ""
    said = said or _first(told, "content-language", "og:locale", "dc.language")
    match = _LANGUAGE.fullmatch(said.strip())
    return match.group(1).lower() if match else ""


def _date(tree: HtmlElement, told: Mapping[str, str]) -> str:
    """ISO date of the page; only one that it states, never one guessed from its words."""
    said = _first(told, "article:published_time", "date", "dc.date", "article:modified_time", "og:updated_time")
    if match := _DATE.match(said):
        return match.group(0)
    try:
        return find_date(tree, extensive_search=False, original_date=True) or ""
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):  # a hostile tree
        return ""


def _named(data: Sequence[Mapping[str, Any]], kinds: Iterable[str]) -> str:
    """The name (or headline) of the first node of the first kind that has one."""
    for kind in kinds:
        for node in data:
            types = node.get("@type")
            name = node.get("name") or node.get("headline")
            if isinstance(name, str) and (types == kind or (isinstance(types, list) and kind in types)):
                return name
    return ""


def _structured(tree: HtmlElement) -> Iterator[Mapping[str, Any]]:
    """The nodes of the page's JSON-LD, level by level."""
    scripts = (each for each in tree.iter("script") if (each.get("type") or "").lower() == "application/ld+json")
    waiting = [_json(element.text or "") for element in scripts]
    for _ in range(MAX_NODES):
        if not waiting:
            return
        node = waiting.pop(0)
        if isinstance(node, dict):
            yield node
            waiting.extend(value for value in node.values() if isinstance(value, dict | list))
        elif isinstance(node, list):
            waiting.extend(node[:MAX_NODES])


def _json(text: str) -> Any:
    try:
        return json.loads(text) if len(text) <= MAX_JSON_CHARS else None
    except (ValueError, RecursionError):
        return None
