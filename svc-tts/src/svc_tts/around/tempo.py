"""Speed and pitch for engines that have none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import numpy as np

from svc_tts.around.wrapped import WrappedEngine, can
from svc_tts.audio.stretch import Stretcher, as_pcm
from svc_tts.engine import EngineFacts, Phone, Piece, SpokenWord, Utterance

_CHANGES = ("speed", "pitch")


class TempoEngine(WrappedEngine):
    """The inner engine, at any speed and pitch; times of words and phones follow the sound."""

    @property
    def facts(self) -> EngineFacts:
        """The inner engine's, and it has speed and pitch."""
        facts = self.inner.facts
        lacking = tuple(change for change in _CHANGES if change not in facts.features)
        return replace(facts, features=(*facts.features, *lacking)) if lacking else facts

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        """Speak; what the inner engine can change, it changes."""
        facts, voice = self.inner.facts, utterance.voice
        speed = 1.0 if can(facts, voice, "speed") else utterance.speed  # what is left to do here
        pitch = 0.0 if can(facts, voice, "pitch") else utterance.pitch
        if speed == 1.0 and pitch == 0.0:
            async with aclosing(self.inner.speak(utterance)) as pieces:
                async for piece in pieces:
                    yield piece
            return
        asked = replace(utterance, speed=utterance.speed / speed, pitch=utterance.pitch - pitch, mp3_wanted=False)
        stretcher = Stretcher(facts.sample_rate, speed, pitch)
        async with aclosing(self.inner.speak(asked)) as pieces:
            async for piece in pieces:
                yield await _stretched(piece, stretcher, speed)
        yield Piece(await asyncio.to_thread(lambda: as_pcm(stretcher.finish())))


async def _stretched(piece: Piece, stretcher: Stretcher, speed: float) -> Piece:
    pcm = await asyncio.to_thread(_fed, stretcher, piece.pcm) if piece.pcm else b""
    words = tuple(SpokenWord(w.start, w.end, w.start_s / speed, w.end_s / speed) for w in piece.words)
    phones = tuple(Phone(p.ipa, p.start_s / speed, p.end_s / speed, p.stressed) for p in piece.phones)
    return Piece(pcm, words, phones)


def _fed(stretcher: Stretcher, pcm: bytes) -> bytes:
    return as_pcm(stretcher.feed(np.frombuffer(pcm, dtype="<i2").astype(np.float32)))
