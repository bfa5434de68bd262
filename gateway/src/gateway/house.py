"""What one gateway process holds: settings, chains, voices, scenes, keys and counters. Passed, never imported."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.guard.keys import Keyring
from gateway.guard.limits import Limits
from gateway.metrics import Metrics
from gateway.routing.chain import Chain
from gateway.routing.need import Modality
from gateway.scenes.registry import SceneRegistry
from gateway.settings import Settings
from gateway.voices import VoiceTable
from troupe.v1.engine_pb2 import ENGINE_STATE_LOADING, ENGINE_STATE_READY, EngineInfo
from troupe.wire.errors import Draining

FIRST_ANSWER_S = 1.0
"""How long the start waits for services to say what they are; a gateway is ready without them."""


class Watched(Protocol):
    """A neighbour whose state is followed."""

    async def start(self) -> None:
        """Begin to follow it."""
        ...

    async def first_answer(self, within_s: float) -> None:
        """Wait until something is known of it."""
        ...

    async def stop(self) -> None:
        """Let it go."""
        ...


@dataclass(slots=True)
class House:
    """One gateway."""

    settings: Settings
    chains: Mapping[Modality, Chain]
    neighbours: Sequence[Watched]
    keyring: Keyring
    limits: Limits
    metrics: Metrics
    voices: VoiceTable = field(default_factory=VoiceTable)
    scenes: SceneRegistry = field(default_factory=SceneRegistry)
    draining: bool = False
    since: float = field(default_factory=time.monotonic)

    async def start(self) -> None:
        """Follow the neighbours; returns once each has answered or `FIRST_ANSWER_S` is over."""
        await asyncio.gather(*(neighbour.start() for neighbour in self.neighbours))
        await asyncio.gather(*(neighbour.first_answer(FIRST_ANSWER_S) for neighbour in self.neighbours))

    async def stop(self) -> None:
        """Let the neighbours go."""
        await asyncio.gather(*(neighbour.stop() for neighbour in self.neighbours))

    def drain(self) -> None:
        """Say that no new work is wanted."""
        self.draining = True

    def cut(self) -> None:
        """End what still runs, each with a typed error."""
        self.scenes.cancel_all(Draining("The gateway is going away and the time to drain is over. Ask again."))

    def infos(self, modality: Modality) -> list[EngineInfo]:
        """What the engines of a chain last said about themselves, in the chain's order."""
        described = (rung.describe() for rung in self.chains[modality].rungs)
        return [info for info in described if info is not None]

    def settled(self) -> bool:
        """Whether every provider has said what it is, and none is loading."""
        rungs = [rung for chain in self.chains.values() for rung in chain.rungs if not rung.unusable()]
        infos = [rung.describe() for rung in rungs]
        return all(info is not None and info.state != ENGINE_STATE_LOADING for info in infos)

    def ready(self, modality: Modality) -> str | None:
        """The rung that would be asked first now; None where there is none."""
        for rung in self.chains[modality].rungs:
            info = rung.describe()
            if info is not None and info.state == ENGINE_STATE_READY and rung.trouble() is None:
                return rung.name
        return None
