"""A watched service behind TLS: asked by its own name, and asked on while certificates are renewed."""

import asyncio
import logging
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry
from tests.fakes.certificates import identity, make

from gateway.providers.mesh import MeshRung
from gateway.providers.target import MeshTarget
from gateway.routing.chain import Chain
from gateway.routing.need import Modality, Need
from gateway.routing.rung import Call, Policy
from troupe.v1.engine_pb2 import ENGINE_STATE_READY, DescribeResponse, EngineInfo, Tick
from troupe.v1.speech_pb2 import SpeechChunk, SpeechInput
from troupe.v1.speech_pb2_grpc import SpeechServicer, add_SpeechServicer_to_server
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import TroupeError
from troupe.wire.health import EngineBoard
from troupe.wire.serving import Service, bind, make_server

TONE = EngineInfo(name="tone", state=ENGINE_STATE_READY)


class Patient(SpeechServicer):
    """Answers at once, and once more when it is let."""

    def __init__(self):
        self.calls, self.go_on = 0, asyncio.Event()

    async def Synthesize(self, request_iterator, context):
        self.calls += 1
        inputs = [message async for message in request_iterator]
        yield SpeechChunk(audio=b"first")
        if inputs[-1].text == "slowly":
            while not self.go_on.is_set():
                yield SpeechChunk(tick=Tick())
                await asyncio.sleep(0.1)
            yield SpeechChunk(audio=b"last")

    async def Describe(self, request, context):
        return DescribeResponse(engines=[TONE])


@asynccontextmanager
async def speech(shown):
    board, servicer = EngineBoard("troupe.v1.Speech", ("tone",)), Patient()
    service = Service("troupe.v1.Speech", lambda server: add_SpeechServicer_to_server(servicer, server))
    server = make_server([service], board, CollectorRegistry())
    servicer.address = f"127.0.0.1:{bind(server, '127.0.0.1', 0, 'PORT', shown.server())}"
    await server.start()
    await board.start()
    await board.ready("tone")
    try:
        yield servicer
    finally:
        await server.stop(0)


@asynccontextmanager
async def rung_at(address, shown):
    target = MeshTarget(Modality.TTS, address, ("tone",), identity=shown)
    await target.start()
    await target.first_answer(5)
    try:
        yield MeshRung("mine", Modality.TTS, ("tone",), target, Policy(timeout_s=30))
    finally:
        await target.stop()


async def heard(rung, text="") -> bytes:
    async def inputs(_rung):
        yield SpeechInput(text=text)

    call = Call("Synthesize", inputs, lambda chunk: bool(chunk.audio), Deadline.after(20))
    served = await Chain(Modality.TTS, [rung]).run(Need(Modality.TTS), call)
    return b"".join([chunk.audio async for chunk in served])


@pytest.fixture
def ours(tmp_path):
    return make(tmp_path / "ours")


async def test_it_is_asked_by_its_own_name(ours):
    async with (
        speech(identity(ours, "svc-tts")) as servicer,
        rung_at(servicer.address, identity(ours, "gateway")) as rung,
    ):
        assert await heard(rung) == b"first"
    async with (
        speech(identity(ours, "svc-text")) as servicer,
        rung_at(servicer.address, identity(ours, "gateway")) as rung,
    ):
        assert "its certificate is another part's" in rung.trouble()
        assert servicer.calls == 0


async def test_without_tls_on_this_side_the_reason_is_told(ours):
    async with speech(identity(ours, "svc-tts")) as servicer, rung_at(servicer.address, None) as rung:
        assert "TLS on one side only" in rung.trouble()


async def test_nothing_fails_while_certificates_are_renewed_under_load(ours, until):
    theirs, mine = identity(ours, "svc-tts"), identity(ours, "gateway")
    failures, asked, done = [], [0], asyncio.Event()

    async def load(rung):
        while not done.is_set():
            try:
                assert await heard(rung) == b"first"
            except TroupeError as error:
                failures.append(error)
                # A chain with nobody to ask fails without a pause: four of these loops would let nothing else run, and
                # fill the memory with errors.
                await asyncio.sleep(0.05)
            asked[0] += 1

    async with (
        speech(theirs) as servicer,
        rung_at(servicer.address, mine) as rung,
        asyncio.TaskGroup() as callers,  # what fails here ends them
    ):
        slow = callers.create_task(heard(rung, "slowly"))
        for _ in range(4):
            callers.create_task(load(rung))
        first = rung.target.replica(servicer.address)
        for _ in range(2):
            before, count = rung.target.replica(servicer.address), asked[0]
            await asyncio.to_thread(make, ours)
            theirs.look()
            mine.look()
            await until(lambda old=before: rung.target.replica(servicer.address) is not old, within_s=20)
            assert rung.trouble() is None
            await until(lambda least=count + 20: asked[0] >= least, within_s=20)
        assert first.calls == 1  # the slow one, where it began
        servicer.go_on.set()
        assert await slow == b"firstlast"
        done.set()
    assert asked[0] == servicer.calls - 1  # none was asked twice
    assert failures == []


async def test_a_connection_that_works_is_kept_while_the_new_certificate_does_not(ours, tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    mine, other = identity(ours, "gateway"), make(tmp_path / "other")
    async with speech(identity(ours, "svc-tts")) as servicer, rung_at(servicer.address, mine) as rung:
        before = rung.target.replica(servicer.address)
        for name in ("tls.crt", "tls.key", "ca.crt"):
            (ours / "gateway" / name).write_bytes((other / "gateway" / name).read_bytes())
        mine.look()
        for _ in range(2):
            await rung.target._renew()
            assert rung.target.replica(servicer.address) is before
            assert await heard(rung) == b"first"
    assert caplog.text.count("takes no connection by the renewed certificate yet") == 1
