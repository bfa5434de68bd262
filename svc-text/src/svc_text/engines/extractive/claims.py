"""For whom a company works, and what sets it apart: sentences of the documents, told by their words."""

from __future__ import annotations

from svc_text.engines.extractive.material import Material
from svc_text.engines.extractive.rank import repeats
from svc_text.engines.extractive.sentences import Sentence
from svc_text.lexicon import lexicon

MOST_DIFFERENTIATORS = 4
MOST_CHARS = 200
LEAST_LINE_WORDS = 4  # of a line that is no sentence: "Trusted by 140 hospitals"


def audience(material: Material) -> str:
    """The sentence that says for whom it is; where there is none, a line that does."""
    says = lexicon(material.language).audience.search
    lines = (each for each in material.lines if not each.whole and each.words >= LEAST_LINE_WORDS)
    return next((each.text for each in (*material.best(), *lines) if says(each.text) and _is_short(each)), "")


def differentiators(material: Material, besides: Sentence | None) -> list[str]:
    """Sentences that say what others do not have; `besides` is told already."""
    sets_apart = lexicon(material.language).apart.search
    chosen: list[Sentence] = []
    for each in material.best():
        if len(chosen) == MOST_DIFFERENTIATORS:
            break
        if each != besides and sets_apart(each.text) and _is_short(each) and not repeats(each, chosen):
            chosen.append(each)
    return [each.text for each in sorted(chosen, key=lambda each: each.order)]


def _is_short(sentence: Sentence) -> bool:
    return len(sentence.text) <= MOST_CHARS
