"""Words for captions: as they stand in the text, signs and all, and told again to whoever goes on with a film.

Which words stand together on the screen follows from the first one on, so another replica needs all of them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator, Iterable, Iterator

from troupe.v1.media_pb2 import WordTiming
from troupe.v1.video_pb2 import AnimateInput, Speech24k

MAX_SIGNS = 4  # on either side of a word
MESSAGE_WORDS = 2_000  # in one message, some 100 KiB


def as_written(word: WordTiming, text: str) -> WordTiming:
    """The word with the signs it touches in the text: engines tell `Hello`, the text has `"Hello,`."""
    start, end = word.text_start, word.text_end
    if not 0 <= start < end <= len(text):
        return word
    while start > 0 and word.text_start - start < MAX_SIGNS and _opens(text[start - 1]):
        start -= 1
    while end < len(text) and end - word.text_end < MAX_SIGNS and _closes(text[end]):
        end += 1
    before, after = text[start : word.text_start], text[word.text_end : end]
    return WordTiming(
        word=f"{before}{word.word}{after}", text_start=start, text_end=end, start_ms=word.start_ms, end_ms=word.end_ms
    )


class Wording:
    """The words of one film, as far as they are known. Only kept where captions are asked for."""

    def __init__(self, *, kept: bool) -> None:
        self._kept = kept
        self._words: list[WordTiming] = []

    async def noted(self, messages: AsyncIterator[AnimateInput]) -> AsyncIterator[AnimateInput]:
        """The same messages; their words are kept."""
        async for message in messages:
            if self._kept:
                self._words.extend(message.speech.words)
            yield message

    def again(self, start_ms: int) -> Iterator[AnimateInput]:
        """What a film that goes on at that moment must know first; nothing for one from the start."""
        if not start_ms:
            return
        for at in range(0, len(self._words), MESSAGE_WORDS):
            yield AnimateInput(speech=Speech24k(words=self._words[at : at + MESSAGE_WORDS]))


def written(words: Iterable[WordTiming], text: str) -> list[WordTiming]:
    """All of them `as_written`."""
    return [as_written(word, text) for word in words]


def _opens(character: str) -> bool:
    return unicodedata.category(character) in {"Ps", "Pi"} or character in "\"'¿¡"


def _closes(character: str) -> bool:
    kind = unicodedata.category(character)
    return kind.startswith("P") and kind not in {"Ps", "Pi"}
