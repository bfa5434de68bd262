"""Which sentences say most: TextRank (Mihalcea and Tarau, 2004) with a few bonuses, and which of them repeat others.

Two sentences are near when they share rare terms; a sentence counts as much as those that are near it. Pure Python over
an inverted index: some hundred sentences take some ten milliseconds.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from svc_text.engines.extractive.sentences import Sentence
from svc_text.lexicon import lexicon

MAX_RANKED = 500  # sentences
DAMPING = 0.85
MAX_STEPS = 60
SETTLED = 1e-6  # change of all scores together in one step, below which they are final
MOST_SHARED = 0.55  # share of its terms that a sentence may have in common with one already chosen
FIRST_BONUS, FIRST_BLOCKS = 0.5, 8  # the beginning of a document says what it is about
TITLE_BONUS = 0.35
FIRST_DOCUMENT_BONUS = 0.3  # the page that was asked for
GOOD_WORDS = (8, 28)  # sentences of so many words are easily heard
LENGTH_MALUS = 0.6
DEPENDENT_MALUS = 0.55  # it points at a sentence before it, which may not be there


def scores(sentences: Sequence[Sentence], titles: frozenset[str]) -> list[float]:
    """How much each sentence says; `titles` are the terms of the documents' titles. The mean is about 1."""
    ranked = _textrank(sentences)
    return [value * _bonus(sentence, titles) for value, sentence in zip(ranked, sentences, strict=True)]


def repeats(sentence: Sentence, chosen: Sequence[Sentence]) -> bool:
    """Whether it says again what one of the chosen ones says."""
    return any(
        len(sentence.terms & other.terms) > MOST_SHARED * max(1, min(len(sentence.terms), len(other.terms)))
        for other in chosen
    )


def points_back(sentence: Sentence) -> bool:
    """Whether it is only understood after another one."""
    return bool(lexicon(sentence.language).back.match(sentence.text))


def _bonus(sentence: Sentence, titles: frozenset[str]) -> float:
    bonus = 1.0 + FIRST_BONUS * max(0.0, 1 - sentence.block / FIRST_BLOCKS)
    bonus += TITLE_BONUS * bool(sentence.terms & titles)
    bonus += FIRST_DOCUMENT_BONUS * (sentence.document == 0)
    least, most = GOOD_WORDS
    if not least <= sentence.words <= most:
        bonus *= LENGTH_MALUS
    return bonus * (DEPENDENT_MALUS if points_back(sentence) else 1.0)


def _textrank(sentences: Sequence[Sentence]) -> list[float]:
    count = len(sentences)
    edges = _edges(sentences)
    outgoing = [sum(near.values()) for near in edges]
    values = [1.0] * count
    for _ in range(MAX_STEPS):
        fresh = [
            1 - DAMPING + DAMPING * sum(values[j] * weight / outgoing[j] for j, weight in edges[i].items())
            for i in range(count)
        ]
        change = sum(abs(new - old) for new, old in zip(fresh, values, strict=True))
        values = fresh
        if change < SETTLED * count:
            break
    return values


def _edges(sentences: Sequence[Sentence]) -> list[dict[int, float]]:
    """Per sentence its neighbours, with the weight of the rare terms they share over the logarithm of their lengths."""
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for number, sentence in enumerate(sentences):
        for term in sorted(sentence.terms):
            holders[term].append(number)
    edges: list[Counter[int]] = [Counter() for _ in sentences]
    for these in holders.values():
        rarity = math.log(1 + len(sentences) / len(these))
        for place, one in enumerate(these):
            for other in these[place + 1 :]:
                length = math.log(2 + len(sentences[one].terms)) + math.log(2 + len(sentences[other].terms))
                edges[one][other] += rarity / length  # type: ignore[assignment]  # a Counter holds floats as well
                edges[other][one] += rarity / length  # type: ignore[assignment]
    return [dict(near) for near in edges]
