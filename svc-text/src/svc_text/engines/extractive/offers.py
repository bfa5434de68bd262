"""What a company offers: the headings and items that stand under a heading such as "Our products"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from svc_text.engines.extractive.material import Material
from svc_text.engines.extractive.sentences import Sentence
from svc_text.lexicon import Lexicon, lexicon

MOST_PRODUCTS = 8
MOST_PRODUCT_WORDS = 7
MOST_HEADING_WORDS = 5  # a longer heading that names products is a slogan
MOST_HEADING_CHARS = 40
_TAIL = re.compile(r"\s*(?:[:：–—(（]|\s-\s|\s[€$£]|,? (?:ab|from|dès|desde|da) \d).*$")


@dataclass(slots=True)
class Section:
    """A heading that announces what is offered, and the short lines and sentences under it."""

    heading: Sentence | None
    level: int
    lines: list[Sentence] = field(default_factory=list)
    prose: list[Sentence] = field(default_factory=list)

    def labels(self) -> list[str]:
        """Names of what is offered: of subheadings where there are any, else of items and other short lines."""
        subheadings = [each for each in self.lines if each.level > self.level]
        items = [each for each in self.lines if each.item]
        named = (_TAIL.sub("", each.text).strip() for each in subheadings or items or self.lines)
        return list(dict.fromkeys(label for label in named if label and len(label.split()) <= MOST_PRODUCT_WORDS))


def products(material: Material, name: str) -> list[str]:
    """The names of what is offered, in order."""
    labels = (label for section in sections(material) for label in section.labels())
    return list(dict.fromkeys(label for label in labels if label.casefold() != name.casefold()))[:MOST_PRODUCTS]


def sections(material: Material) -> list[Section]:
    """The parts of the documents that are about what is offered."""
    return [section for section in _sections(material) if section.lines]


def _sections(material: Material) -> Iterator[Section]:
    words = lexicon(material.language)
    section: Section | None = None
    document = -1
    for each in material.lines:
        if each.document != document:
            if section is not None:
                yield section
            document = each.document
            section = _of_title(material, document, words)
        opens = not each.whole and not each.item and _announces(each, words)
        if section is not None and (opens or _closes(each, section, words)):
            yield section
            section = None
        if opens:
            section = Section(each, each.level)
        elif section is not None and (each.whole or not words.elsewhere.search(each.text)):
            (section.prose if each.whole else section.lines).append(each)
    if section is not None:
        yield section


def _of_title(material: Material, document: int, words: Lexicon) -> Section | None:
    """A page of its own about products is all one section; the first page is never."""
    told = material.documents[document].title
    return Section(None, 1) if document and words.offers.search(told) else None


def _announces(line: Sentence, words: Lexicon) -> bool:
    is_short = len(line.text.split()) <= MOST_HEADING_WORDS and len(line.text) <= MOST_HEADING_CHARS
    return is_short and bool(words.offers.search(line.text))


def _closes(line: Sentence, section: Section, words: Lexicon) -> bool:
    """Whether something else begins with this line."""
    if line.whole or line.item:
        return False
    if line.level and section.level:
        is_title_of_page = section.heading is None and line.level == section.level
        return line.level <= section.level and not is_title_of_page
    return bool(words.elsewhere.search(line.text)) or any(each.item for each in section.lines)
