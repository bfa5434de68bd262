"""The addresses a page links to: absolute, each once, those of the same site first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from urllib.parse import SplitResult, urldefrag, urljoin, urlsplit

from lxml.html import HtmlElement

from svc_text.extraction.page import MAX_LINKS

MAX_URL_CHARS = 2_000
MAX_LOOKED_AT = 3_000  # links of a page
_NOT_PAGES = """.pdf .zip .jpg .jpeg .png .gif .svg .webp .ico .css .js .json .xml .mp3 .mp4 .webm .doc .docx .xls .xlsx
.ppt .pptx .rar .7z .gz .exe .dmg .apk .woff .woff2 .ics .vcf"""
NOT_PAGES = tuple(_NOT_PAGES.split())


def links(tree: HtmlElement, url: str) -> tuple[str, ...]:
    """At most `MAX_LINKS` of them; without the page's own address only absolute ones can be told."""
    base = _base(tree, url)
    site = _site(_split(url))
    found = dict.fromkeys(each for each in _addresses(tree, base) if each != urldefrag(url).url)
    return tuple(sorted(found, key=lambda each: _site(_split(each)) != site)[:MAX_LINKS])


def _base(tree: HtmlElement, url: str) -> str:
    """What relative addresses count from: a `<base>` of the page, if it is a web address."""
    for element in tree.iterfind(".//base[@href]"):
        base = _joined(url, element.get("href", ""))
        return base or url
    return url


def _addresses(tree: HtmlElement, base: str) -> Iterator[str]:
    for element in islice(tree.iter("a", "area"), MAX_LOOKED_AT):
        if address := _joined(base, element.get("href") or ""):
            yield address


def _joined(base: str, href: str) -> str:
    """The absolute address without its fragment; empty for what is no page on the web."""
    href = "".join(href.split())
    if not href or href.startswith("#") or len(href) > MAX_URL_CHARS:
        return ""
    try:
        address = urldefrag(urljoin(base, href)).url
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
        usable = usable and parts.port != 0
    except ValueError:  # a broken IPv6 address, or a port that is none
        return ""
    ending = parts.path.lower()
    return address if usable and not ending.endswith(NOT_PAGES) else ""


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")


def _site(parts: SplitResult) -> str:
    return (parts.hostname or "").removeprefix("www.")
