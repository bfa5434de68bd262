"""A text service whose `Connect` a test writes frame by frame: real gRPC in this process."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import grpc
from prometheus_client import CollectorRegistry

from troupe.v1 import text_pb2
from troupe.v1.engine_pb2 import ENGINE_STATE_READY, DescribeResponse, EngineInfo
from troupe.v1.text_pb2_grpc import TextServicer, add_TextServicer_to_server
from troupe.wire.errors import NotSupported, TroupeError
from troupe.wire.health import EngineBoard
from troupe.wire.serving import Service, make_server


class Told:
    """One open stream as its service sees it: the frames that came, and a queue of those to send."""

    def __init__(self, context) -> None:
        self.context = context
        self.frames: list[text_pb2.ClientFrame] = []
        self.sending: asyncio.Queue = asyncio.Queue()

    def starts(self) -> list[text_pb2.ClientFrame]:
        return [frame for frame in self.frames if frame.HasField("start")]

    def kinds(self, chat_id: int) -> list[str]:
        return [frame.WhichOneof("frame") for frame in self.frames if frame.id == chat_id]

    def say(self, *events: text_pb2.ChatEvent, **frame) -> None:
        self.sending.put_nowait(text_pb2.ServerFrame(events=events, **frame))

    def end(self, error: TroupeError | grpc.StatusCode | None = None) -> None:
        self.sending.put_nowait(error)


def delta(chat_id: int, text: str = "", **fields) -> text_pb2.ChatEvent:
    return text_pb2.ChatEvent(id=chat_id, delta=text_pb2.ChatDelta(content=text, **fields))


def done(chat_id: int) -> text_pb2.ChatEvent:
    return text_pb2.ChatEvent(id=chat_id, done=text_pb2.ChatDone())


class ScriptedText(TextServicer):
    """Streams whose answers a test writes; a call of `Chat` says `alone`."""

    def __init__(self, knows_connect: bool) -> None:
        self.knows_connect = knows_connect
        self.streams: list[Told] = []
        self.connects = self.calls = 0

    def starts(self) -> int:
        return sum(len(told.starts()) for told in self.streams)

    async def Connect(self, request_iterator, context):
        self.connects += 1
        if not self.knows_connect:
            raise NotSupported("no such call here")
        told = Told(context)
        self.streams.append(told)
        reading = asyncio.create_task(self._read(told, request_iterator))
        try:
            while isinstance(frame := await told.sending.get(), text_pb2.ServerFrame | bytes):
                yield frame
            if isinstance(frame, TroupeError):
                raise frame
            if frame is not None:
                await context.abort(frame, "as the test told")
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, told, frames) -> None:
        async for frame in frames:
            told.frames.append(frame)

    async def Chat(self, request, context):
        self.calls += 1
        self.metadata = dict(context.invocation_metadata())
        self.left_s = context.time_remaining()
        yield text_pb2.ChatDelta(content="alone")

    async def Describe(self, request, context):
        info = EngineInfo(name="echo", state=ENGINE_STATE_READY)
        return DescribeResponse(service="svc-text", engines=[info])


class Raw:
    """A server that takes the service's handlers; on its `Connect` bytes are sent as they are."""

    def __init__(self, server) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, _handlers) -> None:
        """The registered ones are enough."""

    def add_registered_method_handlers(self, name, handlers) -> None:
        connect = grpc.stream_stream_rpc_method_handler(
            handlers["Connect"].stream_stream, text_pb2.ClientFrame.FromString, as_bytes
        )
        self._server.add_registered_method_handlers(name, handlers | {"Connect": connect})


def as_bytes(frame: text_pb2.ServerFrame | bytes) -> bytes:
    return frame if isinstance(frame, bytes) else frame.SerializeToString()


@asynccontextmanager
async def text_service(*, knows_connect=True):
    board = EngineBoard("troupe.v1.Text", ("echo",))
    servicer = ScriptedText(knows_connect)
    service = Service("troupe.v1.Text", lambda server: add_TextServicer_to_server(servicer, Raw(server)))
    server = make_server([service], board, CollectorRegistry())
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    await board.start()
    await board.ready("echo")
    try:
        yield servicer, f"127.0.0.1:{port}"
    finally:
        await server.stop(0)
