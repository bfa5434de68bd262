"""A voice for tests that needs no program: each letter sounds like a vowel of its own, and it knows when.

Two of them with other pitches, speeds and vocal tracts say the same letters recognisably alike, as people do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

import numpy as np

from svc_tts.engine import EngineFacts, EngineVoice, Gender, Phone, Piece, SpokenWord, Utterance

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SPACE_S, _COMMA_S = 0.02, 0.25
VOICE = EngineVoice("formants", "Formants", "en-US", Gender.FEMALE)


@dataclass(frozen=True)
class Timbre:
    """How it sounds."""

    pitch_hz: float = 110.0
    tract: float = 1.0  # formants' frequencies are that much higher
    letter_s: float = 0.09
    gain: float = 0.3


class FormantEngine:
    """Says letters; `features` decides what it tells of them, `piece_s` how much sound comes at once, `pause_s` how
    long it waits after that."""

    def __init__(
        self,
        timbre: Timbre = Timbre(),
        *,
        features: tuple[str, ...] = ("timings", "cues"),
        rate: int = 22_050,
        piece_s: float = 0.2,
        pause_s: float = 0.0,
    ) -> None:
        self.timbre, self._piece_s, self._pause_s = timbre, piece_s, pause_s
        self.facts = EngineFacts("formants", rate, ("en-US",), "Apache-2.0", features=features, sentence_gap_s=0.1)
        self.heard: list[Utterance] = []
        self.started = self.stopped = 0

    def voices(self) -> tuple[EngineVoice, ...]:
        return (VOICE,)

    async def start(self, report: Callable[[float], None]) -> None:
        self.started += 1
        report(1.0)

    async def check(self) -> None:
        pass

    async def stop(self) -> None:
        self.stopped += 1

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        self.heard.append(utterance)
        pcm, words, phones = say(utterance.text, self.timbre, self.facts.sample_rate, utterance.speed)
        told = Piece(
            words=words if "timings" in self.facts.features else (),
            phones=phones if "cues" in self.facts.features else (),
        )
        if told.words or told.phones:
            yield told
        step = 2 * round(self._piece_s * self.facts.sample_rate)
        for at in range(0, len(pcm), step):
            yield Piece(pcm[at : at + step])
            await asyncio.sleep(self._pause_s)


def say(
    text: str, timbre: Timbre, rate: int, speed: float = 1.0
) -> tuple[bytes, tuple[SpokenWord, ...], tuple[Phone, ...]]:
    """The sound of a text, and when each of its words and letters is heard."""
    sound, words, phones, at_s = [np.zeros(0, np.float32)], list[SpokenWord](), list[Phone](), 0.0
    start, start_s = 0, 0.0
    for index, letter in enumerate(text + " "):
        spoken = letter.lower() in _LETTERS and index < len(text)
        seconds = (timbre.letter_s if spoken else _COMMA_S if letter == "," else _SPACE_S) / speed
        if not spoken and start < index:
            words.append(SpokenWord(start, index, start_s, at_s))
        if not spoken:
            start, start_s = index + 1, at_s + seconds
        made = _letter(letter.lower(), timbre, rate, seconds) if spoken else np.zeros(round(seconds * rate), np.float32)
        phones.append(Phone(letter.lower() if spoken else "", at_s, at_s + len(made) / rate))
        sound.append(made)
        at_s += len(made) / rate
    samples = np.concatenate(sound)
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes(), tuple(words), tuple(phones)


def _letter(letter: str, timbre: Timbre, rate: int, seconds: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    number = _LETTERS.index(letter)
    formants = (300 + 60 * (number * 7 % 13), 900 + 130 * (number * 5 % 17), 2500 + 150 * (number * 3 % 11))
    time_s = np.arange(round(seconds * rate)) / rate
    harmonics = np.arange(1, int(6_000 / timbre.pitch_hz)) * timbre.pitch_hz
    gains = sum(np.exp(-(((harmonics - timbre.tract * formant) / 140) ** 2)) for formant in formants) + 0.003
    wave = (gains[:, None] * np.sin(2 * np.pi * harmonics[:, None] * time_s)).sum(axis=0)
    edge = np.minimum(1, np.minimum(time_s, seconds - time_s) / 0.01)
    return (timbre.gain * edge * wave / np.abs(wave).max(initial=1e-9)).astype(np.float32)
