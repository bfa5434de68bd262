"""The life of a service process: listen, serve, drain.

Each service passes its servicers, its engine board and a lifespan (which loads the engines, starts what else listens,
and cleans up). The process says where it listens in one line that people, supervisors and tests read:

    listening service=speech grpc=127.0.0.1:50052 http=127.0.0.1:5050 metrics=127.0.0.1:9102
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, cast

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from prometheus_client import CollectorRegistry, start_http_server

from troupe.wire.callers import GATEWAY
from troupe.wire.channels import SERVER_OPTIONS
from troupe.wire.health import EngineBoard
from troupe.wire.interceptors import RpcMetrics, TroupeInterceptor
from troupe.wire.papers import TlsFiles
from troupe.wire.ports import claim, taken
from troupe.wire.tls import Identity
from troupe.wire.traces import Traces

CALLED = {"text": "svc-text", "speech": "svc-tts", "video": "svc-video"}
"""The service behind each announced name, as traces call it."""

log = logging.getLogger(__name__)

Addresses = dict[str, str]
Lifespan = Callable[[Addresses], AbstractAsyncContextManager[Addresses]]
"""Enters with the addresses bound so far, gives the further ones it bound itself."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a service listens, and how long it may take to drain; port 0 = any free one."""

    host: str
    grpc_port: int
    metrics_port: int
    grpc_setting: str  # the name to change when the port is taken
    metrics_setting: str
    drain_s: float = 20.0
    reflection: bool = True
    otlp_endpoint: str = ""  # the collector of traces; empty = none are made
    tls: TlsFiles | None = None  # None = plaintext; the metrics, and whatever HTTP there is, always are


@dataclass(frozen=True, slots=True)
class Service:
    """One gRPC service: its full name, and what adds its servicer to a server."""

    name: str
    add: Callable[[grpc.aio.Server], None]


async def serve(
    name: str,
    services: Sequence[Service],
    board: EngineBoard,
    listen: Listen,
    *,
    registry: CollectorRegistry,
    lifespan: Lifespan,
    metrics: RpcMetrics | None = None,
) -> None:
    """Run the service until SIGTERM or SIGINT, then drain: no new call, the running ones end, then everything stops.

    `metrics`: of a service that counts calls besides the interceptor; made in `registry`.
    """
    stop = stop_signal()
    metrics = metrics or RpcMetrics(registry)
    metrics.traces = Traces.of(listen.otlp_endpoint, CALLED[name])
    identity = Identity.of(listen.tls)
    callers = frozenset({GATEWAY}) if identity is not None else frozenset[str]()
    server = make_server(services, board, registry, with_reflection=listen.reflection, metrics=metrics, callers=callers)
    credentials = identity.server() if identity is not None else None
    port = bind(server, listen.host, listen.grpc_port, listen.grpc_setting, credentials)
    with serve_metrics(listen, registry) as metrics_port:
        addresses = {"grpc": f"{listen.host}:{port}", "metrics": f"{listen.host}:{metrics_port}"}
        await server.start()
        await board.start()
        try:
            async with shown(identity, registry), lifespan(addresses) as further:
                announce(name, addresses | further)
                await stop.wait()
                log.info("draining: at most %.0f s", listen.drain_s)
                await board.drain()
                await server.stop(listen.drain_s)
        finally:
            await server.stop(None)
            if metrics.traces is not None:
                await asyncio.to_thread(metrics.traces.close)
    log.info("stopped")


def make_server(
    services: Sequence[Service],
    board: EngineBoard,
    registry: CollectorRegistry,
    *,
    with_reflection: bool = True,
    metrics: RpcMetrics | None = None,
    callers: frozenset[str] = frozenset(),
) -> grpc.aio.Server:
    """A server with these services, health.v1, reflection, rich errors and metrics; not yet bound.

    `callers`: whose certificates may call these services; none = everybody's.
    """
    interceptor = TroupeInterceptor(metrics or RpcMetrics(registry), callers)
    server = grpc.aio.server(interceptors=[interceptor], options=SERVER_OPTIONS)
    for service in services:
        service.add(server)
    health_pb2_grpc.add_HealthServicer_to_server(cast("Any", board.servicer), server)
    if with_reflection:
        names = [service.name for service in services]
        health_name = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
        reflection.enable_server_reflection((*names, health_name, reflection.SERVICE_NAME), server)
    return server


def bind(
    server: grpc.aio.Server, host: str, port: int, setting: str, credentials: grpc.ServerCredentials | None = None
) -> int:
    """Bind the server and tell the port; raises `PortTaken`."""
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if port:
        # gRPC's own message names neither the port's holder nor the reason.
        claim(host, port, setting).close()
    try:
        if credentials is None:
            return server.add_insecure_port(address)
        return server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise taken(host, port, setting, error) from error


@contextmanager
def serve_metrics(listen: Listen, registry: CollectorRegistry) -> Any:
    """Prometheus metrics over HTTP in a thread of their own; gives the port."""
    if listen.metrics_port:
        claim(listen.host, listen.metrics_port, listen.metrics_setting).close()
    server, thread = start_http_server(listen.metrics_port, listen.host, registry)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


@asynccontextmanager
async def shown(identity: Identity | None, registry: CollectorRegistry) -> AsyncIterator[None]:
    """Keep a certificate as new as its files, and tell when it expires, as long as the block lasts."""
    if identity is None:
        yield
        return
    identity.show(registry)
    async with background(asyncio.create_task(identity.keep())):
        yield


def announce(name: str, addresses: Addresses) -> None:
    """Say where this process listens, in the one line that others read."""
    log.info("listening service=%s %s", name, " ".join(f"{kind}={address}" for kind, address in addresses.items()))


def parse_announcement(line: str) -> Addresses | None:
    """The addresses in an announcement, with the service's name under `service`; None for any other line.

    An object of a log in JSON is a line too.
    """
    _, marker, rest = line.partition("listening service=")
    if not marker:
        return None
    if line.startswith("{"):
        _, _, rest = str(json.loads(line)["message"]).partition("listening service=")
    return dict(pair.split("=", 1) for pair in f"service={rest}".split())


def stop_signal() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set; a second signal ends the process the usual way."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def first(number: signal.Signals) -> None:
        log.info("%s received", number.name)
        stop.set()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, first, number)
    return stop


@asynccontextmanager
async def background(*tasks: asyncio.Task[Any]) -> AsyncIterator[None]:
    """Tasks that live as long as the block; they are cancelled and awaited at its end."""
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
