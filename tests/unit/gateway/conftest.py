"""Rungs and services for the gateway's unit tests: rungs scripted in memory, services of real gRPC."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry

from gateway.routing.budget import RetryBudget
from gateway.routing.gate import Gate
from gateway.routing.need import Modality
from gateway.routing.pool import Pool
from gateway.routing.rung import Call, Policy
from troupe.v1.engine_pb2 import ENGINE_STATE_READY, DescribeResponse, EngineInfo
from troupe.v1.speech_pb2_grpc import SpeechServicer, add_SpeechServicer_to_server
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import TroupeError
from troupe.wire.health import EngineBoard
from troupe.wire.serving import Service, make_server


class ScriptedStream:
    """Gives the script's messages; an error in it is raised, a callable is awaited."""

    def __init__(self, script, inputs, reads_inputs=False) -> None:
        self._script = list(script)
        self._inputs = inputs
        self._reads_inputs = reads_inputs
        self.closed = False
        self.taken = []

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self._reads_inputs:
            self._reads_inputs = False
            async for message in self._inputs:
                self.taken.append(message)
        if not self._script:
            raise StopAsyncIteration
        step = self._script.pop(0)
        if isinstance(step, TroupeError):
            raise step
        if callable(step):
            return await step()
        return step

    def abort(self, error) -> None:
        self._script = [error]

    async def aclose(self) -> None:
        self.closed = True
        await self._inputs.aclose()


class RecordingPool(Pool):
    """Writes down how every attempt ended."""

    def __init__(self, addresses) -> None:
        super().__init__(time.monotonic)
        self.set_addresses(addresses)
        self.outcomes = []

    def pick(self, *args, **kwargs):
        lease = super().pick(*args, **kwargs)
        if lease is None:
            return None
        end, ended = lease.end, []

        def recorded(error=None):
            if not ended:
                ended.append(error)
                self.outcomes.append(error)
            end(error)

        lease.end = recorded
        return lease


class ScriptedRung:
    """A rung whose answers, obstacles and health a test writes down."""

    def __init__(
        self,
        name,
        *scripts,
        skip=None,
        trouble=None,
        info=None,
        modality=Modality.TTS,
        cloud=False,
        reads_inputs=False,
        replicas=1,
        policy=None,
    ) -> None:
        self.name, self.modality, self.cloud = name, modality, cloud
        self.scripts = list(scripts)
        self.skip, self.sick, self.info = skip, trouble, info
        self.reads_inputs = reads_inputs
        self.streams: list[ScriptedStream] = []
        self.asked: list[str] = []  # addresses
        self.policy = policy or Policy(timeout_s=30.0)
        self.pool = RecordingPool([f"{name}-{number}:1" for number in range(replicas)])
        self.gate, self.budget = Gate(time.monotonic), RetryBudget(time.monotonic)
        self.model = ""

    @property
    def outcomes(self):
        return self.pool.outcomes

    @property
    def engine(self) -> str:
        return self.info.name if self.info else self.name

    def describe(self):
        return self.info

    def trouble(self):
        return self.sick

    def unusable(self):
        return None

    def can_serve(self, _need):
        return self.skip

    def open(self, call, address, timeout_s):
        assert timeout_s > 0
        self.asked.append(address)
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        self.streams.append(ScriptedStream(script, call.inputs(self), self.reads_inputs))
        return self.streams[-1]


async def nothing(_rung):
    """No input at all."""
    return
    yield


def a_call(commits=lambda message: message != "header", inputs=nothing, seconds=10.0, **more) -> Call:
    return Call("Synthesize", inputs, commits, Deadline.after(seconds), **more)


@pytest.fixture
def rung():
    return ScriptedRung


@pytest.fixture
def call():
    return a_call


class ScriptedSpeech(SpeechServicer):
    """A Speech service whose answer a test writes: `answer(requests, context)` is an async generator."""

    def __init__(self, answer, board) -> None:
        self.answer, self.board = answer, board
        self.running = 0
        self.metadata = {}

    async def Synthesize(self, request_iterator, context):  # the RPC's name
        self.running += 1
        self.metadata = dict(context.invocation_metadata())
        try:
            async for chunk in self.answer(request_iterator, context):
                yield chunk
        finally:
            self.running -= 1

    async def ListVoices(self, request, context):  # the RPC's name
        return await self.answer(request, context)

    async def Describe(self, request, context):  # the RPC's name
        infos = []
        for name in self.board.engines:
            status = self.board.status(name)
            told = {
                "state": status.state,
                "reason": status.reason,
                "remedy": status.remedy,
                "progress": status.progress,
            }
            infos.append(EngineInfo(name=name, formats=["pcm"], **told))
        return DescribeResponse(service="speech", engines=infos)


@pytest.fixture
async def speech_service():
    """`async with speech_service(answer) as (servicer, address)`: real gRPC on a free port of this process."""

    @asynccontextmanager
    async def start(answer, engines=("tone",)):
        board = EngineBoard("troupe.v1.Speech", engines)
        servicer = ScriptedSpeech(answer, board)
        service = Service("troupe.v1.Speech", lambda server: add_SpeechServicer_to_server(servicer, server))
        server = make_server([service], board, CollectorRegistry())
        servicer.server = server
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        await board.start()
        for engine in engines:
            await board.ready(engine)
        try:
            yield servicer, f"127.0.0.1:{port}"
        finally:
            await server.stop(0)

    return start


@pytest.fixture
def until():
    """`await until(condition)`: within 5 s."""

    async def wait(condition, within_s=5.0):
        async with asyncio.timeout(within_s):
            while not condition():
                await asyncio.sleep(0.01)

    return wait


@pytest.fixture
def ready_info():
    def make(name="tone", **fields) -> EngineInfo:
        return EngineInfo(name=name, state=ENGINE_STATE_READY, **fields)

    return make
