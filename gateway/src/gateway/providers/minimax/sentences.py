"""Text that arrives in any pieces -> runs of whole sentences, as many at once as one call should say.

Every call counts against a limit of requests per minute, so what has been written while the last run was spoken becomes
one run. Nothing is lost: the runs joined are the input.
"""

from __future__ import annotations

import re

RUN_CHARS = 400
"""Said in one call at most. Timings come at a run's end, so this is what a speech that breaks may say twice (20 s)."""
_EARLIEST_CUT = RUN_CHARS // 3

_END = re.compile(r"(?:[.!?…]+[\"'”’)\]]*\s+|[。！？]+[”’」』）]*\s*|\n\s*)")
_CLAUSE = re.compile(r"(?:[;:,–—]\s+|[，、；：])")
_TITLES = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|etc|No|Fig|Sr|Jr|Inc|Ltd|e\.g|i\.e|[A-Z]|\d+))\.\s+$", re.IGNORECASE
)


class Runs:
    """Feed it text; take runs when a call is free."""

    def __init__(self, longest: int = RUN_CHARS) -> None:
        self._longest = longest
        self._held = ""
        self._flushed = 0  # characters that may be said although no sentence ends there

    def feed(self, text: str) -> None:
        """More text."""
        self._held += text

    def flush(self) -> None:
        """What has come so far may be said."""
        self._flushed = len(self._held)

    def take(self) -> str:
        """The next run; empty while nothing is whole."""
        end = self._flushed or self._last_end(len(self._held))
        if end > self._longest or (not end and len(self._held) > self._longest):
            end = self._cut()
        run, self._held = self._held[:end], self._held[end:]
        self._flushed = max(0, self._flushed - end)
        return run

    @property
    def held(self) -> int:
        """Characters that were not taken yet."""
        return len(self._held)

    def _last_end(self, limit: int) -> int:
        """Behind the last sentence that ends within `limit`; one that the text ends with needs white space after it."""
        ends = [match.end() for match in _END.finditer(self._held, 0, limit) if not self._is_title(match)]
        return ends[-1] if ends else 0

    def _is_title(self, match: re.Match[str]) -> bool:
        """Whether the full stop belongs to an abbreviation, an initial or a number in a list."""
        return bool(_TITLES.search(self._held[max(0, match.start() - 8) : match.end()])) and "\n" not in match[0]

    def _cut(self) -> int:
        """Within the longest run: after a sentence, else a clause, else a word, else hard."""
        if end := self._last_end(self._longest):
            return end
        for pattern in (_CLAUSE, re.compile(r"\s+")):
            ends = [match.end() for match in pattern.finditer(self._held, 0, self._longest)]
            fitting = [end for end in ends if end >= min(_EARLIEST_CUT, self._longest // 3)]
            if fitting:
                return fitting[-1]
        return self._longest
