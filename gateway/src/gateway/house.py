"""What one gateway process holds: settings, chains, voices, scenes, keys and counters. Passed, never imported."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from gateway.guard.fetch.fetcher import Fetcher
from gateway.guard.keys import Keyring
from gateway.guard.limits import Limits
from gateway.lag import LoopLag
from gateway.metrics import Metrics
from gateway.routing.chain import Chain
from gateway.routing.need import Modality
from gateway.routing.rung import Rung
from gateway.scenes.clones import CloneBook
from gateway.scenes.registry import SceneRegistry
from gateway.settings import Settings
from gateway.voices import VoiceTable
from troupe.v1.engine_pb2 import ENGINE_STATE_LOADING, ENGINE_STATE_READY, EngineInfo
from troupe.wire.errors import Draining
from troupe.wire.traces import Traces

FIRST_ANSWER_S = 1.0
"""How long the start waits for services to say what they are; a gateway is ready without them."""
FAREWELL_S = 3600.0
"""Requests that began before the settings were read again keep their neighbours at most this long."""
FAREWELL_LOOK_S = 0.5


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


@dataclass(frozen=True, slots=True)
class Furniture:
    """What the settings make of a house."""

    chains: Mapping[Modality, Chain]
    reading: Chain  # of text, for pages: one of its rungs takes text out of them, whatever the text chain is
    neighbours: Sequence[Watched]


@dataclass(slots=True)
class House:
    """One gateway."""

    settings: Settings
    chains: Mapping[Modality, Chain]
    reading: Chain
    neighbours: Sequence[Watched]
    keyring: Keyring
    limits: Limits
    metrics: Metrics
    furnish: Callable[[Settings], Furniture]
    fetcher: Fetcher  # of web pages that callers name
    spent: Callable[[Rung], float | None] = lambda _rung: None  # USD today, of a rung that costs money
    voices: VoiceTable = field(default_factory=VoiceTable)
    clones: CloneBook = field(default_factory=CloneBook)
    scenes: SceneRegistry = field(default_factory=SceneRegistry)
    lag: LoopLag = field(default_factory=LoopLag)
    traces: Traces | None = None
    draining: bool = False
    since: float = field(default_factory=time.monotonic)
    farewells: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        """Follow the neighbours; returns once each has answered or `FIRST_ANSWER_S` is over."""
        self.lag.start()
        await _meet(self.neighbours)

    async def stop(self) -> None:
        """Let the neighbours go."""
        self.lag.stop()
        for farewell in self.farewells:
            farewell.cancel()
        await asyncio.gather(*self.farewells, return_exceptions=True)
        await asyncio.gather(*(neighbour.stop() for neighbour in self.neighbours))
        if self.traces is not None:
            await asyncio.to_thread(self.traces.close)

    async def refurnish(self, settings: Settings, keyring: Keyring, limits: Limits) -> None:
        """Serve by these settings from now on; what runs ends by the old ones. Raises `InvalidArgument`: all stays.

        Neighbours that are the same are kept; those that are gone are let go when nobody uses an old chain any more.
        """
        furniture = self.furnish(settings)
        before = {id(neighbour) for neighbour in self.neighbours}
        await _meet([neighbour for neighbour in furniture.neighbours if id(neighbour) not in before])
        staying = {id(neighbour) for neighbour in furniture.neighbours}
        leaving = [neighbour for neighbour in self.neighbours if id(neighbour) not in staying]
        old = [weakref.ref(chain) for chain in (*self.chains.values(), self.reading)]
        self.settings, self.keyring, self.limits = settings, keyring, limits
        self.chains, self.reading, self.neighbours = furniture.chains, furniture.reading, furniture.neighbours
        if leaving:
            farewell = asyncio.create_task(_farewell(leaving, old))
            self.farewells.add(farewell)
            farewell.add_done_callback(self.farewells.discard)

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
        for rung in self.chains[modality].ordered:
            info = rung.describe()
            if info is not None and info.state == ENGINE_STATE_READY and rung.trouble() is None:
                return rung.name
        return None


async def _meet(neighbours: Iterable[Watched]) -> None:
    met = list(neighbours)
    await asyncio.gather(*(neighbour.start() for neighbour in met))
    await asyncio.gather(*(neighbour.first_answer(FIRST_ANSWER_S) for neighbour in met))


async def _farewell(leaving: Sequence[Watched], chains: Sequence[weakref.ref[Chain]]) -> None:
    """Stop neighbours once no request holds a chain that may still ask them."""
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_S):
                while any(chain() is not None for chain in chains):  # noqa: ASYNC110  # only the interpreter knows
                    await asyncio.sleep(FAREWELL_LOOK_S)
    finally:
        await asyncio.gather(*(neighbour.stop() for neighbour in leaving))
