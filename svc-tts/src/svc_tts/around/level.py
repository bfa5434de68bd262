"""Loudness to a target. Each voice has one gain, from how loud it was heard before; within a sentence it never changes.

A voice that was never heard is listened to first: its first second is held back, once in the life of the process. What
each sentence turns out to be refines what is remembered, by a decibel at most, so a long answer does not pump. What the
gain makes louder than full scale, a limiter turns down.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import numpy as np

from svc_tts.around.wrapped import WrappedEngine, voice_key
from svc_tts.audio.limiter import Limiter
from svc_tts.audio.loudness import LoudnessMemory, loudness
from svc_tts.audio.stretch import Samples, as_pcm
from svc_tts.engine import Engine, Piece, Utterance

_LISTENED_S = 1.0
_MOST_GAIN_DB = 30.0


class LevelEngine(WrappedEngine):
    """The inner engine, as loud as `Utterance.loudness_lufs` says."""

    def __init__(self, inner: Engine) -> None:
        super().__init__(inner)
        self._memory = LoudnessMemory()

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        """Speak; where no loudness is asked for, as the inner engine does."""
        if utterance.loudness_lufs is None:
            pieces = self.inner.speak(utterance)
        else:
            pieces = self._levelled(replace(utterance, mp3_wanted=False), utterance.loudness_lufs)
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece

    async def _levelled(self, utterance: Utterance, target: float) -> AsyncGenerator[Piece, None]:
        rate, voice = self.facts.sample_rate, f"{self.facts.name}/{voice_key(utterance)}"
        level = Level(rate, target, self._memory.of(voice))
        async with aclosing(self.inner.speak(utterance)) as pieces:
            async for piece in pieces:
                pcm = await asyncio.to_thread(level.feed, piece.pcm) if piece.pcm else b""
                yield replace(piece, pcm=pcm)
        yield Piece(await asyncio.to_thread(level.finish))
        measured = await asyncio.to_thread(level.measured)
        if measured is not None:
            self._memory.note(voice, measured, level.seconds)


class Level:
    """One sentence brought to `target` LUFS, if its voice is `known` to have that many."""

    def __init__(self, rate: int, target: float, known: float | None) -> None:
        self._rate, self._target = rate, target
        self._limiter = Limiter(rate)
        self._gain = None if known is None else _gain(target, known)
        self._heard: list[Samples] = []
        self._waiting: list[Samples] = []

    @property
    def seconds(self) -> float:
        """How long it is."""
        return sum(map(len, self._heard)) / self._rate

    def measured(self) -> float | None:
        """LUFS of the engine's own sound so far; None of silence."""
        return loudness(np.concatenate(self._heard), self._rate) if self._heard else None

    def feed(self, pcm: bytes) -> bytes:
        """What is ready of it, PCM s16le."""
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
        self._heard.append(samples)
        self._waiting.append(samples)
        if self._gain is None and self.seconds >= _LISTENED_S:
            self._gain = self._first_gain()
        return b"" if self._gain is None else as_pcm(self._limiter.feed(self._released(self._gain)))

    def finish(self) -> bytes:
        """The rest of it, PCM s16le."""
        gain = self._gain if self._gain is not None else self._first_gain()
        made = self._limiter.feed(self._released(gain))
        return as_pcm(np.concatenate((made, self._limiter.finish())))

    def _first_gain(self) -> float:
        measured = self.measured()
        return 1.0 if measured is None else _gain(self._target, measured)

    def _released(self, gain: float) -> Samples:
        samples = np.concatenate((*self._waiting, np.zeros(0, np.float32))) * np.float32(gain)
        self._waiting.clear()
        return samples


def _gain(target: float, known: float) -> float:
    decibels = max(-_MOST_GAIN_DB, min(_MOST_GAIN_DB, target - known))
    return float(10 ** (decibels / 20))
