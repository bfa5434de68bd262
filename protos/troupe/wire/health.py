"""Health per engine, as health.v1 tells it.

- `""` is readiness: SERVING while at least one engine is ready.
- `<service>/<engine>` (`troupe.v1.Speech/espeak`) is one engine: SERVING once it made a first real word (token, frame).
- `live` is liveness: it asks neither engines nor neighbours.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass

from grpc_health.v1 import health_pb2
from grpc_health.v1._async import HealthServicer

from troupe.v1.engine_pb2 import (
    ENGINE_STATE_BROKEN,
    ENGINE_STATE_LOADING,
    ENGINE_STATE_MISSING,
    ENGINE_STATE_READY,
    EngineState,
)
from troupe.wire.errors import EngineFailed, EngineMissing, UnknownEngine, nearest

LIVENESS = "live"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """How one engine is, and what mends it."""

    state: EngineState = ENGINE_STATE_LOADING
    reason: str = ""
    remedy: str = ""
    progress: float = 0.0  # 0..1 while loading


class EngineBoard:
    """The states of one service's engines, and the health service that shows them."""

    def __init__(self, service: str, engines: Iterable[str]) -> None:
        self.service = service
        self.servicer = HealthServicer()
        self._status = {name: EngineStatus() for name in engines}
        self.draining = asyncio.Event()  # no new call comes; what is open for long must end by itself

    @property
    def engines(self) -> tuple[str, ...]:
        """The names of the engines chosen for this process."""
        return tuple(self._status)

    def status(self, engine: str) -> EngineStatus:
        """How that engine is; raises `UnknownEngine`."""
        if engine not in self._status:
            known = ", ".join(self._status) or "none"
            hint = nearest(engine, self._status)
            raise UnknownEngine(f'No engine "{engine}" here; this service runs: {known}.{hint}')
        return self._status[engine]

    def require(self, engine: str) -> None:
        """Raise `EngineMissing` or `EngineFailed` unless that engine is ready."""
        status = self.status(engine)
        if status.state == ENGINE_STATE_READY:
            return
        remedy = f" Run: {status.remedy}" if status.remedy else ""
        if status.state == ENGINE_STATE_MISSING:
            raise EngineMissing(f"The engine {engine} is not installed: {status.reason}.{remedy}", engine=engine)
        if status.state == ENGINE_STATE_BROKEN:
            raise EngineFailed(f"The engine {engine} is broken: {status.reason}.{remedy}", engine=engine)
        raise EngineMissing(f"The engine {engine} is still loading ({status.progress:.0%}). Try again.", engine=engine)

    async def start(self) -> None:
        """Tell the first states; called once the server runs."""
        await self.servicer.set(LIVENESS, SERVING)
        for engine in self._status:
            await self._show(engine)

    async def loading(self, engine: str, progress: float, reason: str = "") -> None:
        """It is being loaded; `progress` is 0..1."""
        await self._put(engine, EngineStatus(ENGINE_STATE_LOADING, reason=reason, progress=progress))

    async def ready(self, engine: str) -> None:
        """It has made a first real token, word or frame."""
        await self._put(engine, EngineStatus(ENGINE_STATE_READY, progress=1.0))

    async def broken(self, engine: str, reason: str, remedy: str = "") -> None:
        """It was chosen and does not work now."""
        await self._put(engine, EngineStatus(ENGINE_STATE_BROKEN, reason, remedy))

    async def missing(self, engine: str, reason: str, remedy: str = "") -> None:
        """It cannot run on this machine until `remedy` was run."""
        await self._put(engine, EngineStatus(ENGINE_STATE_MISSING, reason, remedy))

    async def drain(self) -> None:
        """NOT_SERVING everywhere from now on: no new call comes."""
        self.draining.set()
        await self.servicer.enter_graceful_shutdown()

    async def _put(self, engine: str, status: EngineStatus) -> None:
        before = self.status(engine)
        self._status[engine] = status
        if status.state != before.state:
            log.info(
                "engine %s/%s is %s%s",
                self.service,
                engine,
                EngineState.Name(status.state).removeprefix("ENGINE_STATE_").lower(),
                f": {status.reason}" if status.reason else "",
            )
        await self._show(engine)

    async def _show(self, engine: str) -> None:
        if self.draining.is_set():
            return
        state = SERVING if self._status[engine].state == ENGINE_STATE_READY else NOT_SERVING
        await self.servicer.set(f"{self.service}/{engine}", state)
        ready = any(status.state == ENGINE_STATE_READY for status in self._status.values())
        await self.servicer.set("", SERVING if ready else NOT_SERVING)
        await self.servicer.set(self.service, SERVING if ready else NOT_SERVING)
