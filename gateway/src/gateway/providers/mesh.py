"""The rungs that run in the mesh: an engine of svc-text, svc-tts or svc-video, on any number of replicas."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from gateway.providers.replica import engine_trouble
from gateway.providers.services import SERVICES
from gateway.providers.stream import MeshStream
from gateway.providers.target import MeshTarget
from gateway.routing.budget import RetryBudget
from gateway.routing.capability import LEAVES, SLOW, obstacle
from gateway.routing.gate import Gate
from gateway.routing.need import Modality, Need
from gateway.routing.pool import Pool
from gateway.routing.rung import Call, Policy
from troupe.v1.engine_pb2 import ENGINE_STATE_READY, EngineInfo
from troupe.wire.logs import REQUEST_ID
from troupe.wire.progress import MISSED_TICKS
from troupe.wire.traces import TRACEPARENT, current


@dataclass(slots=True)
class MeshRung:
    """A name, the engines it may mean in order of preference, and the service that runs them."""

    name: str
    modality: Modality
    engines: Sequence[str]
    target: MeshTarget
    policy: Policy
    cloud: bool = False  # it sends data out of the house, whatever its engine says
    local: bool = False  # it does not, whatever its engine says: PROVIDER_<RUNG>_LOCAL=1
    missed_ticks: int = MISSED_TICKS
    model: str = ""  # asked of the engine where the caller named none
    unasked: bool = False  # no setting names it
    gate: Gate = field(default_factory=lambda: Gate(time.monotonic))
    budget: RetryBudget = field(default_factory=lambda: RetryBudget(time.monotonic))

    @property
    def pool(self) -> Pool:
        """The replicas of its service."""
        return self.target.pool

    @property
    def engine(self) -> str:
        """The engine it means now: the first ready one, else the first that is there at all."""
        known = [info for engine in self.engines if (info := self.target.info(engine)) is not None]
        ready = [info for info in known if info.state == ENGINE_STATE_READY]
        return (ready or known)[0].name if known else self.engines[0]

    def describe(self) -> EngineInfo | None:
        """What its engine last said about itself; where its data goes, the settings may know better."""
        info = self.target.info(self.engine)
        leaves = not self.local and (self.cloud or (info is not None and info.cloud))
        if info is None or info.cloud == leaves:
            return info
        told = EngineInfo()
        told.CopyFrom(info)
        told.cloud = leaves
        return told

    def trouble(self) -> str | None:
        """Unreachable, loading, broken, or ejected for what calls have seen."""
        if self.target.problem is not None:
            return self.target.problem
        info = self.describe()
        if info is not None and (why := engine_trouble(info)) is not None:
            return why
        return self.pool.trouble(self.engine)

    def unusable(self) -> str | None:
        """Its service runs other engines; not known while the service has said nothing."""
        running = ", ".join(self.target.engines)
        if self.describe() is not None or not running:
            return None
        return f"not installed: the service at {self.target.address} runs only {running}"

    def can_serve(self, need: Need) -> str | None:
        """Why it must be skipped, by what its engine says; what has said nothing yet is asked."""
        info = self.describe()
        if info is None:
            return LEAVES if need.local_only and self.cloud and not self.local else self.unusable()
        # Here, since every request passes: replicas come and go, and what they take together with them.
        self.gate.capped(info.limits.max_concurrency * max(1, self.pool.size(info.name)))
        return obstacle(info, need) or (self._too_slow(info) if self.unasked and not need.rungs else None)

    def _too_slow(self, info: EngineInfo) -> str | None:
        """Nobody named it, neither in the settings nor in the request, so nobody has agreed to wait for it."""
        if SLOW not in info.features:
            return None
        setting = f"PROVIDER_{self.modality.upper()}={self.name}"
        return f"it is far from real time on this device ({info.device}); who names it gets it, here or by {setting}"

    def open(self, call: Call[Any], address: str, timeout_s: float) -> MeshStream[Any]:
        """One attempt at that replica."""
        method = SERVICES[self.modality].methods_by_name[call.method]
        return MeshStream(
            partial(self.target.replica, address),
            call.method,
            _with_model(call.inputs(self), self.model) if self.model else call.inputs(self),
            client_streaming=method.client_streaming,
            server_streaming=method.server_streaming,
            timeout_s=timeout_s,
            metadata=_metadata(call.request_id),
            peer=f"{self.name} at {address}",
            missed_ticks=self.missed_ticks,
        )


def _metadata(request_id: str) -> tuple[tuple[str, str], ...]:
    """What a service learns of the request: its id, and the trace it belongs to, where there is one."""
    told = ((REQUEST_ID, request_id),) if request_id else ()
    span = current()
    return told if span is None else (*told, (TRACEPARENT, span.traceparent))


async def _with_model(inputs: AsyncGenerator[Any], model: str) -> AsyncGenerator[Any]:
    """The messages; those that may name a model and do not name this one (PROVIDER_<RUNG>_MODEL)."""
    async with aclosing(inputs) as messages:
        async for message in messages:
            if "model" in message.DESCRIPTOR.fields_by_name and not message.model:
                named = type(message)(model=model)
                named.MergeFrom(message)
                yield named
            else:
                yield message
