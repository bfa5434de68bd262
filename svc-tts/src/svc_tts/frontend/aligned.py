"""Text that remembers which code points of the input each of its characters stands for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from re import Match, Pattern

Span = tuple[int, int]
"""Start and end in code points, end excluded."""


@dataclass(frozen=True, slots=True)
class AlignedText:
    """`spans[i]` is where `text[i]` comes from in the input."""

    text: str
    spans: tuple[Span, ...]

    @classmethod
    def of(cls, text: str, start: int = 0) -> AlignedText:
        """`text` itself, standing at `start` of the input."""
        return cls(text, tuple((start + i, start + i + 1) for i in range(len(text))))

    @classmethod
    def join(cls, parts: list[AlignedText]) -> AlignedText:
        """The parts one after the other."""
        return cls("".join(p.text for p in parts), tuple(span for p in parts for span in p.spans))

    def __getitem__(self, key: slice) -> AlignedText:
        return AlignedText(self.text[key], self.spans[key])

    def __len__(self) -> int:
        return len(self.text)

    def source(self, start: int, end: int) -> Span:
        """The input's span that characters `start`..`end` stand for."""
        if not self.spans:
            return 0, 0
        first = min(max(start, 0), len(self.spans) - 1)
        last = min(max(end - 1, first), len(self.spans) - 1)
        return self.spans[first][0], max(self.spans[first][1], self.spans[last][1])

    def read_as(self, reading: str) -> AlignedText:
        """`reading` said in place of the whole; each of its characters stands for all of it."""
        span = self.source(0, len(self))
        return AlignedText(reading, (span,) * len(reading))

    def sub(self, pattern: Pattern[str], replace: Callable[[Match[str]], str]) -> AlignedText:
        """Each match replaced by what `replace` makes of it."""
        parts: list[AlignedText] = []
        at = 0
        for match in pattern.finditer(self.text):
            parts += [self[at : match.start()], self[match.start() : match.end()].read_as(replace(match))]
            at = match.end()
        return AlignedText.join([*parts, self[at:]]) if parts else self

    def strip(self) -> AlignedText:
        """Without white space at both ends."""
        left = len(self.text) - len(self.text.lstrip())
        return self[left : left + len(self.text.strip())]
