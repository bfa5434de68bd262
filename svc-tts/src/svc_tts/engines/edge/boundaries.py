"""Microsoft's word boundaries -> where in the text each word stands.

A boundary tells a word's time and its letters, not its place. Mostly the letters are those of the text; where Microsoft
reads something else (numbers, abbreviations, other spellings), the word waits until the next one is found: what stands
between the two was it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from svc_tts.engine import SpokenWord

_LOOK_AHEAD = 48  # characters beyond what waits for its place: a short word would be found anywhere
_PER_WAITING = 24
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Thai, Lao, Burmese, Khmer, kana and Han: words stand side by side."""
_TOKEN = re.compile(r"\S*\w\S*")


@dataclass(frozen=True, slots=True)
class Boundary:
    """A word as Microsoft tells it; seconds from the first sample of the utterance."""

    text: str
    start_s: float
    end_s: float


class WordTrack:
    """The words of one utterance, found in its text one after the other."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._folded = _fold(text)
        self._at = 0  # where the last word ended
        self._waiting: list[Boundary] = []

    def place(self, boundary: Boundary) -> tuple[SpokenWord, ...]:
        """The words whose place is known now."""
        if not any(character.isalnum() for character in boundary.text):
            return ()  # a punctuation mark
        start = self._find(_fold(boundary.text))
        if start < 0:
            self._waiting.append(boundary)
            return ()
        end = start + len(boundary.text)
        words = (*self._fill(start), _word(start, end, boundary))
        self._at = end
        return words

    def end(self) -> tuple[SpokenWord, ...]:
        """The utterance is over: what still waits stands in the rest of the text."""
        return self._fill(len(self._text))

    def _find(self, word: str) -> int:
        """Where `word` begins, a word of its own unless its script writes none apart; -1 = not near."""
        limit = self._at + _LOOK_AHEAD + _PER_WAITING * len(self._waiting) + len(word)
        near = self._folded[: min(limit, len(self._folded))]
        whole = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)").search(near, self._at)
        if whole:
            return whole.start()
        return near.find(word, self._at) if _UNSPACED.match(word) else -1

    def _fill(self, end: int) -> tuple[SpokenWord, ...]:
        """What waited, placed between the last word and `end`."""
        waiting, self._waiting = self._waiting, []
        tokens = [match.span() for match in _TOKEN.finditer(self._text, self._at, end)]
        if not waiting or not tokens:
            return ()
        if len(tokens) == len(waiting):
            return tuple(_word(*span, boundary) for span, boundary in zip(tokens, waiting, strict=True))
        # Read as more or fewer words than are written: all of them stand for the whole.
        return (SpokenWord(tokens[0][0], tokens[-1][1], waiting[0].start_s, waiting[-1].end_s),)


def _word(start: int, end: int, boundary: Boundary) -> SpokenWord:
    return SpokenWord(start, end, boundary.start_s, boundary.end_s)


def _fold(text: str) -> str:
    """Without case and width, one character for each of `text`."""
    return "".join(_folded(character) for character in text)


def _folded(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character).casefold()
    return folded if len(folded) == 1 else character
