"""Words and phones placed without listening: phones inside words whose times are known, words by their length."""

from __future__ import annotations

import re

import numpy as np

from svc_tts.audio.reading import Reading
from svc_tts.engine import Phone, Piece, SpokenWord

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\s\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_SPEAKABLE = re.compile(r"\w")
_BLOCK_S = 0.01
_SPEECH_SHARE = 0.02  # of the loudest block: quieter ones are before or after speech


class PhonesInWords:
    """Phones of a reading, each word's stretched to the time at which an engine says the word."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        belongs = reading.words_of_phones()
        self._phones: list[list[Phone]] = [[] for _ in reading.words]
        for phone, word in zip(reading.phones, belongs, strict=True):
            if word >= 0:
                self._phones[word].append(phone)
        self._next = 0  # word of the reading
        self._until_s = 0.0

    def feed(self, piece: Piece) -> Piece:
        """The phones of its words, and the silences before them."""
        return Piece(phones=tuple(phone for word in piece.words for phone in self._of(word)))

    def finish(self, length_s: float) -> Piece:
        """Silence to the end."""
        return Piece(phones=tuple(self._silence(length_s)))

    def _of(self, word: SpokenWord) -> list[Phone]:
        said = self._said(word)
        start_s, end_s = max(word.start_s, self._until_s), max(word.end_s, self._until_s)
        placed = self._silence(start_s)
        if said and end_s > start_s:
            first_s = said[0].start_s
            scale = (end_s - start_s) / max(1e-6, said[-1].end_s - first_s)
            ends = [start_s + (phone.end_s - first_s) * scale for phone in said]
            starts = [start_s, *ends[:-1]]
            placed += [Phone(p.ipa, s, e, p.stressed) for p, s, e in zip(said, starts, ends, strict=True)]
            self._until_s = end_s
        return placed

    def _said(self, word: SpokenWord) -> list[Phone]:
        """What the reading says for that word; each of its own words is used once."""
        said: list[Phone] = []
        words = self._reading.words
        while self._next < len(words) and words[self._next].start < word.end:
            if words[self._next].end > word.start:
                said += self._phones[self._next]
            self._next += 1
        return said

    def _silence(self, until_s: float) -> list[Phone]:
        since_s, self._until_s = self._until_s, max(self._until_s, until_s)
        return [Phone("", since_s, until_s)] if until_s > since_s else []


class WordsByLength:
    """Words of a text shared out over the sound by their length: all there is without another voice's reading."""

    def __init__(self, text: str, rate: int) -> None:
        self._spans = [m.span() for m in _WORD.finditer(text) if _SPEAKABLE.search(m.group())]
        self._block = round(_BLOCK_S * rate)
        self._held = np.zeros(0, np.float32)  # less than a block
        self._levels: list[np.ndarray[tuple[int], np.dtype[np.float32]]] = []

    def feed(self, piece: Piece) -> Piece:
        """Nothing is told before the sound's length is known."""
        self._held = np.concatenate((self._held, np.frombuffer(piece.pcm, dtype="<i2").astype(np.float32)))
        whole = len(self._held) // self._block * self._block
        self._levels.append(np.abs(self._held[:whole].reshape(-1, self._block)).max(axis=1))
        self._held = self._held[whole:]
        return Piece()

    def finish(self, length_s: float) -> Piece:
        """All the words."""
        start_s, end_s = self._speech(length_s)
        letters = sum(end - start for start, end in self._spans)
        words, at = [], 0
        for start, end in self._spans:
            since_s = start_s + (end_s - start_s) * at / letters
            at += end - start
            words.append(SpokenWord(start, end, since_s, start_s + (end_s - start_s) * at / letters))
        return Piece(words=tuple(words))

    def _speech(self, length_s: float) -> tuple[float, float]:
        """From when to when there is speech."""
        levels = np.concatenate(self._levels) if self._levels else np.zeros(0, np.float32)
        loud = np.flatnonzero(levels > _SPEECH_SHARE * levels.max(initial=0.0))
        if not len(loud):
            return 0.0, length_s
        return min(length_s, float(loud[0]) * _BLOCK_S), min(length_s, float(loud[-1] + 1) * _BLOCK_S)
