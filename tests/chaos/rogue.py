"""`python -m tests.chaos.rogue`: a text service whose health is perfect and whose answers are not. ROGUE says how:

internal  every chat fails with INTERNAL
slow      every chat begins a second late, ticking meanwhile
garbage   every answer is bytes that are no message of the wire
rotten    each stream of chats is well for a while (ROTS_S), then its frames are such bytes
narrow    only so many chats run at once (ROGUE_PLACES), the others wait their turn: an engine that can be overloaded
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio

import svc_text.__main__ as service
from svc_text.desk import Desk
from svc_text.engine import Chat, Delta
from svc_text.server import TextServicer
from troupe.v1 import text_pb2
from troupe.wire.errors import Internal
from troupe.wire.progress import Progress

HOW = os.environ.get("ROGUE", "internal")
PLACES = int(os.environ.get("ROGUE_PLACES", "4"))
LATE_S = 1.0
ROTS_S = 2.5
NONSENSE = b"\xff\xff\xff\xff this is no protobuf \xff"


class RogueDesk(Desk):
    """Chats of the service, done badly: however they come, as calls of `Chat` or on one `Connect`, they pass here."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._queue = Queue(PLACES)

    @asynccontextmanager
    async def place(self, name: str, chat: Chat, progress: Progress) -> AsyncIterator[AsyncIterator[Delta]]:
        if HOW == "internal":
            raise Internal("This replica fails at everything.", error_id="rogue")
        if HOW == "slow":
            with progress.waiting("late"):
                await asyncio.sleep(LATE_S)
        async with self._turn(progress), super().place(name, chat, progress) as deltas:
            yield deltas

    @asynccontextmanager
    async def _turn(self, progress: Progress) -> AsyncIterator[None]:
        """Wait until a place is free; it is taken for the block."""
        if HOW != "narrow":
            yield
            return
        turn = self._queue.ask()
        try:
            with progress.waiting("queue"):
                await asyncio.shield(turn)
        except BaseException:
            self._queue.give_up(turn)
            raise
        try:
            yield
        finally:
            self._queue.release()


class Queue:
    """Places of an engine, given in the order in which they were asked for."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: deque[asyncio.Future[None]] = deque()

    def ask(self) -> asyncio.Future[None]:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._next()
        return turn

    def give_up(self, turn: asyncio.Future[None]) -> None:
        if turn.done():
            self.release()
        else:
            self._waiting.remove(turn)

    def release(self) -> None:
        self._free += 1
        self._next()

    def _next(self) -> None:
        while self._free and self._waiting:
            self._free -= 1
            self._waiting.popleft().set_result(None)


class Spoiling:
    """A server that takes the handlers of the service, but for those of chats, which are spoilt."""

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, _handlers: Any) -> None:
        """The registered ones are enough."""

    def add_registered_method_handlers(self, name: str, handlers: dict[str, Any]) -> None:
        garbage = {
            "Chat": grpc.unary_stream_rpc_method_handler(_nonsense),
            "Connect": grpc.stream_stream_rpc_method_handler(_nonsense_for_each),
        }
        rotten = {"Connect": rotting(handlers["Connect"].stream_stream)}
        spoilt = handlers | (garbage if HOW == "garbage" else rotten)
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, spoilt),))


async def _nonsense(_request: bytes, _context: Any) -> AsyncIterator[bytes]:
    yield NONSENSE


async def _nonsense_for_each(frames: AsyncIterator[bytes], _context: Any) -> AsyncIterator[bytes]:
    async for _ in frames:
        yield NONSENSE


def rotting(connect: Any) -> grpc.RpcMethodHandler:
    """The service's own `Connect`, whose frames become nonsense."""

    async def frames(incoming: Any, context: Any) -> AsyncIterator[bytes]:
        began = time.monotonic()
        async for frame in connect(incoming, context):
            yield frame.SerializeToString() if time.monotonic() - began < ROTS_S else NONSENSE

    return grpc.stream_stream_rpc_method_handler(frames, text_pb2.ClientFrame.FromString)


def add_spoilt(servicer: TextServicer, server: Any) -> None:
    """As the generated function, but that chats are answered by nonsense, at once or in the end."""
    _add(servicer, Spoiling(server))


_add = service.add_TextServicer_to_server
service.Desk = RogueDesk  # type: ignore[misc]  # the process is the service's own, but for this
if HOW in {"garbage", "rotten"}:
    service.add_TextServicer_to_server = add_spoilt

if __name__ == "__main__":
    sys.exit(service.main())
