"""A TTS service that is named by a URL: ours, which tells its gRPC port, or a container of the first release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.providers.mesh import MeshRung
from gateway.providers.synthesize import SynthesizeRung
from gateway.routing.budget import RetryBudget
from gateway.routing.gate import Gate
from gateway.routing.need import Modality, Need
from gateway.routing.pool import Pool
from gateway.routing.rung import Call, Policy, RungStream
from troupe.v1.engine_pb2 import EngineInfo


@dataclass(frozen=True, slots=True)
class CoquiRung:
    """Whichever of the two the URL turns out to be, asked anew each second: a container may be replaced under it."""

    mesh: MeshRung
    plain: SynthesizeRung

    @property
    def now(self) -> MeshRung | SynthesizeRung:
        """The one that answers there now."""
        return self.plain if self.plain.container.is_old else self.mesh

    @property
    def name(self) -> str:
        """As the chain's setting names it."""
        return self.mesh.name

    @property
    def modality(self) -> Modality:
        """Speech."""
        return self.mesh.modality

    @property
    def cloud(self) -> bool:
        """A container that speaks by Microsoft's voices sends text out of the house."""
        return self.now.cloud

    @property
    def engine(self) -> str:
        """The engine that runs there."""
        return self.now.engine

    @property
    def policy(self) -> Policy:
        """What it may spend."""
        return self.mesh.policy

    @property
    def pool(self) -> Pool:
        """Its replicas."""
        return self.now.pool

    @property
    def gate(self) -> Gate:
        """Its admission."""
        return self.mesh.gate

    @property
    def budget(self) -> RetryBudget:
        """Its retries."""
        return self.mesh.budget

    def describe(self) -> EngineInfo | None:
        """What is there."""
        return self.now.describe()

    def trouble(self) -> str | None:
        """Why it should not be asked just now."""
        return self.now.trouble()

    def unusable(self) -> str | None:
        """Why it can serve no request at all."""
        return self.now.unusable()

    def can_serve(self, need: Need) -> str | None:
        """Why it must be skipped for this request."""
        return self.now.can_serve(need)

    def open(self, call: Call[Any], address: str, timeout_s: float) -> RungStream[Any]:
        """Begin one attempt."""
        return self.now.open(call, address, timeout_s)
