"""The sentence that says who it is: with it an answer begins."""

from __future__ import annotations

from svc_text.engines.extractive.material import Material
from svc_text.engines.extractive.rank import points_back
from svc_text.engines.extractive.sentences import Sentence
from svc_text.lexicon import lexicon

LEAD_BLOCKS = 30  # of each document: who it is stands near its beginning
NAME_WEIGHT, IS_WEIGHT, NEAR_WEIGHT = 2.0, 2.0, 1.0
MOST_LEAD_WORDS = 32


def lead(material: Material, name: str) -> Sentence | None:
    """The best of the sentences near the beginnings; None where there is no prose."""
    near = [each for each in material.prose if each.block < LEAD_BLOCKS and each.words <= MOST_LEAD_WORDS]
    return max(near or material.prose, key=lambda each: (_value(material, each, name), -each.order), default=None)


def _value(material: Material, sentence: Sentence, name: str) -> float:
    value = min(material.score[sentence.order], 3.0)
    at = sentence.text.casefold().find(name.casefold()) if name else -1
    says_what = bool(lexicon(sentence.language).identity.search(sentence.text))
    if at >= 0:
        value += NAME_WEIGHT * (1 if at < 25 else 0.5)
    if says_what:
        value += IS_WEIGHT * (1 if at >= 0 else 0.5)
    value += NEAR_WEIGHT * (1 - min(sentence.block, LEAD_BLOCKS) / LEAD_BLOCKS) + 0.5 * (sentence.document == 0)
    return value - 2.0 * points_back(sentence) - 1.5 * sentence.text.endswith(("?", "？"))
