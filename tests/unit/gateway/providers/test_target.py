"""Replicas behind one name: found, left, drained, and asked evenly."""

import asyncio
import os
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry

from gateway.providers.mesh import MeshRung
from gateway.providers.resolver import Resolver
from gateway.providers.target import MeshTarget
from gateway.routing.chain import Chain
from gateway.routing.need import Modality, Need
from gateway.routing.rung import Call, Policy
from troupe.v1.engine_pb2 import ENGINE_STATE_MISSING, ENGINE_STATE_READY, DescribeResponse, EngineInfo
from troupe.v1.speech_pb2 import SpeechChunk, SpeechInput
from troupe.v1.speech_pb2_grpc import SpeechServicer, add_SpeechServicer_to_server
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import NoRungCanServe
from troupe.wire.health import EngineBoard
from troupe.wire.serving import Service, make_server

NAME = "speech.test"


class Named(SpeechServicer):
    """Answers with its own address."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.calls = 0
        self.engines = [EngineInfo(name="tone", state=ENGINE_STATE_READY)]
        self.missed = 0  # answers about itself that never came
        self.awake = asyncio.Event()
        self.awake.set()

    async def Synthesize(self, request_iterator, context):
        self.calls += 1
        async for _ in request_iterator:
            yield SpeechChunk(audio=self.address.encode())

    async def Describe(self, request, context):
        try:
            await self.awake.wait()
        except asyncio.CancelledError:
            self.missed += 1
            raise
        return DescribeResponse(engines=self.engines)


@asynccontextmanager
async def replica(ip: str, port: int = 0):
    board = EngineBoard("troupe.v1.Speech", ("tone",))
    servicer = Named(ip)
    service = Service("troupe.v1.Speech", lambda server: add_SpeechServicer_to_server(servicer, server))
    server = make_server([service], board, CollectorRegistry())
    servicer.port, servicer.board = server.add_insecure_port(f"{ip}:{port}"), board
    await server.start()
    await board.start()
    await board.ready("tone")
    try:
        yield servicer
    finally:
        await server.stop(0)


@pytest.fixture
async def rung_of(names, tmp_path):
    targets = []

    async def make(place: str) -> MeshRung:
        resolver = Resolver(names.address, tmp_path / "no-hosts")
        target = MeshTarget(Modality.TTS, place, ("tone",), resolver=resolver)
        targets.append(target)
        await target.start()
        await target.first_answer(5)
        return MeshRung("mine", Modality.TTS, ("tone",), target, Policy(timeout_s=30))

    yield make
    for target in targets:
        await target.stop()


async def ask(rung) -> bytes:
    async def hello(_rung):
        yield SpeechInput(text="hello")

    call = Call("Synthesize", hello, lambda chunk: bool(chunk.audio), Deadline.after(10))
    served = await Chain(Modality.TTS, [rung]).run(Need(Modality.TTS), call)
    spoken = [chunk.audio async for chunk in served]
    return spoken[0]


async def test_every_address_of_a_name_is_asked(rung_of, names) -> None:
    async with AsyncExitStack() as running:
        first = await running.enter_async_context(replica("127.0.0.11"))
        second = await running.enter_async_context(replica("127.0.0.12", first.port))
        names.records[NAME] = ["127.0.0.11", "127.0.0.12"]
        rung = await rung_of(f"{NAME}:{first.port}")
        await asyncio.gather(*(ask(rung) for _ in range(20)))
        assert first.calls + second.calls == 20
        assert min(first.calls, second.calls) >= 5


async def test_a_scale_out_and_a_scale_in_are_seen(rung_of, names, until) -> None:
    async with AsyncExitStack() as running:
        first = await running.enter_async_context(replica("127.0.0.11"))
        names.records[NAME] = ["127.0.0.11"]
        rung = await rung_of(f"{NAME}:{first.port}")
        assert await ask(rung) == b"127.0.0.11"
        await running.enter_async_context(replica("127.0.0.12", first.port))
        names.records[NAME] = ["127.0.0.12"]
        await until(lambda: [view.address for view in rung.pool.view("tone")] == [f"127.0.0.12:{first.port}"])
        assert await ask(rung) == b"127.0.0.12"


async def test_a_name_that_does_not_answer_for_a_while_loses_nothing(rung_of, names) -> None:
    async with replica("127.0.0.11") as first:
        names.records[NAME] = ["127.0.0.11"]
        rung = await rung_of(f"{NAME}:{first.port}")
        del names.records[NAME]
        await rung.target.refresh()
        assert await ask(rung) == b"127.0.0.11"


async def test_a_name_without_address_is_said(rung_of) -> None:
    rung = await rung_of("nowhere.test:1")
    assert "nowhere.test has no address" in rung.trouble()


async def test_a_list_of_addresses_is_a_target_too(rung_of) -> None:
    async with replica("127.0.0.1") as first, replica("127.0.0.1") as second:
        rung = await rung_of(f"127.0.0.1:{first.port}, 127.0.0.1:{second.port}")
        await asyncio.gather(*(ask(rung) for _ in range(20)))
        assert first.calls + second.calls == 20
        assert min(first.calls, second.calls) >= 5


@pytest.mark.parametrize(("threads_a_processor", "misses"), [(1, 1), (4, 2)])
async def test_what_waits_for_a_processor_may_miss_more_answers_than_one(
    rung_of, until, monkeypatch, threads_a_processor, misses
) -> None:
    monkeypatch.setattr("gateway.crowd.running_threads", lambda: threads_a_processor * (os.cpu_count() or 1))
    async with replica("127.0.0.1") as only:
        rung = await rung_of(f"127.0.0.1:{only.port}")
        only.awake.clear()
        await until(rung.trouble, 4 * misses)
        assert "does not answer" in rung.trouble()
        assert misses - 1 <= only.missed <= misses  # the last one may not have been told yet that nobody waits
        only.awake.set()
        await until(lambda: not rung.trouble())
        assert await ask(rung) == b"127.0.0.1"


@pytest.mark.parametrize(
    "has",
    [[EngineInfo(name="flite", state=ENGINE_STATE_READY)], [EngineInfo(name="tone", state=ENGINE_STATE_MISSING)], []],
    ids=["another engine", "it cannot run", "nothing"],
)
async def test_a_replica_without_the_engine_is_not_asked_for_it(rung_of, until, has) -> None:
    async with replica("127.0.0.1") as first, replica("127.0.0.1") as second:
        first.engines = has
        rung = await rung_of(f"127.0.0.1:{first.port},127.0.0.1:{second.port}")
        await until(lambda: all(each.problem is None for each in rung.target._replicas.values()))
        for _ in range(10):
            await ask(rung)
        assert (first.calls, second.calls) == (0, 10)
        assert rung.pool.size("tone") == 1


async def test_where_no_replica_has_it_the_ones_there_are_are_named(rung_of, until) -> None:
    async with replica("127.0.0.1") as only:
        only.engines = [EngineInfo(name="flite", state=ENGINE_STATE_READY)]
        rung = await rung_of(f"127.0.0.1:{only.port}")
        await until(lambda: bool(rung.target.engines))
        with pytest.raises(NoRungCanServe, match="runs only flite"):
            await ask(rung)
        assert only.calls == 0


async def test_a_replica_that_drains_gets_no_new_call(rung_of, until) -> None:
    async with replica("127.0.0.1") as first, replica("127.0.0.1") as second:
        rung = await rung_of(f"127.0.0.1:{first.port},127.0.0.1:{second.port}")
        await until(lambda: all(each.problem is None for each in rung.target._replicas.values()))
        await first.board.drain()
        await until(lambda: any("drain" in view.why for view in rung.pool.view("tone")))
        before = first.calls
        for _ in range(10):
            await ask(rung)
        assert first.calls == before
        assert rung.trouble() is None


async def test_a_replica_that_died_and_came_back_is_asked_again(rung_of, until) -> None:
    async with replica("127.0.0.1") as second:
        async with replica("127.0.0.1") as first:
            port = first.port
            rung = await rung_of(f"127.0.0.1:{port},127.0.0.1:{second.port}")
            await ask(rung)
        await until(lambda: any(view.why for view in rung.pool.view("tone")))
        for _ in range(10):
            await ask(rung)
        async with replica("127.0.0.1", port) as again:

            async def asked_again() -> None:
                while not again.calls:
                    await ask(rung)
                    await asyncio.sleep(0.01)

            await asyncio.wait_for(asked_again(), 10)


async def test_both_gone_is_said_and_costs_no_time(rung_of, until) -> None:
    async with replica("127.0.0.1") as first:
        rung = await rung_of(f"127.0.0.1:{first.port}")
        await ask(rung)
    await until(lambda: f"Cannot connect to 127.0.0.1:{first.port}" in (rung.trouble() or ""))
