"""Finds out what is heard in one utterance, by the best means there is."""

from __future__ import annotations

from typing import Protocol

from svc_tts.audio.alignment import Alignment
from svc_tts.audio.cepstra import Cepstra
from svc_tts.audio.colour import VoiceColour
from svc_tts.audio.heard import joined
from svc_tts.audio.placing import PhonesInWords, WordsByLength
from svc_tts.audio.reading import Reading
from svc_tts.engine import Piece, Utterance
from troupe.wire.media import SAMPLE_BYTES


class _Means(Protocol):
    def feed(self, piece: Piece) -> Piece:
        """What is known by this piece."""

    def finish(self, length_s: float) -> Piece:
        """The rest."""


class Ear:
    """An alignment, fed with sound."""

    def __init__(self, reading: Reading, rate: int, colour: VoiceColour) -> None:
        self._alignment = Alignment(reading)
        self._cepstra = Cepstra(rate)
        self._colour = colour

    def feed(self, piece: Piece) -> Piece:
        """What is settled by that sound."""
        return self._alignment.feed(self._colour.of_all([self._cepstra.feed(piece.pcm)]))

    def finish(self, length_s: float) -> Piece:
        """The rest."""
        told = self._alignment.feed(self._colour.of_all([self._cepstra.finish()]))
        return joined([told, self._alignment.finish(length_s)])


class Listener:
    """Hears one utterance and tells what its engine does not tell itself."""

    def __init__(self, utterance: Utterance, rate: int, colour: VoiceColour, lacking: frozenset[str]) -> None:
        self._utterance, self._rate, self._colour = utterance, rate, colour
        self._lacking = lacking
        self._means: _Means | None = None
        self._waiting: list[Piece] = []  # until it is known by what means
        self._samples = 0
        self._told_s = 0.0  # end of the last word the engine told

    @property
    def length_s(self) -> float:
        """Seconds of sound so far."""
        return max(self._samples / self._rate, self._told_s)

    def hear(self, piece: Piece) -> None:
        """Take in what the engine gave."""
        self._samples += len(piece.pcm) // SAMPLE_BYTES
        self._told_s = max([self._told_s, *(word.end_s for word in piece.words)])
        if self._means is None:
            # Some engines know it of some voices.
            known = (("timings", piece.words), ("cues", piece.phones))
            self._lacking -= {feature for feature, told in known if told}
        self._waiting.append(piece)

    def tell(self, reading: Reading | None) -> Piece:
        """What is known by now; whether there is a reading must not change from one call to the next."""
        if self._means is None:
            self._means = self._by(reading)
        means, waiting = self._means, self._waiting
        self._waiting = []
        return self._wanted(joined([means.feed(piece) for piece in waiting]))

    def finish(self, reading: Reading | None) -> Piece:
        """The rest; the sound is over."""
        told = self.tell(reading)
        assert self._means is not None  # noqa: S101  # `tell` chose it
        return joined([told, self._wanted(self._means.finish(self.length_s))])

    def _by(self, reading: Reading | None) -> _Means:
        if reading is None:
            return WordsByLength(self._utterance.text, self._rate)
        if "timings" not in self._lacking:
            return PhonesInWords(reading)
        return Ear(reading, self._rate, self._colour)

    def _wanted(self, told: Piece) -> Piece:
        words = told.words if "timings" in self._lacking else ()
        return Piece(words=words, phones=told.phones if "cues" in self._lacking else ())
