"""Text cut into what the model speaks in one go: by characters, and by numbers of the vocabulary.

A text that is too long is cut near the middle (or a third, ...), so that no short rest is left: short texts babble. It
is cut after a sentence, else after a clause, else at white space, and inside a word only where there is nothing else.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from svc_tts.engines.xtts.text.languages import LANGUAGES
from svc_tts.frontend.aligned import AlignedText

MAX_TEXT_TOKENS = 402  # of the released model, start and stop excluded; as many are refused by coqui-tts

_BOUNDARIES = (
    re.compile(r"[.!?…؟।]['’)\]]*\s+|[。！？][」』）]*\s*"),  # sentences
    re.compile(r"[;:,،؛–—]\s+|[，、；：]\s*"),  # clauses
    re.compile(r"\s+"),
)
_REACH = 0.3  # of the text: how far from the even cut a better boundary may lie


@dataclass(frozen=True, slots=True)
class TextPiece:
    """What the model speaks in one go."""

    text: str  # as it is read, tidied
    tokens: tuple[int, ...]  # the language first; no start, no stop
    start: int  # code points of the input that it stands for
    end: int


def cut(
    text: AlignedText, language: str, encode: Callable[[str], list[int]], max_tokens: int = MAX_TEXT_TOKENS
) -> list[TextPiece]:
    """The pieces of `text` that hold something to say; each within the language's characters and below `max_tokens`."""
    return [piece for piece in _pieces(text, LANGUAGES[language], encode, max_tokens) if len(piece.tokens) > 1]


def _pieces(
    text: AlignedText, longest: int, encode: Callable[[str], list[int]], max_tokens: int
) -> Iterator[TextPiece]:
    text = text.strip()
    tokens = encode(text.text) if len(text) <= longest else []
    parts = max(math.ceil(len(text) / longest), math.ceil(len(tokens) / (max_tokens - 1)))
    if parts <= 1 or len(text) < 2:  # one character cannot be cut
        start, end = text.source(0, len(text))
        yield TextPiece(text.text, tuple(tokens[: max_tokens - 1]), start, end)
        return
    at = _cut_at(text.text, len(text) * (parts // 2) / parts)
    yield from _pieces(text[:at], longest, encode, max_tokens)
    yield from _pieces(text[at:], longest, encode, max_tokens)


def _cut_at(text: str, even: float) -> int:
    """Where to cut, near `even`: 1..len(text) - 1."""
    reach = len(text) * _REACH
    for pattern in _BOUNDARIES:
        ends = [match.end() for match in pattern.finditer(text) if 0 < match.end() < len(text)]
        near = [end for end in ends if abs(end - even) <= reach]
        if near:
            return min(near, key=lambda end: abs(end - even))
    at = max(1, round(even))
    while at < len(text) - 1 and unicodedata.combining(text[at]):
        at += 1  # a mark stays with its letter
    return at
