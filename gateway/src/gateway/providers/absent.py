"""A rung that a chain names and this build has no provider for: it is skipped, and says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from gateway.routing.need import Modality, Need
from gateway.routing.rung import Call, Outcome
from troupe.v1.engine_pb2 import EngineInfo
from troupe.wire.errors import EngineMissing


@dataclass(frozen=True, slots=True)
class AbsentRung:
    """Keeps its place in the chain, so that people see why it never serves."""

    name: str
    modality: Modality
    why: str
    cloud: bool = False

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

    def open(self, _call: Call[Any]) -> NoReturn:
        """Chains skip it; only a defect comes here."""
        raise EngineMissing(f"{self.name}: {self.why}")

    def report(self, outcome: Outcome) -> None:
        """Nothing to remember."""
