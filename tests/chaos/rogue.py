"""`python -m tests.chaos.rogue`: a text service whose health is perfect and whose answers are not. ROGUE says how:

internal  every chat fails with INTERNAL
slow      every chat begins a second late, ticking meanwhile
garbage   every answer is bytes that are no message of the wire
narrow    only so many chats run at once (ROGUE_PLACES), the others wait their turn: an engine that can be overloaded
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio

import svc_text.__main__ as service
from svc_text.server import TextServicer
from troupe.v1 import text_pb2
from troupe.v1.engine_pb2 import Tick
from troupe.wire.errors import Internal, NotSupported

HOW = os.environ.get("ROGUE", "internal")
PLACES = int(os.environ.get("ROGUE_PLACES", "4"))
LATE_TICKS = 4
TICK_S = 0.25
NONSENSE = b"\xff\xff\xff\xff this is no protobuf \xff"


class Rogue(TextServicer):
    """Chats of the service, done badly."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._queue = Queue(PLACES)

    async def Chat(self, request: text_pb2.ChatRequest, context: Any) -> AsyncIterator[text_pb2.ChatDelta]:
        if HOW == "internal":
            raise Internal("This replica fails at everything.")
        async for tick in self._late() if HOW == "slow" else self._turn():
            yield tick
        try:
            async for delta in super().Chat(request, context):
                yield delta
        finally:
            if HOW == "narrow":
                self._queue.release()

    async def Connect(self, request_iterator: Any, context: Any) -> AsyncIterator[text_pb2.ServerFrame]:
        """Not here: every chat comes as a call of its own, and is done badly."""
        raise NotSupported("This service has no Connect.")
        yield text_pb2.ServerFrame()

    async def _late(self) -> AsyncIterator[text_pb2.ChatDelta]:
        for sequence in range(LATE_TICKS):
            await asyncio.sleep(TICK_S)
            yield text_pb2.ChatDelta(tick=Tick(sequence=sequence))

    async def _turn(self) -> AsyncIterator[text_pb2.ChatDelta]:
        """Ticks until a place is free; it is then taken."""
        if HOW != "narrow":
            return
        turn = self._queue.ask()
        try:
            while not turn.done():
                await asyncio.wait({turn}, timeout=TICK_S)
                if not turn.done():
                    yield text_pb2.ChatDelta(tick=Tick(sequence=0))
        except BaseException:
            self._queue.give_up(turn)
            raise


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
    """A server that takes the handlers of the service, but for Chat, which answers nonsense."""

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, _handlers: Any) -> None:
        """The registered ones are enough."""

    def add_registered_method_handlers(self, name: str, handlers: dict[str, Any]) -> None:
        async def chat(_request: bytes, _context: Any) -> AsyncIterator[bytes]:
            yield NONSENSE

        spoilt = handlers | {"Chat": grpc.unary_stream_rpc_method_handler(chat)}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, spoilt),))


def add_garbage(servicer: TextServicer, server: Any) -> None:
    """As the generated function, but that Chat answers nonsense."""
    _add(servicer, Spoiling(server))


_add = service.add_TextServicer_to_server
service.TextServicer = Rogue  # type: ignore[misc]  # the process is the service's own, but for this
if HOW == "garbage":
    service.add_TextServicer_to_server = add_garbage

if __name__ == "__main__":
    sys.exit(service.main())
