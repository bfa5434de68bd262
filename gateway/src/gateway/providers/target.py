"""One service of the mesh at one address: its channel, what it says about itself, and whether it can be reached.

`Describe` is asked each second and at once when health.v1 says that something changed, so that a broken engine is known
within a second and the reason with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gateway.providers.discovery import grpc_address, is_url
from gateway.routing.need import Modality
from troupe.v1 import speech_pb2, speech_pb2_grpc, text_pb2, text_pb2_grpc, video_pb2, video_pb2_grpc
from troupe.v1.engine_pb2 import DescribeRequest, EngineInfo
from troupe.wire.channels import open_channel
from troupe.wire.errors import CannotConnect, from_rpc_error

REFRESH_S = 1.0
DESCRIBE_TIMEOUT_S = 1.0
REWATCH_S = 0.5

SERVICES: dict[Modality, Any] = {
    Modality.TEXT: text_pb2.DESCRIPTOR.services_by_name["Text"],
    Modality.TTS: speech_pb2.DESCRIPTOR.services_by_name["Speech"],
    Modality.VIDEO: video_pb2.DESCRIPTOR.services_by_name["Video"],
}
_STUBS: dict[Modality, Any] = {
    Modality.TEXT: text_pb2_grpc.TextStub,
    Modality.TTS: speech_pb2_grpc.SpeechStub,
    Modality.VIDEO: video_pb2_grpc.VideoStub,
}

log = logging.getLogger(__name__)


class MeshTarget:
    """A watched service; several rungs may share it."""

    def __init__(self, modality: Modality, address: str, watched: Iterable[str] = ()) -> None:
        self.modality = modality
        self._watched = tuple(watched)
        self.address = address
        self.problem: str | None = None
        self._channel: grpc.aio.Channel | None = None
        self._stub: Any = None
        self._connected_to = ""
        self._engines: dict[str, EngineInfo] = {}
        self._described = asyncio.Event()
        self._poke = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, method: str, *request: Any, **options: Any) -> Any:
        """Begin a call. Raises `CannotConnect` while it is not known where the service is."""
        if self._stub is None:
            raise CannotConnect(self.problem or f"The service at {self.address} has not been found yet.")
        return getattr(self._stub, method)(*request, **options)

    @property
    def engines(self) -> Iterable[str]:
        """The engines it runs, as far as it has said."""
        return self._engines.keys()

    def info(self, engine: str) -> EngineInfo | None:
        """What that engine last said about itself."""
        return self._engines.get(engine)

    async def start(self) -> None:
        """Begin to watch the service and its engines."""
        full_name = SERVICES[self.modality].full_name
        names = ["", *(f"{full_name}/{engine}" for engine in self._watched)]
        if not is_url(self.address):
            await self._connect(self.address)
        self._tasks = [asyncio.create_task(self._keep_described())]
        self._tasks += [asyncio.create_task(self._watch(name)) for name in names]

    async def stop(self) -> None:
        """Stop watching and close the channel; calls that still run are cancelled."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._channel is not None:
            await self._channel.close(None)

    async def first_answer(self, within_s: float) -> None:
        """Wait for the first `Describe` to come back, well or badly."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._described.wait()

    async def refresh(self) -> None:
        """Ask the service to describe itself, and remember the answer or the trouble."""
        try:
            if is_url(self.address) and (self._stub is None or self.problem):
                await self._connect(await grpc_address(self.address))
            answer = await self.begin("Describe", DescribeRequest(), timeout=DESCRIBE_TIMEOUT_S)
        except CannotConnect as error:
            self._note(error.message)
        except grpc.aio.AioRpcError as error:
            self._note(_trouble(error, self.address))
        else:
            self._engines = {info.name: info for info in answer.engines}
            self._note(None)
        self._described.set()

    async def _connect(self, address: str) -> None:
        if address == self._connected_to:
            return
        if self._channel is not None:
            await self._channel.close(None)
        self._connected_to = address
        self._channel = open_channel(address)
        self._stub = _STUBS[self.modality](self._channel)

    def _note(self, problem: str | None) -> None:
        if (problem is None) != (self.problem is None) or not self._described.is_set():
            log.info("%s service at %s: %s", self.modality, self.address, problem or "reached")
        self.problem = problem

    async def _keep_described(self) -> None:
        while True:
            self._poke.clear()
            await self.refresh()
            # Not wait_for: in Python 3.11 it can swallow a cancellation that meets the event.
            with suppress(TimeoutError):
                async with asyncio.timeout(REFRESH_S):
                    await self._poke.wait()

    async def _watch(self, name: str) -> None:
        while True:
            try:
                await self._watch_until_bad_news(name)
            except grpc.aio.AioRpcError as error:
                log.debug("health watch of %s %s ended: %s", self.address, name, error.code())
            self._poke.set()
            await asyncio.sleep(REWATCH_S)

    async def _watch_until_bad_news(self, name: str) -> None:
        """Returns at NOT_SERVING: an open watch would hold up the drain of a service that is told to end."""
        if self._channel is None:
            return
        watch = health_pb2_grpc.HealthStub(self._channel).Watch(health_pb2.HealthCheckRequest(service=name))
        try:
            async for answer in watch:
                self._poke.set()
                if answer.status == health_pb2.HealthCheckResponse.NOT_SERVING:
                    return
        finally:
            watch.cancel()


def _trouble(error: grpc.aio.AioRpcError, address: str) -> str:
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"the service at {address} does not answer"
    return from_rpc_error(error, address).message
