"""The text that a presenter reads: 30 to 60 seconds, sentence by sentence, in the documents' own words.

It begins with who it is and goes on in the order of the documents. What is offered is told by name in one sentence
("Our beers: ...") rather than by what stands below each name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from svc_text.engines.extractive.lead import lead
from svc_text.engines.extractive.material import Material
from svc_text.engines.extractive.offers import Section, sections
from svc_text.engines.extractive.rank import points_back, repeats
from svc_text.engines.extractive.sentences import Sentence
from svc_text.engines.extractive.words import spoken
from svc_text.lexicon import UNSPACED

LEAST, WANTED, MOST = 75, 115, 150  # words
LEAST_PROSE = 30  # words: with less the short lines are read too
LEAST_FRAGMENT, MOST_FRAGMENT = 3, 14  # words of a short line that is read
LEAST_NAMED, MOST_NAMED, MOST_NAME_WORDS = 2, 6, 5  # what is offered, as it can be listened to
_NO_SPACE = ("。", "！", "？", "」", "』")
_ASKS = re.compile(r"[?？]")
_PARENTHESIS = re.compile(r"\s*[(（\[][^()（）\[\]]{0,120}[)）\]]")


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence to be spoken, and where in the documents it stands."""

    text: str
    order: int


def script(material: Material, name: str) -> list[str]:
    """Sentences that follow one another well, the first says who it is."""
    first = lead(material, name)
    offered = next(_named(material), None)
    chosen = [first] if first is not None else []
    words = sum(each.words for each in chosen) + (spoken(offered[0].text) if offered else 0)
    below = material.captions | (frozenset(each.order for each in offered[1].prose) if offered else frozenset())
    for sentence in sorted(material.best(), key=lambda each: each.order in below):
        enough = LEAST if sentence.order in below else WANTED
        if words < enough and words + sentence.words <= MOST and _fits(sentence, chosen, material):
            chosen.append(sentence)
            words += sentence.words
    rest = [Line(aloud(each.text), each.order) for each in chosen[1:]] + ([offered[0]] if offered else [])
    said = [aloud(each.text) for each in chosen[:1]] + [each.text for each in sorted(rest, key=lambda each: each.order)]
    return said if words >= LEAST_PROSE else said + _fragments(material, chosen, words)


def joined(sentences: Sequence[str]) -> list[str]:
    """The sentences with the spaces between them, so that joined they are the text."""
    before = ["", *sentences]
    return [
        (" " if last and not last.endswith(_NO_SPACE) else "") + each
        for last, each in zip(before, sentences, strict=False)
    ]


def aloud(text: str) -> str:
    """A sentence without what stands in brackets: nobody says it."""
    return _PARENTHESIS.sub("", text)


def _named(material: Material) -> Iterator[tuple[Line, Section]]:
    """Sections as sentences: "Our beers: Samphire Gose, Wherry Pale Ale.", where they can be listened to."""
    colon, comma, stop = ("：", "、", "。") if material.language in UNSPACED else (": ", ", ", ".")
    for section in sections(material):
        labels = [aloud(label) for label in section.labels() if len(label.split()) <= MOST_NAME_WORDS]
        if section.heading is not None and LEAST_NAMED <= len(labels) <= MOST_NAMED:
            between = "; " if any("," in label for label in labels) else comma
            text = section.heading.text.rstrip(":： ") + colon + between.join(labels) + stop
            yield Line(text, section.heading.order), section


def _fits(sentence: Sentence, chosen: Sequence[Sentence], material: Material) -> bool:
    if sentence in chosen or repeats(sentence, chosen) or _ASKS.search(sentence.text):
        return False
    if not points_back(sentence):
        return True
    before = max((each.order for each in material.prose if each.order < sentence.order), default=-1)
    return any(each.order == before and each.block == sentence.block for each in chosen)


def _fragments(material: Material, chosen: Sequence[Sentence], words: float) -> list[str]:
    """Short lines, closed with a full stop so that a voice pauses."""
    stop = "。" if material.language in UNSPACED else "."
    said = []
    for each in material.lines:
        if each in chosen or each.whole or not LEAST_FRAGMENT <= each.words <= MOST_FRAGMENT:
            continue
        if words + each.words <= WANTED:
            said.append(each.text.rstrip(" :;,–-") + stop)
            words += each.words
    return said
