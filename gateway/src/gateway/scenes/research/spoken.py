"""A script while it is written -> its sentences, each cleaned as soon as it is whole, and not too many of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from gateway.scenes.research.plain import plain

MOST_WORDS = 170
"""A little more than was asked for; a model that goes on is stopped at the end of a sentence."""
WIDE_PER_WORD = 2  # characters of Chinese or Japanese
LONGEST = 2_000  # characters without the end of a sentence
_ASIDE = re.compile(r"\[[^\]\n]{1,60}\](?!\s*\()")  # [smiles], and no link
_END = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+|(?<=[。！？])[」』”]*|\n+")


class Sentences:
    """Of one script."""

    def __init__(self, own_hosts: Collection[str]) -> None:
        self._own_hosts = own_hosts
        self._open = ""
        self._words = 0.0

    @property
    def enough(self) -> bool:
        """Whether as much has been said as a presenter has time for."""
        return self._words >= MOST_WORDS

    def feed(self, text: str) -> Iterator[str]:
        """The sentences that are whole now."""
        self._open += text
        while not self.enough and (end := _END.search(self._open)) is not None and end.end() > 0:
            whole, self._open = self._open[: end.end()], self._open[end.end() :]
            yield from self._cleaned(whole)
        if len(self._open) > LONGEST and not self.enough:
            whole, self._open = self._open, ""
            yield from self._cleaned(whole)

    def rest(self) -> Iterator[str]:
        """What was open when the writing ended."""
        if not self.enough:
            yield from self._cleaned(self._open)
        self._open = ""

    def _cleaned(self, sentence: str) -> Iterator[str]:
        words = plain(_ASIDE.sub("", sentence), self._own_hosts)
        if any(character.isalnum() for character in words):
            wide = sum(character > "\u2e7f" for character in words)
            self._words += wide / WIDE_PER_WORD or len(words.split())
            yield words
