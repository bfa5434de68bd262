"""Sentences from text that arrives in any pieces.

sentencex says where sentences end; what is ours is the streaming: the last sentence is held back until what follows
shows that it is whole, and one that grows too long is cut at a clause or at white space. Nothing is lost: the sentences
joined are the input, so their lengths count the code points consumed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sentencex import segment

from svc_tts.frontend.language import base

LONGEST_SENTENCE = 600  # characters: longer ones are cut
_EARLIEST_CUT = 200  # characters: a cut before this would sound chopped

_CLAUSE_END = re.compile(r"[;:,–—]\s|[，、；：]")
_ENDS = re.compile(r"[.!?…\"'”’)\]]\s+$|\n\s*$")
_NEXT = "A"  # stands for the sentence to come


class SentenceSplitter:
    """Feed it text; it gives back whole sentences with the white space after them."""

    def __init__(self, language: str = "en", longest: int = LONGEST_SENTENCE) -> None:
        self._language = base(language) or "en"
        self._longest = longest
        self._held = ""

    def feed(self, text: str) -> list[str]:
        """The sentences that are whole now."""
        self._held += text
        sentences = list(segment(self._language, self._held))
        self._held = "" if not sentences or self._is_whole(sentences[-1]) else sentences.pop()
        return [*self._cut_all(sentences), *self._cut_held()]

    def flush(self) -> list[str]:
        """What is held back, whole or not."""
        held, self._held = self._held, ""
        return self._cut_all([held] if held else [])

    def _is_whole(self, sentence: str) -> bool:
        """Whether a new sentence would begin after it, as far as abbreviations and the like tell."""
        return bool(_ENDS.search(sentence)) and len(list(segment(self._language, sentence + _NEXT))) > 1

    def _cut_all(self, sentences: list[str]) -> list[str]:
        return [part for sentence in sentences for part in self._cut(sentence)]

    def _cut_held(self) -> list[str]:
        *parts, self._held = self._cut(self._held) if self._held else [""]
        return parts

    def _cut(self, sentence: str) -> Iterator[str]:
        while len(sentence) > self._longest:
            at = self._cut_at(sentence[: self._longest])
            yield sentence[:at]
            sentence = sentence[at:]
        yield sentence

    def _cut_at(self, text: str) -> int:
        """Where to cut: after the last clause, else after the last white space, else hard."""
        earliest = min(_EARLIEST_CUT, self._longest // 2)
        for pattern in (_CLAUSE_END, re.compile(r"\s")):
            ends = [match.end() for match in pattern.finditer(text) if match.end() >= earliest]
            if ends:
                return ends[-1]
        return len(text)
