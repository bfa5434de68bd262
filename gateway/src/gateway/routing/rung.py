"""The seam between routing and providers: what a chain asks of a rung. Mesh and cloud rungs both sit on it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from gateway.routing.budget import RetryBudget
from gateway.routing.gate import Gate
from gateway.routing.need import Modality, Need
from gateway.routing.pool import Pool
from gateway.routing.priority import Priority
from troupe.v1.engine_pb2 import EngineInfo
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import TroupeError

__all__ = ["Call", "Continuation", "Policy", "Priority", "Rung", "RungStream"]

M = TypeVar("M")
M_co = TypeVar("M_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Policy:
    """What one rung may spend on one request; seconds."""

    timeout_s: float  # of one attempt, from its start to its end
    first_s: float = 30.0  # until its first byte; ticks do not lengthen it
    attempts: int = 3  # replicas asked at most
    hedge_s: float = 0.0  # a short unary call is asked of a second replica after this; 0 = never
    cap_usd_day: float = 0.0  # of a cloud rung; 0 = none


class RungStream(Protocol[M_co]):
    """The answer of one rung, message by message; a broken one raises a leaf of the error tree."""

    def __aiter__(self) -> RungStream[M_co]:
        """Itself."""
        ...

    async def __anext__(self) -> M_co:
        """The next message; `StopAsyncIteration` at the end."""
        ...

    def abort(self, error: TroupeError) -> None:
        """Stop the work at once; whoever reads gets this error."""
        ...

    async def aclose(self) -> None:
        """Stop the work, if it has not ended, and free what it held."""
        ...


class Continuation(Protocol[M]):
    """How an answer that has begun goes on elsewhere; made by a scene, one per request."""

    @property
    def same_rung(self) -> bool:
        """Only another replica of the rung that began it may go on."""
        ...

    @property
    def features(self) -> frozenset[str]:
        """What a rung must be able to do to go on."""
        ...

    def fit(self, message: M) -> M | None:
        """The message as the caller must see it: times and numbers go on, nothing comes twice. None = nothing of it."""
        ...

    def whole(self) -> bool:
        """Whether the answer has had its end; a stream that ends before that is broken."""
        ...

    def resume(self, error: TroupeError) -> str | None:
        """None: the next `Call.inputs(rung)` asks for the rest. Else why the answer cannot be continued."""
        ...


class Rung(Protocol):
    """One step of a chain: a name with an engine and the replicas that run it."""

    @property
    def name(self) -> str:
        """As the chain's setting names it."""
        ...

    @property
    def modality(self) -> Modality:
        """Which chain it may stand in."""
        ...

    @property
    def cloud(self) -> bool:
        """It sends data out of the house."""
        ...

    @property
    def engine(self) -> str:
        """The name of the engine that would serve, as the request must say it."""
        ...

    @property
    def policy(self) -> Policy:
        """What it may spend."""
        ...

    @property
    def pool(self) -> Pool:
        """Its replicas."""
        ...

    @property
    def gate(self) -> Gate:
        """Its admission."""
        ...

    @property
    def budget(self) -> RetryBudget:
        """Its retries."""
        ...

    def describe(self) -> EngineInfo | None:
        """What the engine last said about itself; None while it has said nothing."""
        ...

    def trouble(self) -> str | None:
        """Why it should not be asked just now: unreachable, loading, broken, ejected. None = healthy."""
        ...

    def unusable(self) -> str | None:
        """Why it can serve no request at all: not installed, no key. None = it might."""
        ...

    def can_serve(self, need: Need) -> str | None:
        """Why it must be skipped for this request; None = it can serve."""
        ...

    def open(self, call: Call[Any], address: str, timeout_s: float) -> RungStream[Any]:
        """Begin one attempt at that replica; nothing is sent before the first message is asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Call(Generic[M]):
    """One request as routing passes it on: unopened."""

    method: str  # of troupe.v1: "Synthesize", "Animate", "Chat", ...
    inputs: Callable[[Rung], AsyncGenerator[Any]]  # made anew for each attempt: the request's messages for this rung
    commits: Callable[[M], bool]  # whether this message holds a first byte of the answer
    deadline: Deadline
    request_id: str = ""
    input_error: Callable[[], TroupeError | None] = lambda: None  # what broke the input itself: no rung's fault
    key: str = ""  # what a replica may have warm: a conversation's beginning, a voice, a portrait
    priority: Priority = Priority.LIVE
    continuation: Continuation[M] | None = None  # without one, what breaks after its first byte is broken
    hedged: bool = False  # a short call that may be asked twice
