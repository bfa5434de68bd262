"""A page as it comes in and as it goes out, and how much of each there may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

MAX_PAGE_BYTES = 2 * 1024 * 1024
MAX_TEXT_CHARS = 100_000  # a longer main text is cut after a line
MAX_LINE_CHARS = 300  # of a title, a name or an author
MAX_DESCRIPTION_CHARS = 1_000
MAX_LINKS = 400


@dataclass(frozen=True, slots=True)
class PageSource:
    """The bytes of a page, where they came from, and what the server called them."""

    data: bytes
    url: str = ""
    content_type: str = ""  # "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says.

    `text` has one block a line: a paragraph, a heading ("## ...", by its level), or an item of a list ("- ...").
    `language` is ISO 639-1, `date` ISO 8601 (YYYY-MM-DD). `links` are absolute, those of the same site first.
    What a page does not say is empty.
    """

    title: str = ""
    text: str = ""
    language: str = ""
    description: str = ""
    site_name: str = ""
    author: str = ""
    date: str = ""
    links: tuple[str, ...] = ()


@runtime_checkable
class PageReader(Protocol):
    """What an engine that lists "extract" among its tasks can do besides."""

    async def extract(self, source: PageSource) -> Page:
        """Read one page.

        Raises `EmptyText`, `UnsupportedMedia`, `MediaTooLarge`, `Overloaded`, `DeadlineExceeded`.
        """
