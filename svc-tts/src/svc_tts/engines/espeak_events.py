"""From espeak's word and phoneme events to words and phones with exact times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from svc_tts.engine import Phone, Piece, SpokenWord
from svc_tts.frontend.readings import Run

_WORD = 1  # espeakEVENT_WORD; the other kind that comes is espeakEVENT_PHONEME
_STRESS = re.compile("[ˈˌ]")
_LANGUAGE_SWITCH = re.compile(r"^\(.*\)$")  # "(en)": not a sound
_NOT_IPA = (("ts.", "ʈʂ"), ("s.", "ʂ"), ("z.", "ʐ"), ("i.", "ɨ"), ("o-", "ɤ"))  # left over in espeak's Mandarin
_ASPIRATED = re.compile(r"(?<=[ptkɕʂsʃ])h$")


class Transcript:
    """What was heard so far of one request; times are seconds at `rate` Hz."""

    def __init__(self, text: str, runs: Sequence[Run], rate: int) -> None:
        self._text = text
        self._runs = runs
        self._rate = rate
        self._word: tuple[int, int, float] | None = None  # start, end in the text, start in seconds
        self._phone = Phone("", 0.0, 0.0)  # the one that sounds now; its end is not known yet
        self._sounded_s = 0.0  # end of the last phone that was no silence
        self._words: list[SpokenWord] = []
        self._phones: list[Phone] = []

    def hear(self, events: Sequence[Sequence[Any]], sound: bytes) -> Piece:
        """The piece of one frame."""
        for kind, sample, position, length, ipa, run in events:
            at_s = max(sample / self._rate, self._phone.start_s)
            if kind == _WORD:
                self._begin_word(self._runs[run].text.source(position, position + length), at_s)
            elif not _LANGUAGE_SWITCH.match(ipa):
                self._begin_phone(ipa, at_s)
        return self._take(sound)

    def end(self, samples: int) -> Piece:
        """Everything ends here."""
        self._close_phone(samples / self._rate)
        self._take_in(len(self._text))
        self._close_word()
        return self._take(b"")

    def _begin_word(self, span: tuple[int, int], at_s: float) -> None:
        if self._word is not None and span[0] < self._word[1]:
            return  # "25" is heard as several words and written as one
        self._end_phone_at(at_s)
        self._take_in(span[0])
        self._close_word()
        self._word = (*span, at_s)

    def _take_in(self, until: int) -> None:
        """Words up to there that had no event of their own belong to the last: espeak tells "tout le monde" as one."""
        if self._word is not None:
            start, end, at_s = self._word
            more = self._text[end:until].rstrip()
            while more and not more[-1].isalnum():
                more = more[:-1]
            self._word = (start, end + len(more), at_s)

    def _begin_phone(self, ipa: str, at_s: float) -> None:
        name = _ipa(ipa)
        if not name and not self._phone.ipa:
            return
        self._close_phone(at_s)
        self._phone = Phone(name, at_s, at_s, stressed=bool(_STRESS.search(ipa)))

    def _end_phone_at(self, at_s: float) -> None:
        if self._phone.ipa:
            self._sounded_s = max(self._sounded_s, at_s)

    def _close_phone(self, at_s: float) -> None:
        phone = self._phone
        self._end_phone_at(at_s)
        if at_s > phone.start_s:
            self._phones.append(Phone(phone.ipa, phone.start_s, at_s, phone.stressed))

    def _close_word(self) -> None:
        if self._word is not None:
            start, end, start_s = self._word
            self._words.append(SpokenWord(start, end, start_s, max(self._sounded_s, start_s)))
        self._word = None

    def _take(self, sound: bytes) -> Piece:
        piece = Piece(sound, tuple(self._words), tuple(self._phones))
        self._words.clear()
        self._phones.clear()
        return piece


def _ipa(name: str) -> str:
    name = _STRESS.sub("", name).strip()
    for own, ipa in _NOT_IPA:
        name = name.replace(own, ipa)
    return _ASPIRATED.sub("ʰ", name)
