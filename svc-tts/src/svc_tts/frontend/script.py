"""What is to be said, sentence by sentence: stretches of text with their style, and pauses between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from svc_tts.frontend.aligned import AlignedText
from svc_tts.frontend.pauses import Pause, split_pauses
from svc_tts.frontend.sentences import SentenceSplitter
from svc_tts.frontend.style import Style

PLAIN = Style()


@dataclass(frozen=True, slots=True)
class Stretch:
    """Text said in one way."""

    text: AlignedText
    style: Style = PLAIN


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, and how far it goes: code points of the input from its beginning."""

    parts: tuple[Stretch | Pause, ...]
    consumed: int


class Scribe(Protocol):
    """Reads the input as it comes."""

    def feed(self, text: str) -> list[Sentence]:
        """The sentences that are whole now."""

    def flush(self) -> list[Sentence]:
        """What is held back, whole or not."""

    def close(self) -> list[Sentence]:
        """The text has ended: what is held back."""


class PlainScribe:
    """Text as it is, with pauses in it."""

    def __init__(self, language: str) -> None:
        self._splitter = SentenceSplitter(language)
        self._consumed = 0

    def feed(self, text: str) -> list[Sentence]:
        """The sentences that are whole now."""
        return [self._sentence(raw) for raw in self._splitter.feed(text)]

    def flush(self) -> list[Sentence]:
        """What is held back, whole or not."""
        return [self._sentence(raw) for raw in self._splitter.flush()]

    def close(self) -> list[Sentence]:
        """As `flush`."""
        return self.flush()

    def _sentence(self, raw: str) -> Sentence:
        parts = split_pauses(AlignedText.of(raw, self._consumed))
        self._consumed += len(raw)
        stretches = (part if isinstance(part, Pause) else Stretch(part) for part in parts)
        return Sentence(tuple(stretches), self._consumed)
