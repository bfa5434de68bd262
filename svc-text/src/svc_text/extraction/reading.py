"""Bytes -> page, all in one go: what the reading process does."""

from __future__ import annotations

import re

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from svc_text.extraction import content
from svc_text.extraction.charset import decode
from svc_text.extraction.cleaning import line
from svc_text.extraction.links import links
from svc_text.extraction.metadata import Head, head
from svc_text.extraction.page import Page, PageSource
from svc_text.extraction.unreadable import unsupported
from svc_text.language import detect

MARKUP_CHARS = 10_000  # how far a tag is looked for in what calls itself nothing
_TAG = re.compile(
    r"<(?:!doctype|html|head|body|title|meta|div|p|h[1-6]|a|span|table|ul|section|main|article)\b", re.IGNORECASE
)
_XML_ONLY = re.compile(r"\s*<\?xml[^>]*>\s*(?:<!--.*?-->\s*)*<(?!!doctype\s+html|html)[!\w]", re.IGNORECASE | re.DOTALL)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ENTITIES = re.compile(r"<!doctype[^>\[]*\[.*?\]\s*>", re.IGNORECASE | re.DOTALL)


def read(source: PageSource) -> Page:
    """The page of these bytes; raises `Unreadable`. A page without text has an empty one."""
    text = decode(source.data, source.content_type)
    kind = source.content_type.partition(";")[0].strip().lower()
    if kind != "text/plain" and _XML_ONLY.match(text[:MARKUP_CHARS]):
        raise unsupported("This is XML, but no page. Send an HTML page or plain text.")
    if _is_plain(text, kind):
        return _plain(text)
    tree = _tree(text)
    told = head(tree)
    addresses = links(tree, source.url)
    return _page(tree, told, addresses)


def _page(tree: HtmlElement, told: Head, addresses: tuple[str, ...]) -> Page:
    styles = [element.text or "" for element in tree.iter("style")]
    body = tree.find("body")
    main = ""
    if body is not None:
        main = content.main_text(body, styles, is_article=told.is_article)
    return Page(
        title=told.title,
        text=main,
        language=told.language or detect(main),
        description=told.description,
        site_name=told.site_name,
        author=told.author,
        date=told.date,
        links=addresses,
    )


def _is_plain(text: str, kind: str) -> bool:
    if kind == "text/plain":
        return True
    return kind not in {"text/html", "application/xhtml+xml"} and not _TAG.search(text[:MARKUP_CHARS])


def _plain(text: str) -> Page:
    lines = [each for each in map(line, text.splitlines()) if each]
    main = content.cut(lines)
    return Page(title=lines[0][:100] if lines else "", text=main, language=detect(main))


def _tree(text: str) -> HtmlElement:
    """The tree of any markup: HTML knows no entities of a page's own, so no bomb of them."""
    parser = HTMLParser(remove_comments=True, remove_pis=True, encoding="utf-8", huge_tree=True)
    plain = _ENTITIES.sub("<!doctype html>", _DECLARATION.sub("", text), count=1)
    try:
        return document_fromstring(plain.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError) as error:
        raise unsupported("The page holds no markup that can be read. Send an HTML page or plain text.") from error
