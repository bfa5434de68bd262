"""The text of a tree, one block a line, in the order of the page: `# heading` by its level, `- item`, paragraph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml.html import HtmlElement

from svc_text.extraction.cleaning import line

_BLOCKS = """address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure h1
h2 h3 h4 h5 h6 header hgroup hr li main ol p pre section summary table tbody td tfoot th thead tr ul"""
BLOCKS = frozenset(_BLOCKS.split())
ITEMS = frozenset({"li", "dd", "dt"})
HEADINGS = {"h1": "# ", "h2": "## ", "h3": "### ", "h4": "#### ", "h5": "##### ", "h6": "###### "}
MOST_LINKED = 0.7  # share of a block's characters inside links above which it is a menu
LINKED_WORDS = 12  # a block of more words than this is no menu, however much of it is a link


@dataclass(slots=True)
class _Block:
    """A line as it grows."""

    mark: str = ""
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
        if not is_menu or self.mark in HEADINGS.values():
            yield self.mark + text


def lines(body: HtmlElement) -> Iterator[str]:
    """The lines of the tree; menus of links are left out. Walks without recursion: pages nest as deep as they like."""
    block = _Block()
    links = 0
    marks: list[str] = []  # of the headings and items that are open
    for starts, element in walk(body):
        if element.tag == "a":
            links += 1 if starts else -1
        if element.tag in BLOCKS:
            yield from block.lines()
            block = _Block(_mark(element.tag, marks, starts=starts))
        elif element.tag == "br" and starts:
            block.add(" ", in_link=False)
        text = element.text if starts else element.tail
        if text and (starts or element is not body):
            block.add(text, in_link=links > 0)
    yield from block.lines()


def _mark(tag: str, marks: list[str], *, starts: bool) -> str:
    """What the line that begins here is marked with: blocks inside a heading or an item are part of it."""
    own = HEADINGS.get(tag) or ("- " if tag in ITEMS else "")
    if own and starts:
        marks.append(own)
    elif own and marks:
        marks.pop()
    return marks[-1] if marks else ""


def walk(body: HtmlElement) -> Iterator[tuple[bool, HtmlElement]]:
    """Each element twice: where it starts (True) and where it ends."""
    element: HtmlElement | None = body
    while element is not None:
        yield True, element
        if len(element):
            element = element[0]
            continue
        yield False, element
        while element is not None and element is not body and element.getnext() is None:
            element = element.getparent()
            if element is not None:
                yield False, element
        element = None if element is None or element is body else element.getnext()
