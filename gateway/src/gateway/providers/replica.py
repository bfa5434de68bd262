"""One process of a service: its channel, what it says about itself, and whether it may be asked.

`Describe` is asked each second, and at once when health.v1 tells of a change. NOT_SERVING means that no new call goes
there from that moment on; a process that answers nothing, while nothing else is heard from it, is unreachable. Where
processes of this machine wait longer for a processor (`gateway.crowd`), it may miss more answers than one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gateway.crowd import Crowd
from gateway.lag import LoopLag
from gateway.providers.connect import ChatLink
from gateway.providers.services import CERTIFIED, SERVICES, STUBS
from gateway.routing.need import Modality
from gateway.routing.pool import Pool
from troupe.v1.engine_pb2 import (
    ENGINE_STATE_BROKEN,
    ENGINE_STATE_LOADING,
    ENGINE_STATE_MISSING,
    ENGINE_STATE_READY,
    DescribeRequest,
    DescribeResponse,
    EngineInfo,
)
from troupe.wire.channels import open_channel
from troupe.wire.statuses import from_rpc_error
from troupe.wire.tls import Identity

REFRESH_S = 1.0
DESCRIBE_TIMEOUT_S = 1.0
REWATCH_S = 0.25
DESCRIBE = "Describe"
CHAT = "Chat"
MOST_MISSES = 4  # answers in a row, on the most crowded machine
QUIET_S = 1.0  # a process that was heard of within this is alive, even if `Describe` has to wait its turn

log = logging.getLogger(__name__)


class Replica:
    """A watched process; what is learnt of it is told to the pool."""

    def __init__(
        self,
        modality: Modality,
        address: str,
        pool: Pool,
        watched: Iterable[str],
        *,
        lag: LoopLag,
        crowd: Crowd,
        connect: bool = False,
        identity: Identity | None = None,
        certified: str = "",
    ) -> None:
        """`certified`: what its certificate must say; empty = the service's own name."""
        self.modality = modality
        self.address = address
        self.problem: str | None = None
        self.engines: Mapping[str, EngineInfo] = {}
        self.described = asyncio.Event()
        self.calls = 0  # running ones
        self._pool = pool
        self._lag = lag
        self._crowd = crowd
        self._watched = frozenset(watched)
        self._identity = identity
        self.papers = identity.papers if identity is not None else None  # those that its connection shows
        self._certified = certified or CERTIFIED[modality]
        credentials = identity.client() if identity is not None else None
        self._channel = open_channel(address, credentials, name=self._certified)
        self._stub = STUBS[modality](self._channel)
        self._link = ChatLink(self._stub, address, self.heard) if connect and modality is Modality.TEXT else None
        self._not_serving: set[str] = set()  # health names
        self._served = False  # its process has been serving: from then on NOT_SERVING with ready engines is a drain
        self._heard_at = 0.0
        self._misses = 0  # answers to `Describe`, in a row, that did not come in time
        self._poke = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def method(self, name: str) -> Any:
        """The callable of that RPC; with `connect` chats share one stream."""
        if self._link is not None and name == CHAT:
            return self._link.begin
        return getattr(self._stub, name)

    def heard(self) -> None:
        """A message of it has come: it is alive."""
        self._heard_at = time.monotonic()

    def silent_s(self) -> float:
        """Since the last message of it, of any call."""
        return time.monotonic() - self._heard_at

    def lag_s(self) -> float:
        """How late our own loop runs."""
        return self._lag.seconds

    def crowd(self) -> float:
        """How many times longer than usual a process of this machine waits for a processor."""
        return self._crowd.times()

    def start(self) -> None:
        """Begin to watch it."""
        self._tasks = {
            "": asyncio.create_task(self._watch("", "")),
            DESCRIBE: asyncio.create_task(self._keep_described()),
        }

    def heir(self) -> Replica:
        """The same process on a connection of its own, by the certificate of now; it knows what this one has learnt."""
        heir = Replica(
            self.modality, self.address, self._pool, self._watched, lag=self._lag, crowd=self._crowd,
            connect=self._link is not None, identity=self._identity, certified=self._certified,
        )  # fmt: skip
        heir.engines, heir.problem, heir._heard_at = self.engines, self.problem, self._heard_at
        heir._not_serving, heir._served = set(self._not_serving), self._served
        if self.described.is_set():
            heir.described.set()
        return heir

    async def answers(self) -> bool:
        """Whether it says anything, tried once."""
        try:
            return await self._stub.Describe(DescribeRequest(), timeout=DESCRIBE_TIMEOUT_S) is not None
        except grpc.aio.AioRpcError as error:
            log.debug("%s does not answer a new connection: %s", self.address, error.details())
            return False

    def retire(self) -> None:
        """Tell the pool no more; calls go on."""
        for task in self._tasks.values():
            task.cancel()

    async def stop(self) -> None:
        """Stop watching and close the channel; calls that still run are cancelled."""
        self.retire()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if self._link is not None:
            await self._link.close()
        await self._channel.close(None)

    async def refresh(self) -> None:
        """Ask it to describe itself, and tell the pool."""
        try:
            answer = await self._stub.Describe(DescribeRequest(), timeout=DESCRIBE_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED or self._silent():
                self._note(_trouble(error, self.address))
        else:
            self._misses = 0
            if answer is None:  # what grpc.aio gives for bytes it cannot read
                self._note(f"the service at {self.address} answers what is no message of troupe.v1")
            else:
                self._learn(answer)
        self.described.set()

    def _silent(self) -> bool:
        """Whether another answer that did not come in time says that it is not there."""
        self._misses += 1
        return self.silent_s() >= QUIET_S and self._misses >= int(min(self.crowd(), MOST_MISSES))

    def _learn(self, answer: DescribeResponse) -> None:
        self.engines = {info.name: info for info in answer.engines}
        self._watch_engines()
        self._pool.engines(self.address, (info.name for info in answer.engines if info.state != ENGINE_STATE_MISSING))
        for info in answer.engines:
            self._pool.engine_state(self.address, info.name, engine_trouble(info))
        # The watch has the last word: a process that drains still says that its engines are ready.
        ready = any(info.state == ENGINE_STATE_READY for info in answer.engines)
        drains = ready and self._served and "" in self._not_serving
        self._note("it is draining" if drains else None)

    def _watch_engines(self) -> None:
        """Watch those it has: the watch of an unknown name never ends, and would hold up its drain."""
        service = SERVICES[self.modality].full_name
        for name in self._watched.intersection(self.engines).difference(self._tasks):
            self._tasks[name] = asyncio.create_task(self._watch(f"{service}/{name}", name))

    def _note(self, problem: str | None) -> None:
        if (problem is None) != (self.problem is None) or not self.described.is_set():
            log.info("%s service at %s: %s", self.modality, self.address, problem or "reached")
        self.problem = problem
        if problem is None:
            self._pool.reachable(self.address)
        else:
            self._pool.unreachable(self.address, problem)

    async def _keep_described(self) -> None:
        while True:
            self._poke.clear()
            await self.refresh()
            # Not wait_for: in Python 3.11 it can swallow a cancellation that meets the event.
            with suppress(TimeoutError):
                async with asyncio.timeout(REFRESH_S):
                    await self._poke.wait()

    async def _watch(self, health_name: str, engine: str) -> None:
        while True:
            try:
                await self._watch_until_bad_news(health_name, engine)
            except grpc.aio.AioRpcError as error:
                self._lost_sight(health_name, error)
            self._poke.set()
            await asyncio.sleep(REWATCH_S)

    async def _watch_until_bad_news(self, health_name: str, engine: str) -> None:
        """Returns at NOT_SERVING: an open watch would hold up the drain of a process that is told to end."""
        request = health_pb2.HealthCheckRequest(service=health_name)
        watch = health_pb2_grpc.HealthStub(self._channel).Watch(request, wait_for_ready=True)
        try:
            async for answer in watch:
                if answer is None or answer.status != health_pb2.HealthCheckResponse.SERVING:
                    self._bad_news(health_name, engine)
                    return
                self._not_serving.discard(health_name)
                self._served = self._served or not health_name
                self._poke.set()
        finally:
            watch.cancel()

    def _bad_news(self, health_name: str, engine: str) -> None:
        self._not_serving.add(health_name)
        if engine:
            self._pool.engine_state(self.address, engine, "it is not serving")
        else:
            self._note("it is draining, or has no engine ready")  # until `Describe` tells which

    def _lost_sight(self, health_name: str, error: grpc.aio.AioRpcError) -> None:
        log.debug("health watch of %s %s ended: %s", self.address, health_name, error.code())
        if not health_name and error.code() is grpc.StatusCode.UNAVAILABLE:
            self._not_serving.discard("")  # what comes back is another process
            self._served = False
            if self._link is not None:
                self._link.renew()
            self._note(_trouble(error, self.address))


def engine_trouble(info: EngineInfo) -> str | None:
    """Why an engine that is there cannot be asked now; None = it can."""
    if info.state == ENGINE_STATE_LOADING:
        return f"it is still loading ({info.progress:.0%})"
    if info.state == ENGINE_STATE_BROKEN:
        return f"it is broken: {info.reason}"
    return None


def _trouble(error: grpc.aio.AioRpcError, address: str) -> str:
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"the service at {address} does not answer"
    if error.code() is grpc.StatusCode.CANCELLED:
        return f"the service at {address} is going away"
    return from_rpc_error(error, address).message
