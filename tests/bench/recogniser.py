"""What an offline recogniser (pocketsphinx, English only) understands of speech, and how much of it is wrong."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import soxr

from troupe.wire.media import SAMPLE_RATE

RATE = 16_000  # Hz, of its model
LEAD_S = 0.1  # of silence around a sentence: it takes the first phones for noise without


class Recogniser:
    """One decoder with its English model."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder

    @classmethod
    def here(cls) -> Self | None:
        """None where pocketsphinx is not installed: it has no wheels for every machine."""
        try:
            pocketsphinx = importlib.import_module("pocketsphinx")
        except ImportError:
            return None
        return cls(pocketsphinx.Decoder(loglevel="FATAL", samprate=RATE))

    def hear(self, pcm: bytes) -> str:
        """The words of one sentence, PCM s16le mono 24 kHz."""
        samples = np.frombuffer(pcm, "<i2").astype(np.float32)
        quiet = np.zeros(round(LEAD_S * SAMPLE_RATE), np.float32)
        heard = soxr.resample(np.concatenate([quiet, samples, quiet]), SAMPLE_RATE, RATE)
        self._decoder.start_utt()
        self._decoder.process_raw(heard.clip(-32_768, 32_767).astype("<i2").tobytes(), full_utt=True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        return found.hypstr if found else ""


def words_of(text: str) -> list[str]:
    """Small words without marks, as the recogniser writes them (it numbers pronunciations: "the(2)")."""
    return re.findall(r"[a-z']+", re.sub(r"\(\d\)", "", text.lower()))


def word_errors(wanted: Sequence[str], heard: Sequence[str]) -> int:
    """Words replaced, left out and put in, at least (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(wanted, 1):
        row, before = [number], row
        for at, other in enumerate(heard, 1):
            row.append(min(before[at] + 1, row[-1] + 1, before[at - 1] + (word != other)))
    return row[-1]
