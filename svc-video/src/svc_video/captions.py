"""The words of a film, burned into its frames as they are spoken. The engine knows nothing of it.

Which words stand together follows from the words alone, from the first one on, and what a frame shows from them and its
time: a resumed film goes on with the plate the first one would have shown.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from typing import TypeVar

from svc_video.film import Frame, to_i420
from svc_video.fonts import FontBook
from svc_video.lettering import Lettering, Page, Patch
from svc_video.speech import Speech, Word

MIN_SIDE = 128  # pixels of the shorter side; letters in less cannot be read
LEAD_MS = 100  # a plate comes so long before its first word
HOLD_MS = 600  # ... and stays so long after its last
PAUSE_MS = 900  # of silence: what follows stands on a plate of its own
SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "।", "؟")  # full-width ones end sentences too
CLOSING = "\"'”’»)］」』"  # may follow the end
KEPT = 4  # patches; only the one on screen is needed
FIRST_WORDS_S, FIRST_SOUND_MS = 5.0, 600  # whether words come is judged after so long, or so much sound

K = TypeVar("K")
V = TypeVar("V")

NO_WORDS = "no captions: they need the words and their times, which come with a script that an engine here speaks"


class Captions:
    """Draws the words of one stream over frames of one size."""

    def __init__(self, speech: Speech, width: int, height: int, book: FontBook) -> None:
        self._speech = speech
        self._lettering = Lettering(width, height, book)
        self._legible = min(width, height) >= MIN_SIDE
        self._starts: list[int] = []  # number of each page's first word
        self._start_ms: list[int] = []  # ... and when it comes
        self._seen = 0  # words that are on pages
        self._lagged = -1  # the page whose words were not worth waiting for
        self._pages: OrderedDict[tuple[int, int], Page | None] = OrderedDict()
        self._patches: OrderedDict[tuple[int, int, int | None], Patch] = OrderedDict()

    def notes(self) -> list[str]:
        """Why nothing will be shown, if so. Waits for the first words."""
        if not self._legible:
            return [f"no captions: they cannot be read in a frame with a side of less than {MIN_SIDE} pixels"]
        if not self._speech.await_words(FIRST_SOUND_MS, FIRST_WORDS_S):
            return [NO_WORDS]
        text = " ".join(word.text for word in self._speech.words())
        if self._lettering.can_set(text) or any(self._lettering.can_set(word.text) for word in self._speech.words()):
            return []
        return [f'no captions: no font here has the letters of "{text[:20]}"; install one, as the Noto fonts']

    def drawn(self, frame: Frame, at_ms: float) -> Frame:
        """The frame with the words of that moment, as I420."""
        patch = self._patch(at_ms) if self._legible else None
        if patch is None:
            return frame
        planes = to_i420(frame)
        planes = planes.copy() if planes is frame else planes  # the engine may show its own again
        patch.over(planes)
        return planes

    def _patch(self, at_ms: float) -> Patch | None:
        """What is laid over the frame of that moment."""
        index = self._page_at(at_ms)
        if index is None:
            return None
        first, last = self._span(index)
        words = self._speech.words()[first:last]
        if at_ms >= words[-1].end_ms + HOLD_MS:
            return None
        page = self._page(words, first, last)
        if page is None:
            return None
        begun = bisect_right(words, at_ms, key=lambda word: word.start_ms)
        spoken = first + begun - 1 if begun else None
        key = first, last, spoken
        if key not in self._patches:
            _keep(self._patches, key, page.patch(spoken))
        return self._patches[key]

    def _page_at(self, at_ms: float) -> int | None:
        self._turn()
        index = bisect_right(self._start_ms, at_ms + LEAD_MS) - 1
        # The page on screen may not be whole yet: it would be set anew, before everybody's eyes, with each word.
        while index >= 0 and index == len(self._starts) - 1 and index != self._lagged and not self._speech.ended:
            if not self._speech.await_word(self._seen):
                self._lagged = index
            self._turn()
            index = bisect_right(self._start_ms, at_ms + LEAD_MS) - 1
        return index if index >= 0 else None

    def _span(self, index: int) -> tuple[int, int]:
        last = self._starts[index + 1] if index + 1 < len(self._starts) else self._seen
        return self._starts[index], last

    def _turn(self) -> None:
        """Put the words that have come on pages."""
        words = self._speech.words()
        for number in range(self._seen, len(words)):
            if not self._starts or self._begins(words[self._starts[-1] : number], words[number]):
                self._starts.append(number)
                self._start_ms.append(words[number].start_ms)
            self._seen = number + 1

    def _begins(self, page: Sequence[Word], word: Word) -> bool:
        """Whether that word stands on a new page."""
        last = page[-1]
        if last.text.rstrip(CLOSING).endswith(SENTENCE_ENDS) or word.start_ms - last.end_ms > PAUSE_MS:
            return True
        return not self._lettering.fits([*page, word])

    def _page(self, words: Sequence[Word], first: int, last: int) -> Page | None:
        if (first, last) not in self._pages:
            _keep(self._pages, (first, last), self._lettering.page(words, first))
        return self._pages[first, last]


def _keep(kept: OrderedDict[K, V], key: K, value: V) -> None:
    kept[key] = value
    while len(kept) > KEPT:
        kept.popitem(last=False)
