"""One call to a service of the mesh: messages in, messages out, watched for progress.

Every stream reply of troupe.v1 carries a tick each 250 ms while the work advances. A stream that misses four of them is
frozen, whatever its socket says (gRPC's keepalive does not see a stopped process) - if its whole process is silent; one
that still talks to others is busy, and this call of it is given up later, as stuck. Beats are counted by a timer of our
own loop, and count less while that loop is held up: a gateway short of time must not take its replicas for dead. More
of them are allowed while the machine has more to do than it can (`gateway.crowd`): a service that waits for a processor
is silent too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, Generic, Protocol, TypeVar

import grpc
import grpc.aio

from gateway.routing.verdict import CONNECTION
from troupe.wire.errors import (
    CannotConnect,
    EngineFailed,
    Internal,
    Overloaded,
    StreamBroken,
    TroupeError,
)
from troupe.wire.interceptors import defect
from troupe.wire.progress import MISSED_TICKS, TICK_INTERVAL_S
from troupe.wire.statuses import from_rpc_error, is_grpcs_own

CONNECT_TICKS = 2
"""Further beats allowed before the first message: a connection may have to be made first."""
SILENT_S = 0.75
"""A process from which no call has heard for so long may be frozen."""
STUCK_TIMES = 4
"""A process that talks to others may let a call wait this many times longer, one on a crowded machine at most."""
HELD_UP_S = 0.02
"""A loop that runs later than this counts its beats as less than whole: a message takes many of its turns."""
CLOSE_S = 1.0

EOF: Any = grpc.aio.EOF  # type: ignore[attr-defined]  # grpc-stubs do not know it
M = TypeVar("M")
log = logging.getLogger(__name__)


class Peer(Protocol):
    """Who answers: a replica."""

    calls: int

    def method(self, name: str) -> Any:
        """The callable of that RPC."""
        ...

    def heard(self) -> None:
        """A message of it has come."""
        ...

    def silent_s(self) -> float:
        """Since the last message of it, of any call."""
        ...

    def lag_s(self) -> float:
        """How late our own loop runs."""
        ...

    def crowd(self) -> float:
        """How many times longer than usual a process waits for a processor; 1 = no longer."""
        ...


class MeshStream(Generic[M]):
    """A running RPC. It is begun by the first `anext`, and ended by its end, an error, `abort` or `aclose`."""

    def __init__(
        self,
        find: Callable[[], Peer],
        method: str,
        inputs: AsyncGenerator[Any],
        *,
        client_streaming: bool,
        server_streaming: bool,
        timeout_s: float,
        metadata: tuple[tuple[str, str], ...],
        peer: str,
        missed_ticks: int = MISSED_TICKS,
    ) -> None:
        self._find = find
        self._method = method
        self._replica: Peer | None = None
        self._options = {"timeout": timeout_s, "metadata": metadata}
        self._inputs = inputs
        self._client_streaming = client_streaming
        self._server_streaming = server_streaming
        self._peer = peer
        self._missed_ticks = missed_ticks
        self._call: Any = None
        self._feed: asyncio.Task[None] | None = None
        self._beat: asyncio.TimerHandle | None = None
        self._waiting = False
        self._missed = 0.0
        self._crowd = 1.0  # the most since it is being waited for: it was as late as it was then
        self._received = 0
        self._error: TroupeError | None = None
        self._ended = False

    def __aiter__(self) -> MeshStream[M]:
        """Itself."""
        return self

    async def __anext__(self) -> M:
        """The next message; raises the leaf that the service raised, or what became of the connection."""
        if self._error is not None:
            raise self._error
        if self._ended:
            raise StopAsyncIteration
        try:
            message = await self._next()
        except asyncio.CancelledError:
            await self.aclose()
            if self._error is not None and not _leaving():
                raise self._error from None
            raise
        except grpc.aio.AioRpcError as error:
            await self.aclose()
            raise (self._error or self._translated(error)) from error
        except TroupeError as leaf:  # of a chat on a stream of many: no status of gRPC's is about it alone
            await self.aclose()
            raise (self._error or self._placed(leaf)) from leaf.__cause__
        if message is EOF:
            await self.aclose()
            raise StopAsyncIteration
        if message is None:  # what grpc.aio gives for bytes it cannot read
            await self.aclose()
            raise EngineFailed(f"{self._peer} answered something that is no message of troupe.v1.")
        self._received += 1
        if self._replica is not None:
            self._replica.heard()
        return message  # type: ignore[no-any-return]  # the stub's type is not known here

    def abort(self, error: TroupeError) -> None:
        """Cancel the call; whoever reads gets this error."""
        if self._ended:
            return
        self._error = self._error or error
        if self._call is not None:
            self._call.cancel()

    async def aclose(self) -> None:
        """Cancel the call if it runs, stop feeding it, and close its input."""
        self._ended = True
        if self._replica is not None:
            self._replica.calls -= 1
            self._replica = None
        if self._beat is not None:
            self._beat.cancel()
        if self._call is not None and not self._call.done():
            self._call.cancel()
        if self._feed is not None and self._feed is not asyncio.current_task():
            self._feed.cancel()
            await asyncio.wait({self._feed}, timeout=CLOSE_S)
        elif self._feed is None:
            await self._inputs.aclose()

    async def _next(self) -> Any:
        if self._call is None:
            await self._start()
        self._waiting, self._missed, self._crowd = True, 0.0, 1.0
        try:
            if self._server_streaming:
                return await self._call.read()
            return EOF if self._received else await self._call
        finally:
            self._waiting = False

    async def _start(self) -> None:
        self._replica = self._find()
        self._replica.calls += 1
        begin = self._replica.method(self._method)
        if self._client_streaming:
            self._call = begin(**self._options)
            self._feed = asyncio.create_task(self._send_inputs())
        else:
            self._call = begin(await anext(self._inputs), **self._options)
        if self._server_streaming:
            self._next_beat()

    async def _send_inputs(self) -> None:
        try:
            async with aclosing(self._inputs) as inputs:
                async for message in inputs:
                    await self._call.write(message)
            await self._call.done_writing()
        except TroupeError as error:
            self.abort(error)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            log.debug("%s ended before its input did", self._peer)  # the reader learns why
        except Exception as error:  # noqa: BLE001  # a defect in a scene must end the call, not hang it
            self.abort(defect(error, f"the input of {self._peer}"))

    def _next_beat(self) -> None:
        self._beat = asyncio.get_running_loop().call_later(TICK_INTERVAL_S, self._on_beat)

    def _on_beat(self) -> None:
        if self._waiting and self._replica is not None:
            self._missed += min(1.0, HELD_UP_S / max(self._replica.lag_s(), HELD_UP_S))
            self._crowd = max(self._crowd, self._replica.crowd())
        if (error := self._lifeless()) is not None:
            self.abort(error)
        else:
            self._next_beat()

    def _lifeless(self) -> StreamBroken | None:
        """What to say of a peer that shows no sign of progress; None while it may still come."""
        allowed = self._missed_ticks if self._received else self._missed_ticks + CONNECT_TICKS
        if self._missed < allowed or self._replica is None:
            return None
        since = f"no sign of progress for {self._missed * TICK_INTERVAL_S:.1f} s."
        if self._replica.silent_s() >= SILENT_S and self._missed >= allowed * min(self._crowd, STUCK_TIMES):
            return StreamBroken(f"{self._peer} is frozen: {since}", lost=CONNECTION)
        if self._missed >= allowed * STUCK_TIMES:
            return StreamBroken(f"{self._peer} is stuck with this call: {since}")
        return None

    def _translated(self, error: grpc.aio.AioRpcError) -> TroupeError:
        leaf = from_rpc_error(error, self._peer)
        # A service's own defect has an id. Without one gRPC failed by itself, as when its ping found the peer frozen.
        grpcs_own = isinstance(leaf, Internal) and "error_id" not in leaf.details
        if self._received and grpcs_own:
            return self._broken()
        if grpcs_own:
            return CannotConnect(f"The connection to {self._peer} broke: {leaf.message}")
        if isinstance(leaf, Overloaded) and is_grpcs_own(error):  # a message too large to be one
            return EngineFailed(f"{self._peer} answered something that is no message of troupe.v1: {leaf.message}")
        if error.code() is grpc.StatusCode.CANCELLED:
            # Not we: that path raises CancelledError.
            return StreamBroken(f"{self._peer} gave up the call.", lost=CONNECTION)
        return self._placed(leaf)

    def _placed(self, leaf: TroupeError) -> TroupeError:
        """Who cannot be reached any more had been, once something has come."""
        return self._broken() if self._received and isinstance(leaf, CannotConnect) else leaf

    def _broken(self) -> StreamBroken:
        return StreamBroken(f"The connection to {self._peer} broke while it was answering.", lost=CONNECTION)


def _leaving() -> bool:
    """Whether the reading task itself is being cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
