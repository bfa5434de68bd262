"""One service of the mesh: the replicas that its address means now, kept up to date; several rungs may share it."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from gateway.crowd import Crowd
from gateway.lag import LoopLag
from gateway.providers.discovery import grpc_address, is_url
from gateway.providers.replica import REFRESH_S, Replica
from gateway.providers.resolver import Resolver
from gateway.routing.need import Modality
from gateway.routing.pool import Pool
from troupe.v1.engine_pb2 import ENGINE_STATE_READY, EngineInfo
from troupe.wire.errors import CannotConnect
from troupe.wire.papers import Papers
from troupe.wire.tls import Identity

FAREWELL_S = 3600.0  # a replica that left the name keeps the calls it has at most this long
FAREWELL_LOOK_S = 0.5
MOST_TURNS = 1 << 16  # more than a target has replicas

log = logging.getLogger(__name__)


class MeshTarget:
    """A watched service."""

    def __init__(
        self,
        modality: Modality,
        address: str,
        watched: Iterable[str] = (),
        *,
        resolver: Resolver | None = None,
        clock: Callable[[], float] = time.monotonic,
        connect: bool = False,
        identity: Identity | None = None,
        certified: str = "",
    ) -> None:
        """`certified`: what the certificates of its replicas must say; empty = the service's own name."""
        self.modality = modality
        self.address = address
        self.pool = Pool(clock, turn=secrets.randbelow(MOST_TURNS))
        self._watched = tuple(watched)
        self._resolver = resolver or Resolver()
        self._connect = connect
        self._identity = identity
        self._certified = certified
        self._doubted: Papers | None = None  # that some replica did not take
        self._lag = LoopLag()
        self._crowd = Crowd()
        self._replicas: dict[str, Replica] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._problem: str | None = None  # of finding the replicas
        self._looked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def engines(self) -> list[str]:
        """The engines it runs, as far as it has said."""
        return list(dict.fromkeys(name for replica in self._replicas.values() for name in replica.engines))

    @property
    def problem(self) -> str | None:
        """Why no replica can be reached; None = one can."""
        if not self._replicas:
            return self._problem or f"The service at {self.address} has not been found yet."
        problems = [replica.problem for replica in self._replicas.values()]
        return None if None in problems else problems[0]

    def replica(self, address: str) -> Replica:
        """The one at that address. Raises `CannotConnect` when it is gone."""
        if address not in self._replicas:
            raise CannotConnect(self.problem or f"{address} is no replica of {self.address} any more.")
        return self._replicas[address]

    def info(self, engine: str) -> EngineInfo | None:
        """What that engine last said about itself: the first ready one of those that can be reached."""
        known = None
        for replica in self._replicas.values():
            info = replica.engines.get(engine)
            if info is None:
                continue
            if info.state == ENGINE_STATE_READY and replica.problem is None:
                return info
            known = known or info
        return known

    async def start(self) -> None:
        """Begin to look for replicas and to watch them."""
        self._lag.start()
        self._task = asyncio.create_task(self._keep_looking())

    async def stop(self) -> None:
        """Let every replica go; calls that still run are cancelled."""
        self._lag.stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for farewell in self._leaving:
            farewell.cancel()
        await asyncio.gather(*self._leaving, return_exceptions=True)
        await asyncio.gather(*(replica.stop() for replica in self._replicas.values()))

    async def first_answer(self, within_s: float) -> None:
        """Wait for the first `Describe` of each replica to come back, well or badly."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._looked.wait()
                for replica in list(self._replicas.values()):
                    await replica.described.wait()

    async def refresh(self) -> None:
        """Look anew which replicas there are; what is not found by a failing lookup stays."""
        try:
            found = await self._resolver.addresses(await self._place())
        except CannotConnect as error:
            if not self._replicas and error.message != self._problem:
                log.info("%s service at %s: %s", self.modality, self.address, error.message)
            self._problem = error.message
        else:
            self._problem = None
            self._keep_only(found)
        self._looked.set()

    async def _place(self) -> str:
        """`host:port`; an old `.env` gives the URL of the service's HTTP, which is asked for its gRPC port."""
        return await grpc_address(self.address) if is_url(self.address) else self.address

    def _keep_only(self, addresses: Iterable[str]) -> None:
        wanted = list(addresses)
        for address in wanted:
            if address not in self._replicas:
                self._replicas[address] = Replica(
                    self.modality, address, self.pool, self._watched, lag=self._lag, crowd=self._crowd,
                    connect=self._connect, identity=self._identity, certified=self._certified,
                )  # fmt: skip
                self._replicas[address].start()
        self.pool.set_addresses(wanted)
        for address in self._replicas.keys() - set(wanted):
            log.info("%s replica %s left %s", self.modality, address, self.address)
            self._let_go(self._replicas.pop(address))

    async def _renew(self) -> None:
        """After the certificate, the connections that show it; calls end on the old ones."""
        if self._identity is not None:
            papers = self._identity.papers
            old = [replica for replica in self._replicas.values() if replica.papers is not papers]
            await asyncio.gather(*(self._succeed(replica, papers) for replica in old))

    async def _succeed(self, replica: Replica, papers: Papers) -> None:
        """Put a new connection in the place of an old one, unless that one is the only one that works."""
        heir = replica.heir()
        try:
            if replica.problem is None and not await heir.answers():
                self._doubt(replica, papers)
            elif self._replicas.get(replica.address) is replica:
                self._replicas[replica.address] = heir
                heir.start()
                replica.retire()
                self._let_go(replica)
        finally:
            if self._replicas.get(heir.address) is not heir:
                await heir.stop()

    def _doubt(self, replica: Replica, papers: Papers) -> None:
        """Say once that a renewed certificate is not taken everywhere; it is tried again all the time."""
        if papers is not self._doubted:
            self._doubted = papers
            log.warning("%s takes no connection by the renewed certificate yet; the old one is kept", replica.address)

    def _let_go(self, replica: Replica) -> None:
        farewell = asyncio.create_task(self._farewell(replica))
        self._leaving.add(farewell)
        farewell.add_done_callback(self._leaving.discard)

    async def _farewell(self, replica: Replica) -> None:
        """Keep the channel of a replica that is not asked any more until its last call has ended."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL_S):
                    while replica.calls:  # noqa: ASYNC110  # calls end in many places; none of them knows of this
                        await asyncio.sleep(FAREWELL_LOOK_S)
        finally:
            await replica.stop()

    async def _keep_looking(self) -> None:
        while True:
            await self.refresh()
            await self._renew()
            await asyncio.sleep(REFRESH_S)
