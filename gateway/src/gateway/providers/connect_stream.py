"""One open `Connect` stream: frames out, frames in, each event to the chat it belongs to.

What ends a stream is never about one of its chats, so each of them hears that its connection broke: its replica is
avoided at once, and nobody pays for asking another one. Told as a failure of the engine, one spoilt frame would be as
many failures as there are chats, and the resumes of all but a few would find the rung's retry budget spent.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import grpc
import grpc.aio

from troupe.v1.text_pb2 import CancelChat, ChatDelta, ChatError, ClientFrame, Credit, ServerFrame, StartChat
from troupe.wire.errors import TroupeError, revive
from troupe.wire.interceptors import defect

EOF: Any = grpc.aio.EOF  # type: ignore[attr-defined]  # grpc-stubs do not know it
BREAKS = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED})
"""Codes of a connection; any other one before the first message says that the service does not do `Connect`."""
CLOSE_S = 1.0
_NO_METADATA = grpc.aio.Metadata()
UNREADABLE = "it answered what is no message of troupe.v1"

log = logging.getLogger(__name__)


class Chat(Protocol):
    """One chat on the stream, as the stream sees it."""

    def take(self, delta: ChatDelta) -> None:
        """The next delta has come."""
        ...

    def end(self, error: BaseException | None) -> None:
        """Nothing more comes; why, if it did not end well."""
        ...

    def go_alone(self) -> None:
        """There is no stream for it: ask by itself."""
        ...


class ConnectStream:
    """A running `Connect`; it is begun by its first chat and ends with the call."""

    def __init__(
        self,
        begin: Callable[[], Any],
        heard: Callable[[], None],
        ended: Callable[[ConnectStream, BaseException | None], None],
    ) -> None:
        self._heard = heard
        self._ended = ended
        self._ids = itertools.count(1)
        self._last = 0  # number given out
        self._chats: dict[int, Chat] = {}
        self._outgoing: deque[ClientFrame] = deque()
        self._bell = asyncio.Event()
        self._leaving = self._over = False
        self.answered = False
        self._call = begin()
        self._tasks = (asyncio.create_task(self._write()), asyncio.create_task(self._run()))

    @property
    def takes_more(self) -> bool:
        """Whether a new chat may be started here."""
        return not self._leaving and not self._over

    def start(self, chat: Chat, start: StartChat) -> int:
        """Begin a chat; gives its number."""
        self._last = number = next(self._ids)
        self._chats[number] = chat
        self._send(ClientFrame(id=number, start=start))
        return number

    def cancel(self, number: int) -> None:
        """Free the engine; nothing more is given to that chat."""
        if self._chats.pop(number, None) is not None and not self._over:
            self._send(ClientFrame(id=number, cancel=CancelChat()))

    def credit(self, number: int, deltas: int) -> None:
        """That chat can take so many more."""
        if number in self._chats:
            self._send(ClientFrame(id=number, credit=Credit(deltas=deltas)))

    async def close(self) -> None:
        """End the call."""
        self._call.cancel()
        await asyncio.wait(self._tasks, timeout=CLOSE_S)

    def _send(self, frame: ClientFrame) -> None:
        self._outgoing.append(frame)
        self._bell.set()

    async def _write(self) -> None:
        try:
            while True:
                await self._bell.wait()
                self._bell.clear()
                while self._outgoing:
                    await self._call.write(self._outgoing.popleft())
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            log.debug("a stream of chats ended before its last frame was sent")  # the reader learns why

    async def _run(self) -> None:
        """Read until the call ends, then end what is left of its chats in the same way."""
        error: BaseException | None = None
        try:
            await self._read()
            if self._chats:
                error = _broken("it ended the stream while chats ran")
        except (grpc.aio.AioRpcError, asyncio.CancelledError) as why:  # cancelled by us: the replica is let go
            error = why
        except Exception as why:  # noqa: BLE001  # a defect here must end the chats, not hang them
            error = defect(why, "a stream of chats")
        self._over = True
        self._tasks[0].cancel()
        self._call.cancel()
        self._ended(self, error)
        self._end_all(error)

    async def _read(self) -> None:
        while (frame := await self._call.read()) is not EOF:
            if frame is None:  # what grpc.aio gives for bytes it cannot read
                raise _broken(UNREADABLE, grpc.StatusCode.INTERNAL)
            self.answered = True
            self._heard()
            self._take(frame)

    def _take(self, frame: ServerFrame) -> None:
        if frame.HasField("going_away"):
            self._leaving = True
        for event in frame.events:
            chat = self._chats.get(event.id)
            kind = event.WhichOneof("event")
            if chat is None:
                self._check_stray(event.id)
            elif kind == "delta":
                chat.take(event.delta)
            else:
                if kind is None:  # spoilt on its way: a word may be lost with it, and no answer may have a hole
                    raise _broken(UNREADABLE, grpc.StatusCode.INTERNAL)
                del self._chats[event.id]
                chat.end(_leaf(event.error) if kind == "error" else None)

    def _check_stray(self, number: int) -> None:
        """A chat that was cancelled may still be spoken of; of one that never was, something else was said."""
        if not 0 < number <= self._last:
            raise _broken(UNREADABLE, grpc.StatusCode.INTERNAL)

    def _end_all(self, error: BaseException | None) -> None:
        chats, self._chats = self._chats, {}
        for chat in chats.values():
            if not isinstance(error, grpc.aio.AioRpcError):
                chat.end(error)
            elif self.answered or error.code() in BREAKS:
                chat.end(_again(error))
            else:
                chat.go_alone()


def _leaf(told: ChatError) -> TroupeError:
    return revive(told.code, told.message, told.details)


def _broken(why: str, code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE) -> grpc.aio.AioRpcError:
    return grpc.aio.AioRpcError(code, _NO_METADATA, _NO_METADATA, why, None)


def _again(error: grpc.aio.AioRpcError) -> grpc.aio.AioRpcError:
    """What one chat hears of it: an error of its own, since one that several raise collects the tracebacks of all."""
    if error.code() not in BREAKS:  # a status of the stream's, with nothing that is about this chat
        return _broken(f"{error.code().name.lower()}: {error.details()}", grpc.StatusCode.INTERNAL)
    begun, ended = _metadata(error.initial_metadata()), _metadata(error.trailing_metadata())
    return grpc.aio.AioRpcError(error.code(), begun, ended, error.details(), error.debug_error_string())


def _metadata(pairs: Any) -> grpc.aio.Metadata:
    return grpc.aio.Metadata(*(pairs or ()))
