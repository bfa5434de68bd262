"""The text that a presenter reads: 30 to 60 seconds, sentence by sentence, in the documents' own words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from svc_text.engines.extractive.lead import lead
from svc_text.engines.extractive.material import Material
from svc_text.engines.extractive.rank import points_back, repeats
from svc_text.engines.extractive.sentences import Sentence

LEAST, WANTED, MOST = 75, 115, 150  # words
LEAST_PROSE = 30  # words: with less the short lines are read too
LEAST_FRAGMENT, MOST_FRAGMENT = 3, 14  # words of a short line that is read
_ASKS = re.compile(r"[?？]")
_PARENTHESIS = re.compile(r"\s*[(（\[][^()（）\[\]]{0,120}[)）\]]")


def script(material: Material, name: str) -> list[str]:
    """Sentences that follow one another well, the first says who it is."""
    first = lead(material, name)
    chosen = [first] if first is not None else []
    budget = MOST - sum(each.words for each in chosen)
    for sentence in material.best():
        if sum(each.words for each in chosen) >= WANTED:
            break
        if sentence.words <= budget and _fits(sentence, chosen, material):
            chosen.append(sentence)
            budget -= sentence.words
    ordered = chosen[:1] + sorted(chosen[1:], key=lambda each: each.order)
    said = [aloud(each.text) for each in ordered]
    if sum(each.words for each in ordered) < LEAST_PROSE:
        said += _fragments(material, ordered)
    return said


def aloud(text: str) -> str:
    """A sentence without what stands in brackets: nobody says it."""
    return _PARENTHESIS.sub("", text)


def _fits(sentence: Sentence, chosen: Sequence[Sentence], material: Material) -> bool:
    if sentence in chosen or repeats(sentence, chosen) or _ASKS.search(sentence.text):
        return False
    if not points_back(sentence.text):
        return True
    before = max((each.order for each in material.prose if each.order < sentence.order), default=-1)
    return any(each.order == before and each.block == sentence.block for each in chosen)


def _fragments(material: Material, chosen: Sequence[Sentence]) -> list[str]:
    """Short lines, closed with a full stop so that a voice pauses."""
    left = WANTED - sum(each.words for each in chosen)
    stop = "。" if material.language in {"zh", "ja"} else "."
    said = []
    for each in material.lines:
        if each in chosen or each.whole or not LEAST_FRAGMENT <= each.words <= MOST_FRAGMENT or each.words > left:
            continue
        said.append(each.text.rstrip(" :;,–-") + stop)
        left -= each.words
    return said
