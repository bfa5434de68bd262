"""When a text that is still being written is given to the voice: whole sentences, and parts of one where nobody waits.

A voice speaks best by whole sentences, and the speech service waits for them. Where the listener would hear nothing
meanwhile (before the first sound, or because a slow model is behind) a part of a sentence is given with the order to
speak it: up to a clause, else up to a word. Of the last sentence that a model could not end nothing is given.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

CLAUSE_PATIENCE_S = 0.1
WORD_PATIENCE_S = 0.3
"""So long after its first character an unfinished first sentence is cut."""
FEWEST_CHARS = 20  # of a cut phrase; about 1.3 s of speech, in which more is written
LONGEST_FIRST = 120  # characters; the first phrase is cut there even by a model that is fast
LONGEST = 400  # characters of later ones, which is less than what the speech service cuts at
WIDE_WEIGHT = 3  # ideographs: each is about as long to say as so many letters

SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]»]*\s|[。！？][」』”’）]*|\n")
CLAUSE_END = re.compile(r"[,;:–—]\s|[，、；：]")
SPACE = re.compile(r"\s")
WIDE = re.compile("[\u2e80-\ud7ff\uf900-\ufaff]")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A piece of the text; `at_once`: it does not end a sentence and is to be spoken all the same."""

    text: str
    at_once: bool = False


@dataclass(slots=True)
class Phrases:
    """Feed it what can be said; it gives what is to be spoken now."""

    clock: Callable[[], float] = time.monotonic
    given: int = 0  # code points given
    sentences: bool = False  # some sentence was given to its end
    _held: str = ""
    _since: float | None = field(default=None)  # when the first character came

    def feed(self, text: str, *, hungry: bool = False) -> list[Phrase]:
        """What is to be spoken now; `hungry`: the listener has nothing more to hear."""
        self._held += text
        if self._since is None and self._held:
            self._since = self.clock()
        phrases = []
        if end := _last_end(SENTENCE_END, self._held):
            phrases.append(self._give(end))
            self.sentences = True
        elif cut := self._cut(hungry=hungry):
            phrases.append(self._give(cut, at_once=True))
        elif len(self._held) > LONGEST:
            phrases.append(self._give(_last_end(SPACE, self._held) or len(self._held)))
        return phrases

    def rest(self, *, ragged: bool = False) -> list[Phrase]:
        """What is left; of a `ragged` text not the sentence that was not ended, if there are others."""
        if not self._held or (ragged and self.sentences):
            self._held = ""
            return []
        return [self._give(len(self._held))]

    def _cut(self, *, hungry: bool) -> int:
        """Where to cut what is held because somebody waits to hear it; 0 = nowhere."""
        if not hungry and (self.given or self._since is None):
            return 0
        if _weight(self._held) < FEWEST_CHARS:
            return 0
        waited_s = float("inf") if hungry or self._since is None else self.clock() - self._since
        long = len(self._held) > LONGEST_FIRST
        clause = _last_end(CLAUSE_END, self._held)
        if (waited_s >= CLAUSE_PATIENCE_S or long) and _weight(self._held[:clause]) >= FEWEST_CHARS:
            return clause
        if waited_s < WORD_PATIENCE_S and not long:
            return 0
        word = _last_end(SPACE, self._held)
        if _weight(self._held[:word]) >= FEWEST_CHARS:
            return word
        return len(self._held) if long or WIDE.search(self._held) else 0

    def _give(self, chars: int, *, at_once: bool = False) -> Phrase:
        phrase, self._held = Phrase(self._held[:chars], at_once), self._held[chars:]
        self.given += chars
        return phrase


def _last_end(pattern: re.Pattern[str], text: str) -> int:
    return max((match.end() for match in pattern.finditer(text)), default=0)


def _weight(text: str) -> int:
    return len(text) + (WIDE_WEIGHT - 1) * len(WIDE.findall(text))
