"""The seam between routing and providers: what a chain asks of a rung. Mesh and cloud rungs both sit on it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from gateway.routing.need import Modality, Need
from troupe.v1.engine_pb2 import EngineInfo
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import TroupeError

M = TypeVar("M")
M_co = TypeVar("M_co", covariant=True)


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


class Rung(Protocol):
    """One step of a chain: a name with an engine and a place where it runs."""

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

    def describe(self) -> EngineInfo | None:
        """What the engine last said about itself; None while it has said nothing."""
        ...

    def trouble(self) -> str | None:
        """Why it should not be asked first just now: unreachable, loading, broken, cooling down. None = healthy."""
        ...

    @property
    def engine(self) -> str:
        """The name of the engine that would serve, as the request must say it."""
        ...

    def unusable(self) -> str | None:
        """Why it can serve no request at all: not installed, not built in. None = it might."""
        ...

    def can_serve(self, need: Need) -> str | None:
        """Why it must be skipped for this request; None = it can serve."""
        ...

    def open(self, call: Call[Any]) -> RungStream[Any]:
        """Begin one attempt; nothing is sent before the first message is asked for."""
        ...

    def report(self, outcome: Outcome) -> None:
        """How an attempt went: written by the code that made the call, read by `trouble`."""
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended; `error` is None for a good end."""

    error: TroupeError | None = None
