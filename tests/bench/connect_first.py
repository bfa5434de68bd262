"""A part of `make bench-connect`: chats as the gateway asks them, and how long their first token takes.

The engine `echo` has its first token at once, so what is measured is the way: the gateway's providers, gRPC, svc-text
and back. Alone there is one chat at a time; beside others, 32 chats stream meanwhile, so that frames are always under
way. Chats begin at random moments, as people do not wait for a clock.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.chaos.load import percentile

from gateway.providers.connect import ChatLink
from gateway.providers.mesh import MeshStream
from troupe.v1 import text_pb2, text_pb2_grpc

TIMEOUT_S = 600.0
FIRSTS = 300  # chats whose first token is timed
APART_S = 0.010  # between them, at most
OTHERS = 32
MANY = 100_000  # tokens: more than they come to say
OTHERS_MS = 20  # of each per token: 1,600 tokens a second


@dataclass(slots=True)
class Peer:
    """A replica without routing: the callables of its RPCs."""

    stub: text_pb2_grpc.TextStub
    link: ChatLink | None
    calls: int = 0
    heard_at: float = field(default=0.0)

    def method(self, name: str):
        return self.link.begin if self.link is not None else getattr(self.stub, name)

    def heard(self) -> None:
        self.heard_at = time.monotonic()

    def silent_s(self) -> float:
        return 0.0

    def lag_s(self) -> float:
        return 0.0

    def crowd(self) -> float:
        return 1.0


def asking(steps: int) -> text_pb2.ChatRequest:
    """A chat whose answer has so many deltas, and one with the end."""
    request = text_pb2.ChatRequest(engine="echo", echo=text_pb2.EchoSettings(tokens_per_step=1))
    request.messages.add(role=text_pb2.ROLE_USER).content.add(text="token " * steps)
    return request


def begun(peer: Peer, request: text_pb2.ChatRequest) -> MeshStream[text_pb2.ChatDelta]:
    """One chat as the gateway asks it."""

    async def inputs() -> AsyncIterator[text_pb2.ChatRequest]:
        yield request

    return MeshStream(
        lambda: peer,
        "Chat",
        inputs(),
        client_streaming=False,
        server_streaming=True,
        timeout_s=TIMEOUT_S,
        metadata=(("x-request-id", "bench"),),
        peer="bench",
    )


async def one(peer: Peer, request: text_pb2.ChatRequest) -> int:
    """One chat to its end; its deltas."""
    return sum([not delta.HasField("tick") async for delta in begun(peer, request)])


async def first_tokens(name: str, peer: Peer) -> dict[str, float]:
    """Milliseconds to the first token, alone and beside others."""
    figures = {f"first_ms_{name}_{what}": value for what, value in (await _firsts(peer)).items()}
    async with _others(peer):
        beside = await _firsts(peer)
    return figures | {f"first_ms_{name}_beside_{what}": value for what, value in beside.items()}


async def _firsts(peer: Peer) -> dict[str, float]:
    request, took_ms = asking(1), []
    for _ in range(FIRSTS):
        await asyncio.sleep(random.random() * APART_S)
        started = time.perf_counter()
        stream = begun(peer, request)
        while not (await anext(stream)).content:
            pass
        took_ms.append((time.perf_counter() - started) * 1000)
        await stream.aclose()
    return {"p50": percentile(took_ms, 0.5), "p99": percentile(took_ms, 0.99)}


@asynccontextmanager
async def _others(peer: Peer) -> AsyncIterator[None]:
    """Chats that stream while the block runs."""
    slowly = asking(1)
    slowly.echo.delay_ms_per_token = OTHERS_MS
    slowly.echo.count_to = MANY
    others = [asyncio.create_task(one(peer, slowly)) for _ in range(OTHERS)]
    await asyncio.sleep(0.5)
    try:
        yield
    finally:
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)
