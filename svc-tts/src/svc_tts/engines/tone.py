"""A deterministic engine for tests, benches and chaos: each word is a tone, its pitch told by the word's length.

It can be slow (`delay_ms_per_word`) or break (`fail_after_words`) on purpose. It is in no default chain.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable

import numpy as np

from svc_tts.engine import (
    EngineContext,
    EngineFacts,
    EngineVoice,
    Gender,
    Phone,
    Piece,
    SpokenWord,
    ToneOptions,
    Utterance,
)
from troupe.wire.errors import EngineFailed

_RATE = 24_000  # Hz
_SOUNDING = 0.8  # of a word's time; the rest is silence
_AMPLITUDE = 8_000
_WORD = re.compile(r"\S+")


class ToneEngine:
    """Words as tones."""

    def __init__(self, context: EngineContext) -> None:
        del context  # it needs nothing
        self.facts = EngineFacts(
            name="tone",
            sample_rate=_RATE,
            languages=(),
            licence="Apache-2.0",
            features=("timings", "cues", "speed", "pitch"),
            worth_keeping=False,
        )

    def voices(self) -> tuple[EngineVoice, ...]:
        """A low one and a high one."""
        return (
            EngineVoice("tone-high", "High", "en-US", Gender.FEMALE),
            EngineVoice("tone-low", "Low", "en-US", Gender.MALE),
        )

    async def start(self, report: Callable[[float], None]) -> None:
        """It is always loaded."""
        report(1.0)

    async def check(self) -> None:
        """It cannot break by itself."""

    async def stop(self) -> None:
        """Nothing to leave."""

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        """One piece a word."""
        options = utterance.options if isinstance(utterance.options, ToneOptions) else ToneOptions()
        samples = 0
        for number, match in enumerate(_WORD.finditer(utterance.text), utterance.words_before + 1):
            if options.delay_ms_per_word:
                await asyncio.sleep(options.delay_ms_per_word / 1000)
            if options.fail_after_words and number > options.fail_after_words:
                raise EngineFailed(f"The tone engine broke after {options.fail_after_words} words, as asked.")
            word = _tone(utterance, options, match.group())
            yield _piece(word, match.span(), samples / _RATE)
            samples += len(word)


def _tone(utterance: Utterance, options: ToneOptions, word: str) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    length = round(options.ms_per_word / 1000 / utterance.speed * _RATE)
    octave = 2.0 if utterance.voice.gender is Gender.FEMALE else 1.0
    hz = options.base_hz * octave * 2 ** ((len(word) % 12 + utterance.pitch) / 12)
    samples = np.zeros(length, np.int16)
    sounding = np.arange(round(length * _SOUNDING))
    samples[: len(sounding)] = np.rint(_AMPLITUDE * np.sin(2 * np.pi * hz * sounding / _RATE)).astype(np.int16)
    return samples


def _piece(samples: np.ndarray[tuple[int], np.dtype[np.int16]], span: tuple[int, int], start_s: float) -> Piece:
    end_s = start_s + len(samples) / _RATE
    silent_s = start_s + round(len(samples) * _SOUNDING) / _RATE
    return Piece(
        pcm=samples.astype("<i2", copy=False).tobytes(),
        words=(SpokenWord(*span, start_s, silent_s),),
        phones=(Phone("a", start_s, silent_s, stressed=True), Phone("", silent_s, end_s)),
    )
