"""From the states a sound went through to the phones and words that are heard in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from svc_tts.audio.reading import Reading
from svc_tts.engine import Phone, Piece, SpokenWord

_STOPS = ("p", "b", "t", "d", "k", "ɡ", "g", "q", "c", "ʈ", "ɖ")
_CLOSURE_S = 0.05  # that a stop is silent before it is heard: of a pause before it, so much is its own


def joined(told: Sequence[Piece]) -> Piece:
    """All that these tell, without their sound."""
    words = tuple(word for piece in told for word in piece.words)
    return Piece(b"", words, tuple(phone for piece in told for phone in piece.phones))


class Heard:
    """What one sound was understood to say so far; phones cover it without gap, every word is told once."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._word_of = reading.words_of_phones()
        self._now: int | None = None  # the phone that sounds; None = a pause
        self._since_s = 0.0
        self._word, self._word_s = -1, (0.0, 0.0)  # the last one that began, and where it is heard
        self._phones: list[Phone] = []
        self._words: list[SpokenWord] = []

    def hear(self, changes: Iterable[tuple[float, int | None]]) -> Piece:
        """From each of these moments on (seconds), that phone sounds, or none."""
        for at_s, phone in changes:
            if phone != self._now:
                early_s = _CLOSURE_S if self._now is None and self._begins_shut(phone) else 0.0
                self._close(max(at_s - early_s, self._since_s))
                self._now = phone
                if phone is not None and self._word_of[phone] > self._word:
                    self._begin_word(self._word_of[phone], self._since_s)
        return self._take()

    def end(self, length_s: float) -> Piece:
        """The sound has ended; words that were not heard are told to be there."""
        at_s = max(length_s, self._since_s)
        self._close(at_s)
        self._begin_word(len(self._reading.words), self._word_s[1] or at_s)
        return self._take()

    def _begins_shut(self, phone: int | None) -> bool:
        return phone is not None and self._reading.phones[phone].ipa.startswith(_STOPS)

    def _close(self, at_s: float) -> None:
        if at_s > self._since_s:
            said = None if self._now is None else self._reading.phones[self._now]
            ipa, stressed = (said.ipa, said.stressed) if said else ("", False)
            self._phones.append(Phone(ipa, self._since_s, at_s, stressed=stressed))
        if self._now is not None:
            self._word_s = (self._word_s[0], at_s)
        self._since_s = at_s

    def _begin_word(self, number: int, at_s: float) -> None:
        """Tell the words before that one."""
        for done in range(max(self._word, 0), number):
            word = self._reading.words[done]
            start_s, end_s = self._word_s if done == self._word else (at_s, at_s)
            self._words.append(SpokenWord(word.start, word.end, start_s, max(start_s, end_s)))
        self._word, self._word_s = number, (at_s, at_s)

    def _take(self) -> Piece:
        piece = Piece(b"", tuple(self._words), tuple(self._phones))
        self._words.clear()
        self._phones.clear()
        return piece
