"""An engine that clones, with no network: a tone at a height of its own per reference. It loads as "module:Class"."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace

import numpy as np

from svc_tts.engine import (
    EngineContext,
    EngineFacts,
    EngineVoice,
    Gender,
    Piece,
    SpokenWord,
    Utterance,
    VoiceReference,
)
from troupe.wire.errors import EngineFailed, EngineMissing

RATE = 24_000
LATENTS = "parrot.latents"


class ParrotEngine:
    """It remembers what it was asked, and keeps a file beside each reference."""

    def __init__(self, context: EngineContext) -> None:
        del context
        self.facts = EngineFacts(
            name="parrot", sample_rate=RATE, languages=("en", "fr"), licence="Apache-2.0", clones=True
        )
        self.prepared: list[VoiceReference] = []
        self.spoken: list[Utterance] = []
        self.forgotten: list[str] = []
        self.there = True
        self.fails = False
        self.held = asyncio.Event()  # `prepare` waits for it
        self.held.set()

    def voices(self) -> tuple[EngineVoice, ...]:
        return (EngineVoice("parrot-one", "One", "en-US", Gender.FEMALE),)

    async def start(self, report: Callable[[float], None]) -> None:
        await self.check()
        report(1.0)

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        self.spoken.append(utterance)
        height_hz = 200 if utterance.reference is None else 400
        at = np.arange(RATE // 5) / RATE
        yield Piece(
            (np.sin(2 * np.pi * height_hz * at) * 9_000).astype("<i2").tobytes(),
            words=(SpokenWord(0, len(utterance.text), 0.0, 0.2),),
        )

    def forget(self, key: str) -> None:
        self.forgotten.append(key)

    async def prepare(self, reference: VoiceReference) -> None:
        await self.held.wait()
        if self.fails:
            raise EngineFailed("the parrot is moulting")
        assert reference.wav.is_file()
        (reference.folder / LATENTS).write_text("latents")
        self.prepared.append(reference)

    async def check(self) -> None:
        if not self.there:
            raise EngineMissing("the parrot flew away", remedy="make parrot")

    async def stop(self) -> None:
        pass


class XttsParrot(ParrotEngine):
    """The same under the name by which a gateway's chain knows an engine that clones."""

    def __init__(self, context: EngineContext) -> None:
        super().__init__(context)
        self.facts = replace(self.facts, name="xtts")


class MissingXtts(XttsParrot):
    """The same, its weights not there."""

    def __init__(self, context: EngineContext) -> None:
        super().__init__(context)
        self.there = False
