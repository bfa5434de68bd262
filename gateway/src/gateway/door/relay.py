"""What every RPC of the door does: know the caller, find a rung, pass messages on, show that it lives."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc.aio

from gateway.guard.keys import Caller
from gateway.house import House
from gateway.routing.need import Modality, Need
from gateway.routing.replay import Replay
from gateway.routing.rung import Call, Continuation, Rung
from gateway.scenes.wishes import Wishes, names_in
from troupe.v1.engine_pb2 import Principal, Tick
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import InvalidArgument
from troupe.wire.logs import about
from troupe.wire.progress import Progress, with_ticks

Context = grpc.aio.ServicerContext[Any, Any]
M = TypeVar("M")
ASK_S = 30.0
"""For RPCs that give one message."""


class Guest:
    """One RPC's caller, its id and its deadline."""

    def __init__(self, house: House, context: Context, default_s: float, *scopes: str) -> None:
        metadata = {str(key): str(value) for key, value in context.invocation_metadata() or ()}
        self.caller: Caller = house.keyring.caller(metadata)
        self.caller.require(*scopes)
        self.request_id = f"req_{secrets.token_hex(8)}"
        about(self.request_id)
        self.deadline = Deadline.of_call(context, default_s)
        self.wishes = Wishes.read(metadata)
        self._house = house

    @property
    def principal(self) -> Principal:
        """Whose key it is; what the caller wrote in its place is never believed."""
        return Principal(key_id=self.caller.key_id)

    def rungs(self, modality: Modality, engine: str) -> tuple[str, ...]:
        """The providers to ask: those named in the message, else those in the metadata, else the chain (none)."""
        return names_in(engine) or self.wishes.rungs(self._house.chains, modality)[modality]

    def need(self, modality: Modality, engine: str = "", **more: Any) -> Need:
        """What a rung must be able to do for this caller."""
        commercial_only = self._house.settings.commercial_only
        return Need(
            modality,
            rungs=self.rungs(modality, engine),
            local_only=self.wishes.local_only,
            commercial_only=commercial_only,
            **more,
        )


def for_rung(message: M, guest: Guest, rung: Rung, part: str = "") -> M:
    """A copy of the message (its `part` where settings are nested) for this rung and this caller."""
    copy: Any = type(message)()
    copy.CopyFrom(message)
    settings = getattr(copy, part) if part else copy
    if "engine" in settings.DESCRIPTOR.fields_by_name:
        settings.engine = rung.engine
    if "principal" in settings.DESCRIPTOR.fields_by_name:
        settings.principal.CopyFrom(guest.principal)
    return copy  # type: ignore[no-any-return]  # it is of the message's own type


async def first_settings(messages: AsyncIterator[M], part: str) -> M:
    """The first message, which must hold the settings. Raises `InvalidArgument`."""
    first: Any = await anext(messages, None)
    if first is None or not first.HasField(part):
        raise InvalidArgument(f"The first message must hold `{part}`.", field=part)
    return first  # type: ignore[no-any-return]  # it is one of `messages`


@dataclass(frozen=True, slots=True)
class Errand:
    """What an RPC of the door asks of a chain, besides its messages."""

    house: House
    need: Need
    method: str
    guest: Guest
    part: str = ""  # where the message that names engine and principal nests them
    commits: Callable[[Any], bool] = lambda _message: True
    key: str = ""  # what a replica may have warm
    hedged: bool = False  # short, and harmless if two replicas do it

    def call(
        self,
        inputs: Callable[[Rung], AsyncGenerator[Any]],
        replay: Replay[Any] | None = None,
        continuation: Continuation[Any] | None = None,
    ) -> Call[Any]:
        """The errand as routing passes it on."""
        return Call(
            self.method,
            inputs,
            self.commits,
            self.guest.deadline,
            self.guest.request_id,
            input_error=lambda: replay.error if replay is not None else None,
            key=self.key,
            priority=self.guest.wishes.priority,
            continuation=continuation,
            hedged=self.hedged,
        )


async def ask(errand: Errand, request: Any) -> Any:
    """One message in, one message out."""
    async with aclosing(relay(errand, request)) as messages:
        return await anext(messages)


async def ask_with_stream(errand: Errand, first: Any, rest: AsyncIterator[Any]) -> Any:
    """Settings and a stream in, one message out."""
    async with aclosing(relay_stream(errand, first, rest)) as messages:
        return await anext(messages)


async def relay(errand: Errand, request: Any) -> AsyncGenerator[Any]:
    """One message in, a stream out."""

    async def inputs(rung: Rung) -> AsyncGenerator[Any]:
        yield for_rung(request, errand.guest, rung, errand.part)

    async with aclosing(messages_of(errand, errand.call(inputs))) as messages:
        async for message in messages:
            yield message


async def relay_stream(errand: Errand, first: Any, rest: AsyncIterator[Any]) -> AsyncGenerator[Any]:
    """Settings and a stream in, a stream out; the stream in is kept until the answer has begun."""
    replay: Replay[Any] = Replay(rest, lambda message: int(message.ByteSize()))

    async def inputs(rung: Rung) -> AsyncGenerator[Any]:
        yield for_rung(first, errand.guest, rung, errand.part)
        async for message in replay.reader():
            yield message

    try:
        async with aclosing(messages_of(errand, errand.call(inputs, replay), replay.commit)) as messages:
            async for message in messages:
                yield message
    finally:
        await replay.aclose()


async def ticking(source: AsyncGenerator[M], make: Callable[[Tick], M]) -> AsyncGenerator[M]:
    """The source with the gateway's own ticks: it watches the rung's, and a caller watches these."""
    progress = Progress("serving")
    with progress.waiting("serving"):
        async with aclosing(with_ticks(_without_ticks(source), progress, make)) as messages:  # type: ignore[type-var]
            async for message in messages:
                yield message


async def _without_ticks(source: AsyncGenerator[M]) -> AsyncGenerator[M]:
    async with aclosing(source) as messages:
        async for message in messages:
            named = [field.name for field, _ in message.ListFields()]  # type: ignore[attr-defined]  # a protobuf message
            if named != ["tick"]:
                yield message


async def messages_of(
    errand: Errand, call: Call[Any], on_begun: Callable[[], None] = lambda: None
) -> AsyncGenerator[Any]:
    """The answer to an errand, message by message."""
    served = await errand.house.chains[errand.need.modality].run(errand.need, call)
    try:
        on_begun()
        async for message in served:
            yield message
    finally:
        await served.aclose()
