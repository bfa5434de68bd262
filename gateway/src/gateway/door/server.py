"""The gRPC server of the gateway: troupe.v1, health, reflection."""

from __future__ import annotations

import asyncio

from gateway.door.speech import SpeechDoor
from gateway.door.text import TextDoor
from gateway.door.video import VideoDoor
from gateway.house import House
from gateway.routing.need import Modality
from troupe.v1.speech_pb2_grpc import add_SpeechServicer_to_server
from troupe.v1.text_pb2_grpc import add_TextServicer_to_server
from troupe.v1.video_pb2_grpc import add_VideoServicer_to_server
from troupe.wire.health import NOT_SERVING, SERVING, EngineBoard
from troupe.wire.interceptors import RpcMetrics
from troupe.wire.serving import Service, bind, make_server

NAMES = {Modality.TEXT: "troupe.v1.Text", Modality.TTS: "troupe.v1.Speech", Modality.VIDEO: "troupe.v1.Video"}
HEALTH_S = 0.5


class Door:
    """Bound, then started, then stopped."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._board = EngineBoard("troupe.v1", ())
        services = [
            Service(NAMES[Modality.TEXT], lambda server: add_TextServicer_to_server(TextDoor(house), server)),
            Service(NAMES[Modality.TTS], lambda server: add_SpeechServicer_to_server(SpeechDoor(house), server)),
            Service(NAMES[Modality.VIDEO], lambda server: add_VideoServicer_to_server(VideoDoor(house), server)),
        ]
        # Reflection tells strangers what there is: only where no keys are asked for.
        calls = RpcMetrics(house.metrics.registry)
        calls.traces = house.traces
        self._server = make_server(
            services, self._board, house.metrics.registry, with_reflection=not house.keyring.asks, metrics=calls
        )
        self._follow: asyncio.Task[None] | None = None

    def bind(self, host: str, port: int) -> int:
        """Claim the port (0 = any free one) and tell it; raises `PortTaken`."""
        return bind(self._server, host, port, "TROUPE_GRPC_PORT")

    async def start(self) -> None:
        """Begin to serve."""
        await self._board.start()
        await self._server.start()
        self._follow = asyncio.create_task(self._keep_health())

    async def leave(self) -> None:
        """NOT_SERVING from now on; calls are still taken."""
        if self._follow is not None:
            self._follow.cancel()
        await self._board.drain()

    async def stop(self, drain_s: float) -> None:
        """No new call from now on; the running ones may take this long."""
        await self.leave()
        await self._server.stop(drain_s)

    async def _keep_health(self) -> None:
        while True:
            ready = {modality: self._house.ready(modality) is not None for modality in Modality}
            for modality, name in NAMES.items():
                await self._board.servicer.set(name, SERVING if ready[modality] else NOT_SERVING)
            await self._board.servicer.set("", SERVING if any(ready.values()) else NOT_SERVING)
            await asyncio.sleep(HEALTH_S)
