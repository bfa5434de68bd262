"""What /providers says of a rung besides its engine: replicas, admission, retries, limits, money."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field

from gateway.routing.budget import RetryBudget
from gateway.routing.gate import Gate
from gateway.routing.pool import ReplicaView
from gateway.routing.rung import Policy


class ReplicaState(BaseModel):
    """One address of a rung, as calls and checks have found it."""

    address: str = Field(examples=["10.0.0.7:50052"])
    state: str = Field(description='Of its breaker: "closed" (asked), "half_open" (one trial call), "open" (not asked)')
    why: str = Field(description="Why it is not asked just now; empty when it is")
    outstanding: int = Field(description="Calls that run there, of all engines")
    p50_ms: float = Field(description="Half of the last calls had their first byte after this; 0 = none yet")
    p99_ms: float
    failures: int = Field(description="Calls that failed there since the gateway has known it")
    last_error: str

    @classmethod
    def of(cls, view: ReplicaView) -> Self:
        """As the pool sees it."""
        return cls(
            address=view.address,
            state=view.state.value,
            why=view.why,
            outstanding=view.outstanding,
            p50_ms=view.p50_ms,
            p99_ms=view.p99_ms,
            failures=view.failures,
            last_error=view.last_error,
        )


class AdmissionState(BaseModel):
    """How many calls the rung takes at a time."""

    limit: int = Field(description="Calls at a time, as learnt from their times to first byte")
    running: int
    waiting: int

    @classmethod
    def of(cls, gate: Gate) -> Self:
        """As the gate counts."""
        return cls(limit=gate.limit, running=gate.running, waiting=gate.waiting)


class RetryState(BaseModel):
    """The last ten seconds of the retry budget: at most a tenth of what was offered, and a few."""

    offered: int
    spent: int

    @classmethod
    def of(cls, budget: RetryBudget) -> Self:
        """As the budget counts."""
        return cls(offered=budget.calls, spent=budget.retries)


class PolicyState(BaseModel):
    """What the rung may spend on one request; `PROVIDER_<RUNG>_…` changes it."""

    timeout_s: float
    first_s: float = Field(description="Until the first byte")
    attempts: int = Field(description="Replicas asked at most")
    hedge_ms: float = Field(description="0 = never")

    @classmethod
    def of(cls, policy: Policy) -> Self:
        """In the units of the settings."""
        return cls(
            timeout_s=policy.timeout_s,
            first_s=policy.first_s,
            attempts=policy.attempts,
            hedge_ms=policy.hedge_s * 1000,
        )


class SpendState(BaseModel):
    """What a cloud rung has cost since 00:00 UTC."""

    today_usd: float
    cap_usd_day: float = Field(description="0 = none")
