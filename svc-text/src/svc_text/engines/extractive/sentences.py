"""Documents -> sentences and the short lines between them (headings, items of lists), in their own words.

A document's text has one block a line, as `Extract` gives it; texts of other makers may wrap their lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sentencex import segment

from svc_text.engines.extractive.words import is_east_asian, spoken, terms
from svc_text.extraction.cleaning import line
from svc_text.language import detect
from troupe.wire.documents import Document

MAX_DOCUMENT_CHARS = 60_000
HEADING_WORDS = 12  # a line of more is prose, even without a full stop
WRAPPED_CHARS = 50  # a shorter line without a full stop is a heading, not the beginning of a wrapped sentence

_ENDS = re.compile(r"[.!?…。！？．][\"'”’»）)\]]*$")
_ITEM = re.compile(r"^(?:[-–•*·▪‣◦]|\d{1,2}[.)])\s+")
_MARKS = re.compile(r"^#{1,6}\s+|^>\s+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document, verbatim; or a short line: a heading or an item.

    `document` and `block` count from 0; `order` is its place in all documents together.
    """

    text: str
    document: int
    block: int
    order: int
    language: str
    item: bool = False
    terms: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def whole(self) -> bool:
        """It ends as a sentence does."""
        return bool(_ENDS.search(self.text))

    @property
    def words(self) -> float:
        """How long it takes to say, in words."""
        return spoken(self.text)


def cut(documents: Sequence[Document]) -> list[Sentence]:
    """All sentences and short lines, in the order of the documents; each text once."""
    seen: set[str] = set()
    found: list[Sentence] = []
    for number, document in enumerate(documents):
        text = document.text[:MAX_DOCUMENT_CHARS]
        language = detect(text)
        for block, (piece, item) in enumerate(_blocks(text)):
            for part in _parts(piece, language):
                key = part.casefold()
                if key not in seen:
                    seen.add(key)
                    found.append(Sentence(part, number, block, len(found), language, item, terms(part, language)))
    return found


def _blocks(text: str) -> Iterator[tuple[str, bool]]:
    """Lines without their marks, and whether each is an item; wrapped lines joined."""
    held, held_item = "", False
    for raw in text.splitlines():
        plain = _MARKS.sub("", line(raw))
        if not plain:
            yield from _told(held, held_item)
            held = ""
            continue
        if held and len(held) >= WRAPPED_CHARS and not _ENDS.search(held) and plain[:1].islower():
            held = f"{held} {plain}"
            continue
        yield from _told(held, held_item)
        held_item = bool(_ITEM.match(plain))
        held = _ITEM.sub("", plain)
    yield from _told(held, held_item)


def _told(text: str, item: bool) -> Iterator[tuple[str, bool]]:
    if text:
        yield text, item


def _parts(text: str, language: str) -> Iterator[str]:
    if not _ENDS.search(text) and (len(text.split()) <= HEADING_WORDS and not is_east_asian(text)):
        yield text
        return
    for part in segment(language or "en", text):
        if stripped := part.strip():
            yield stripped
