"""The documents, cut up, cleaned and ranked: what both kinds of answer are made from."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from svc_text.engines.extractive.addresses import host
from svc_text.engines.extractive.junk import is_junk, speaks_to_machines
from svc_text.engines.extractive.rank import MAX_RANKED, scores
from svc_text.engines.extractive.sentences import Sentence, cut
from svc_text.engines.extractive.words import terms
from troupe.wire.documents import Document
from troupe.wire.errors import EmptyText

LEAST_WORDS, MOST_WORDS = 4, 45  # of a sentence that is quoted
ENOUGH_SENTENCES = 4  # of the first document's language, for the answer to be in that language
QUOTES = ('"', "“", "„", "«", "»", "「", "『", "‘")  # praise of customers is not the company's own voice
CARD_LEVEL = 3
LEAST_TEXT_WORDS = 8  # in all documents together


@dataclass(frozen=True, slots=True)
class Material:
    """`lines` are all lines without junk, in order; `prose` the whole sentences of one language among them."""

    documents: tuple[Document, ...]
    language: str
    lines: tuple[Sentence, ...]
    prose: tuple[Sentence, ...]
    score: dict[int, float]  # by `Sentence.order`, of prose
    captions: frozenset[int]  # `Sentence.order` of what stands under a small heading, and means little without it

    def best(self) -> list[Sentence]:
        """Prose, what says most first."""
        return sorted(self.prose, key=lambda sentence: (-self.score[sentence.order], sentence.order))


def material(documents: Sequence[Document]) -> Material:
    """Raises `EmptyText` where the documents hold nothing to quote."""
    everything = cut(documents)
    addressed = _addressed_to_machines(everything)
    hosts = _hosts(documents)
    lines = [each for each in everything if _place(each) not in addressed and not is_junk(hosts.sub("", each.text))]
    if sum(each.words for each in lines) < LEAST_TEXT_WORDS:
        raise EmptyText(_nothing(documents, everything))
    language = _language(lines)
    prose = [each for each in lines if _is_prose(each) and each.language == language][:MAX_RANKED]
    titles = frozenset().union(*(terms(document.title, language) for document in documents))
    score = {each.order: value for each, value in zip(prose, scores(prose, titles), strict=True)}
    return Material(tuple(documents), language, tuple(lines), tuple(prose), score, _captions(lines))


def _captions(lines: Sequence[Sentence]) -> frozenset[int]:
    """Sentences of the one block below a heading of the third level or lower: texts of cards."""
    found, block = set[int](), (-1, -1)
    for before, each in pairwise(lines):
        if before.level >= CARD_LEVEL:
            block = _place(each)
        if _place(each) == block:
            found.add(each.order)
    return frozenset(found)


def _addressed_to_machines(everything: Sequence[Sentence]) -> frozenset[tuple[int, int]]:
    """The blocks that tell a language model what to do: who does it in one sentence goes on in the next."""
    blocks: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    for each in everything:
        blocks[_place(each)].append(each.text)
    return frozenset(place for place, texts in blocks.items() if speaks_to_machines(" ".join(texts)))


def _hosts(documents: Sequence[Document]) -> re.Pattern[str]:
    """Names of the documents' own sites: a company may be called as its site is."""
    names = {host(document.url).removeprefix("www.") for document in documents} - {""}
    return re.compile(
        rf"(?<![\w./@-])(?:{'|'.join(map(re.escape, sorted(names)))})(?![\w/@-])" if names else "(?!)", re.IGNORECASE
    )


def _place(sentence: Sentence) -> tuple[int, int]:
    return sentence.document, sentence.block


def _is_prose(sentence: Sentence) -> bool:
    return sentence.whole and not sentence.text.startswith(QUOTES) and LEAST_WORDS <= sentence.words <= MOST_WORDS


def _language(lines: Sequence[Sentence]) -> str:
    """That of the first document where it has enough sentences, else the commonest: one voice reads the answer."""
    per_language = Counter[str]()
    first = Counter[str]()
    for each in lines:
        per_language[each.language] += round(each.words)
        first[each.language] += each.document == 0 and _is_prose(each)
    best, count = first.most_common(1)[0]
    return best if count >= ENOUGH_SENTENCES else per_language.most_common(1)[0][0]


def _nothing(documents: Sequence[Document], everything: Sequence[Sentence]) -> str:
    if not any(document.text.strip() for document in documents):
        return "The documents hold no text. Send each with the main text of its page."
    return (
        f"The documents hold no sentences to quote: of {len(everything)} lines all are menus, notices, addresses or "
        f"too short. Send pages with at least {LEAST_TEXT_WORDS} words of text."
    )
