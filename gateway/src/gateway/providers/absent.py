"""A rung that a chain names and this build has no provider for: it is skipped, and says so."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, NoReturn

from gateway.routing.budget import RetryBudget
from gateway.routing.gate import Gate
from gateway.routing.need import Modality, Need
from gateway.routing.pool import Pool
from gateway.routing.rung import Call, Policy
from troupe.v1.engine_pb2 import EngineInfo
from troupe.wire.errors import EngineMissing


@dataclass(frozen=True, slots=True)
class AbsentRung:
    """Keeps its place in the chain, so that people see why it never serves."""

    name: str
    modality: Modality
    why: str
    cloud: bool = False
    policy: Policy = field(default_factory=lambda: Policy(timeout_s=1.0))
    pool: Pool = field(default_factory=lambda: Pool(time.monotonic))
    gate: Gate = field(default_factory=lambda: Gate(time.monotonic))
    budget: RetryBudget = field(default_factory=lambda: RetryBudget(time.monotonic))

    @property
    def engine(self) -> str:
        """It has none of another name."""
        return self.name

    def describe(self) -> EngineInfo | None:
        """Nothing is known of it."""
        return None

    def trouble(self) -> str | None:
        """The same reason as ever."""
        return self.why

    def unusable(self) -> str | None:
        """Always, and why."""
        return self.why

    def can_serve(self, _need: Need) -> str | None:
        """Never, and why."""
        return self.why

    def open(self, _call: Call[Any], _address: str, _timeout_s: float) -> NoReturn:
        """Chains skip it; only a defect comes here."""
        raise EngineMissing(f"{self.name}: {self.why}")
