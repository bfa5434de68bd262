"""How another voice reads a text, as a row of states that a sound can be laid beside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from svc_tts.audio.cepstra import HOP_S, Matrix
from svc_tts.engine import Phone, SpokenWord

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reading:
    """Phones and words with their times in that voice, and its frames (n, 13) without its colour."""

    phones: tuple[Phone, ...]
    words: tuple[SpokenWord, ...]
    frames: Matrix

    def words_of_phones(self) -> list[int]:
        """The word each phone belongs to; -1 for silence."""
        belongs, number = [], 0
        for phone in self.phones:
            middle_s = (phone.start_s + phone.end_s) / 2
            while number + 1 < len(self.words) and self.words[number + 1].start_s <= middle_s:
                number += 1
            belongs.append(number if phone.ipa and self.words else -1)
        return belongs


@dataclass(frozen=True, slots=True)
class Row:
    """The states in order: one per frame of speech, one per pause; between any two words a pause may be."""

    frames: Matrix  # (states, 13); of a pause, any
    phone: Indices  # number of the phone it belongs to; of a pause, of the phone after it
    pause: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, reading: Reading) -> Row:
        """The row of that reading; it begins and ends with a pause."""
        states: list[tuple[int, int, bool]] = []
        before, last = None, len(reading.frames) - 1
        for number, (phone, word) in enumerate(zip(reading.phones, reading.words_of_phones(), strict=True)):
            if word != before and not (states and states[-1][2]):
                states.append((0, number, True))
            before = word
            if phone.ipa:
                first = round(phone.start_s / HOP_S)
                end = max(first + 1, round(phone.end_s / HOP_S))
                states += [(min(frame, last), number, False) for frame in range(first, end)]
        states.append((0, len(reading.phones), True))
        frames, phone_numbers, pauses = zip(*states, strict=True)
        return cls(reading.frames[list(frames)], np.array(phone_numbers), np.array(pauses))
