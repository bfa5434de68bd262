"""The text of a tree, one block a line, in the order of the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml.html import HtmlElement

from svc_text.extraction.cleaning import line

BLOCKS = frozenset(
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure h1 h2 h3 h4 h5 h6 "
    "header hgroup hr li main ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
ITEMS = frozenset({"li", "dd", "dt"})
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
MOST_LINKED = 0.7  # share of a block's characters inside links above which it is a menu
LINKED_WORDS = 12  # a block of more words than this is no menu, however much of it is a link


@dataclass(slots=True)
class _Block:
    """A line as it grows."""

    item: bool = False
    heading: bool = False
    parts: list[str] = field(default_factory=list)
    linked: int = 0  # characters inside links

    def add(self, text: str, *, in_link: bool) -> None:
        self.parts.append(text)
        self.linked += len(text.strip()) if in_link else 0

    def lines(self) -> Iterator[str]:
        text = line("".join(self.parts))
        if not any(character.isalnum() for character in text):
            return
        is_menu = self.linked > MOST_LINKED * len(text) and len(text.split()) <= LINKED_WORDS
        if is_menu and not self.heading:
            return
        yield f"- {text}" if self.item else text


def lines(body: HtmlElement) -> Iterator[str]:
    """The lines of the tree; menus of links are left out. Walks without recursion: pages nest as deep as they like."""
    block = _Block()
    links = 0
    for step, element in _walk(body):
        starts = step == "start"
        if element.tag == "a":
            links += 1 if starts else -1
        if element.tag in BLOCKS:
            yield from block.lines()
            block = _Block(item=_in_item(element, starts=starts), heading=element.tag in HEADINGS and starts)
        elif element.tag == "br" and starts:
            block.add(" ", in_link=False)
        text = element.text if starts else element.tail
        if text and not (element is body and not starts):
            block.add(text, in_link=links > 0)
    yield from block.lines()


def _in_item(element: HtmlElement, *, starts: bool) -> bool:
    return element.tag in ITEMS and starts


def _walk(body: HtmlElement) -> Iterator[tuple[str, HtmlElement]]:
    """Each element twice: where it starts and where it ends."""
    element: HtmlElement | None = body
    while element is not None:
        yield "start", element
        if len(element):
            element = element[0]
            continue
        yield "end", element
        while element is not None and element is not body and element.getnext() is None:
            element = element.getparent()
            if element is not None:
                yield "end", element
        element = None if element is None or element is body else element.getnext()
