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
MAX_SENTENCES = 3_000  # of all documents together
HEADING_WORDS = 12  # a line of more is prose, even without a full stop
WRAPPED_CHARS = 50  # a shorter line without a full stop is a heading, not the beginning of a wrapped sentence

_ENDS = re.compile(r"[.!?…。！？．][\"'”’»）)\]」』]*$")
_ITEM = re.compile(r"^(?:[-–•*·▪‣◦]|\d{1,2}[.)])\s+")
_HEADING = re.compile(r"^(#{1,6})\s+")
_EAST_ASIAN_END = re.compile(r"(?<=[。！？])(?![」』”’）)])")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document, verbatim; or a short line: a heading or an item.

    `document` and `block` count from 0; `order` is its place in all documents together; `level` is a heading's, 1..6,
    where the text marks it, else 0.
    """

    text: str
    document: int
    block: int
    order: int
    language: str
    item: bool = False
    level: int = 0
    terms: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def whole(self) -> bool:
        """It is prose and ends as a sentence does."""
        return not self.level and bool(_ENDS.search(self.text))

    @property
    def words(self) -> float:
        """How long it takes to say, in words."""
        return spoken(self.text)


@dataclass(frozen=True, slots=True)
class _Block:
    text: str
    item: bool = False
    level: int = 0


def cut(documents: Sequence[Document]) -> list[Sentence]:
    """All sentences and short lines, in the order of the documents; each text once."""
    seen: set[str] = set()
    found: list[Sentence] = []
    for number, document in enumerate(documents):
        text = document.text[:MAX_DOCUMENT_CHARS]
        language = detect(text)
        for place, block in enumerate(_blocks(text)):
            for part in _parts(block, language):
                if part.casefold() in seen or len(found) >= MAX_SENTENCES:
                    continue
                seen.add(part.casefold())
                about = terms(part, language)
                found.append(Sentence(part, number, place, len(found), language, block.item, block.level, about))
    return found


def _blocks(text: str) -> Iterator[_Block]:
    """Lines without their marks; wrapped ones joined."""
    held: _Block | None = None
    for raw in text.splitlines():
        plain = line(raw)
        if held is not None and plain and _is_wrapped(held, plain):
            held = _Block(f"{held.text} {plain}", held.item)
            continue
        if held is not None:
            yield held
        held = _block(plain) if plain else None
    if held is not None:
        yield held


def _block(plain: str) -> _Block:
    if heading := _HEADING.match(plain):
        return _Block(plain[heading.end() :], level=len(heading[1]))
    if item := _ITEM.match(plain):
        return _Block(plain[item.end() :], item=True)
    return _Block(plain)


def _is_wrapped(held: _Block, following: str) -> bool:
    return not held.level and len(held.text) >= WRAPPED_CHARS and not _ENDS.search(held.text) and following[0].islower()


def _parts(block: _Block, language: str) -> Iterator[str]:
    if block.level or _is_short_line(block.text):
        yield block.text
        return
    for part in segment(language or "en", block.text):
        pieces = _EAST_ASIAN_END.split(part) if language in {"zh", "ja"} else (part,)
        yield from (stripped for piece in pieces if (stripped := piece.strip()))


def _is_short_line(text: str) -> bool:
    return not _ENDS.search(text) and len(text.split()) <= HEADING_WORDS and not is_east_asian(text)
