"""An engine around another one: what it does not change, it passes on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import cast

from svc_tts.engine import (
    CloningEngine,
    CountingEngine,
    Engine,
    EngineFacts,
    EngineVoice,
    Piece,
    Utterance,
    VoiceReference,
)


class WrappedEngine:
    """`inner` as it is."""

    def __init__(self, inner: Engine) -> None:
        self.inner = inner

    @property
    def facts(self) -> EngineFacts:
        """The inner engine's."""
        return self.inner.facts

    def voices(self) -> tuple[EngineVoice, ...]:
        """The inner engine's."""
        return self.inner.voices()

    async def start(self, report: Callable[[float], None]) -> None:
        """Load the inner engine."""
        await self.inner.start(report)

    def speak(self, utterance: Utterance) -> AsyncGenerator[Piece, None]:
        """As the inner engine does."""
        return self.inner.speak(utterance)

    async def prepare(self, reference: VoiceReference) -> None:
        """For engines that clone."""
        await cast("CloningEngine", self.inner).prepare(reference)

    def forget(self, key: str) -> None:
        """For engines that clone."""
        cast("CloningEngine", self.inner).forget(key)

    def counts(self) -> Mapping[str, int]:
        """What the inner engine counts; nothing where it does not."""
        return self.inner.counts() if isinstance(self.inner, CountingEngine) else {}

    async def check(self) -> None:
        """The inner engine's check."""
        await self.inner.check()

    async def stop(self) -> None:
        """Stop the inner engine."""
        await self.inner.stop()


def can(facts: EngineFacts, voice: EngineVoice, feature: str) -> bool:
    """Whether that engine does it itself with that voice."""
    return feature in facts.features or feature in voice.features


def voice_key(utterance: Utterance) -> str:
    """What is remembered of a voice is remembered under this."""
    return utterance.reference.key if utterance.reference else utterance.voice.voice_id
