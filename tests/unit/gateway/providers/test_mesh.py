"""Rungs of the mesh against real gRPC in this process: what is said, what is cancelled, what is frozen."""

import asyncio
import gc
import os

import grpc
import pytest

from gateway.providers.absent import AbsentRung
from gateway.providers.mesh import MeshRung
from gateway.providers.replica import engine_trouble
from gateway.providers.target import MeshTarget
from gateway.routing.chain import Chain
from gateway.routing.need import Modality, Need
from gateway.routing.rung import Call, Policy
from troupe.v1.engine_pb2 import EngineInfo, Tick
from troupe.v1.speech_pb2 import ListVoicesRequest, ListVoicesResponse, SpeechChunk, SpeechInput
from troupe.wire.deadlines import Deadline
from troupe.wire.errors import (
    CannotConnect,
    DeadlineExceeded,
    EngineFailed,
    EngineMissing,
    NotSupported,
    StreamBroken,
    TroupeError,
)

NEED = Need(Modality.TTS)


async def echo(requests, _context):
    async for request in requests:
        yield SpeechChunk(audio=request.text.encode())


def call(inputs=None, method="Synthesize", seconds=10.0, **more) -> Call:
    async def hello(_rung):
        yield SpeechInput(text="one")
        yield SpeechInput(text="two")

    return Call(method, inputs or hello, lambda chunk: bool(chunk.audio), Deadline.after(seconds), **more)


@pytest.fixture
async def rung_at():
    targets = []

    async def make(address, *engines, **fields):
        target = MeshTarget(Modality.TTS, address, engines or ("tone",))
        targets.append(target)
        await target.start()
        await target.first_answer(5)
        return OneReplica("mine", Modality.TTS, engines or ("tone",), target, Policy(timeout_s=30.0), **fields)

    yield make
    for target in targets:
        await target.stop()


class OneReplica(MeshRung):
    """A rung whose only replica is asked where a test does not say which."""

    def open(self, call, address="", timeout_s=30.0):
        address = address or next(iter(self.target._replicas), self.target.address)
        return super().open(call, address, min(timeout_s, call.deadline.remaining()))


async def texts(stream) -> list[bytes]:
    return [chunk.audio async for chunk in stream]


async def test_messages_go_in_and_come_out(speech_service, rung_at) -> None:
    async with speech_service(echo) as (servicer, address):
        stream = (await rung_at(address)).open(call(request_id="req_7"))
        assert await texts(stream) == [b"one", b"two"]
        assert servicer.metadata["x-request-id"] == "req_7"
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_a_unary_call_gives_one_message(speech_service, rung_at) -> None:
    async def answer(request, _context):
        return ListVoicesResponse(voices=[{"voice_id": request.language}])

    async def request(_rung):
        yield ListVoicesRequest(language="fr")

    async with speech_service(answer) as (_, address):
        stream = (await rung_at(address)).open(call(request, "ListVoices"))
        assert [message.voices[0].voice_id async for message in stream] == ["fr"]


async def test_the_leaf_that_a_service_raised_arrives(speech_service, rung_at) -> None:
    async def answer(_requests, _context):
        yield SpeechChunk(audio=b"x")
        raise EngineFailed("the child died", engine="tone")

    async with speech_service(answer) as (_, address):
        stream = (await rung_at(address)).open(call())
        await anext(stream)
        with pytest.raises(EngineFailed, match="the child died") as caught:
            await anext(stream)
        assert caught.value.details["engine"] == "tone"


@pytest.mark.parametrize(("sent", "leaf"), [(1, StreamBroken), (0, CannotConnect)])
async def test_grpcs_own_failure_is_a_broken_connection_and_no_defect(speech_service, rung_at, sent, leaf) -> None:
    async def answer(_requests, context):
        for _ in range(sent):
            yield SpeechChunk(audio=b"x")
        await context.abort(grpc.StatusCode.INTERNAL, "Internal error from Core")

    async with speech_service(answer) as (_, address):
        stream = (await rung_at(address)).open(call())
        for _ in range(sent):
            await anext(stream)
        with pytest.raises(leaf, match="broke"):
            await anext(stream)


async def test_nobody_there_is_cannot_connect(rung_at) -> None:
    rung = await rung_at("127.0.0.1:1")
    assert "Cannot connect to 127.0.0.1:1" in rung.trouble()
    with pytest.raises(CannotConnect, match=r"mine at 127.0.0.1:1"):
        await anext(rung.open(call()))


async def test_a_frozen_service_is_noticed_by_its_missing_ticks(speech_service, rung_at) -> None:
    async def answer(_requests, _context):
        yield SpeechChunk(audio=b"x")
        await asyncio.sleep(60)

    async with speech_service(answer) as (servicer, address):
        stream = (await rung_at(address, missed_ticks=1)).open(call())
        await anext(stream)
        async with asyncio.timeout(5):
            with pytest.raises(StreamBroken, match="frozen"):
                await anext(stream)
        async with asyncio.timeout(5):
            while servicer.running:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize(("threads_a_processor", "frozen"), [(1, True), (6, False)])
async def test_a_service_that_waits_for_a_processor_is_not_frozen(
    speech_service, rung_at, monkeypatch, threads_a_processor, frozen
) -> None:
    """Silent for 1.25 s where 0.75 s are allowed, and on a machine where each waits three times longer for its turn."""
    monkeypatch.setattr("gateway.crowd.running_threads", lambda: threads_a_processor * (os.cpu_count() or 1))

    async def answer(_requests, _context):
        yield SpeechChunk(audio=b"x")
        await asyncio.sleep(60 if frozen else 1.25)
        yield SpeechChunk(audio=b"late")

    async with speech_service(answer) as (_, address):
        stream = (await rung_at(address, missed_ticks=3)).open(call())
        await anext(stream)
        if frozen:
            with pytest.raises(StreamBroken, match="frozen"):
                await anext(stream)
        else:
            assert (await anext(stream)).audio == b"late"
        await stream.aclose()


async def test_also_on_a_crowded_machine_a_frozen_service_is_found(speech_service, rung_at, monkeypatch) -> None:
    monkeypatch.setattr("gateway.crowd.running_threads", lambda: 1000 * (os.cpu_count() or 1))

    async def answer(_requests, _context):
        yield SpeechChunk(audio=b"x")
        await asyncio.sleep(60)

    async with speech_service(answer) as (_, address):
        stream = (await rung_at(address, missed_ticks=1)).open(call())
        await anext(stream)
        async with asyncio.timeout(5):
            with pytest.raises(StreamBroken, match="frozen"):
                await anext(stream)


async def test_a_slow_service_that_ticks_is_not_frozen(speech_service, rung_at) -> None:
    async def answer(_requests, _context):
        for number in range(14):
            await asyncio.sleep(0.15)
            yield SpeechChunk(tick=Tick(sequence=number + 1))
        yield SpeechChunk(audio=b"late")

    async with speech_service(answer) as (_, address):
        stream = (await rung_at(address, missed_ticks=4)).open(call())
        assert [chunk.audio async for chunk in stream if chunk.audio] == [b"late"]


async def test_a_reader_that_waits_is_no_frozen_service(speech_service, rung_at) -> None:
    async def answer(_requests, _context):
        yield SpeechChunk(audio=b"a")
        yield SpeechChunk(audio=b"b")

    async with speech_service(answer) as (_, address):
        stream = (await rung_at(address, missed_ticks=1)).open(call())
        await anext(stream)
        await asyncio.sleep(1.0)  # four beats that nobody waits for
        assert (await anext(stream)).audio == b"b"


async def test_closing_frees_the_service_and_the_input(speech_service, rung_at, until) -> None:
    ended = asyncio.Event()

    async def endless(_rung):
        try:
            while True:
                yield SpeechInput(text="more")
                await asyncio.sleep(0.001)
        finally:
            ended.set()

    async with speech_service(echo) as (servicer, address):
        stream = (await rung_at(address)).open(call(endless))
        await anext(stream)
        await stream.aclose()
        assert ended.is_set()
        await until(lambda: servicer.running == 0)


async def test_a_cancelled_reader_frees_the_service(speech_service, rung_at, until) -> None:
    async def answer(_requests, _context):
        yield SpeechChunk(audio=b"x")
        await asyncio.sleep(60)

    async with speech_service(answer) as (servicer, address):
        stream = (await rung_at(address)).open(call())
        await anext(stream)
        reading = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.01)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await until(lambda: servicer.running == 0)


async def test_abort_gives_the_reader_its_error(speech_service, rung_at, until) -> None:
    async def answer(_requests, _context):
        yield SpeechChunk(audio=b"x")
        await asyncio.sleep(60)

    async with speech_service(answer) as (servicer, address):
        stream = (await rung_at(address)).open(call())
        await anext(stream)
        reading = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.01)
        stream.abort(NotSupported("enough"))
        with pytest.raises(NotSupported, match="enough"):
            await reading
        await until(lambda: servicer.running == 0)


async def test_an_input_that_breaks_ends_the_call_with_its_error(speech_service, rung_at) -> None:
    async def broken(_rung):
        yield SpeechInput(text="one")
        raise EngineFailed("the source dried up")

    async def answer(requests, _context):
        async for request in requests:
            yield SpeechChunk(audio=request.text.encode())
        yield SpeechChunk(audio=b"the input ended well")

    async with speech_service(answer) as (_, address):
        stream = (await rung_at(address)).open(call(broken))
        with pytest.raises(EngineFailed, match="dried up"):
            await texts(stream)


async def test_a_defect_in_an_input_ends_the_call_too(speech_service, rung_at, caplog) -> None:
    async def defective(_rung):
        yield SpeechInput(text="one")
        raise ZeroDivisionError

    async with speech_service(echo) as (_, address):
        with pytest.raises(TroupeError, match="broke on our side"):
            await texts((await rung_at(address)).open(call(defective)))
    assert "ZeroDivisionError" in caplog.text


async def test_the_deadline_travels_with_the_call(speech_service, rung_at) -> None:
    left = []

    async def answer(_requests, context):
        left.append(context.time_remaining())
        await asyncio.sleep(60)
        yield SpeechChunk()

    async with speech_service(answer) as (_, address):
        with pytest.raises(DeadlineExceeded):
            await anext((await rung_at(address)).open(call(seconds=0.3)))
    assert left[0] < 0.5


async def test_a_connection_that_breaks_while_answering_is_a_broken_stream(speech_service, rung_at) -> None:
    async def answer(_requests, context):
        yield SpeechChunk(audio=b"x")
        await asyncio.sleep(60)

    async with speech_service(answer) as (_, address):
        stream = (await rung_at(address)).open(call())
        await anext(stream)
    with pytest.raises(StreamBroken):  # the service has stopped
        await anext(stream)


async def test_an_engine_that_breaks_is_known_with_its_reason(speech_service, rung_at, until) -> None:
    async with speech_service(echo) as (servicer, address):
        rung = await rung_at(address)
        await until(lambda: rung.trouble() is None)
        await servicer.board.broken("tone", "it lost its voice")
        await until(lambda: rung.trouble() == "it is broken: it lost its voice")
        await servicer.board.loading("tone", 0.4)
        await until(lambda: rung.trouble() == "it is still loading (40%)")
        await servicer.board.missing("tone", "no program", "apt install tone")
        await until(lambda: rung.can_serve(NEED) == "it cannot run: no program (run: apt install tone)")


async def test_watching_does_not_hold_up_a_service_that_drains(speech_service, rung_at, until) -> None:
    async with speech_service(echo) as (servicer, address):
        rung = await rung_at(address)
        await until(lambda: rung.trouble() is None)
        await servicer.board.drain()
        started = asyncio.get_running_loop().time()
        await servicer.server.stop(30)
        assert asyncio.get_running_loop().time() - started < 10
        await until(lambda: rung.trouble() is not None)


async def test_an_engine_the_service_does_not_run_is_not_installed(speech_service, rung_at) -> None:
    async with speech_service(echo) as (_, address):
        rung = await rung_at(address, "piper")
        assert rung.can_serve(NEED) == f"not installed: the service at {address} runs only tone"
        assert rung.unusable() == rung.can_serve(NEED)
        assert rung.describe() is None


async def test_a_rung_may_mean_one_of_several_engines(speech_service, rung_at, until) -> None:
    async with speech_service(echo, engines=("edge", "espeak")) as (servicer, address):
        rung = await rung_at(address, "xtts", "edge", "espeak")
        assert rung.engine == "edge"
        await servicer.board.broken("edge", "no network")
        await until(lambda: rung.engine == "espeak")


async def test_a_service_that_comes_later_is_found(speech_service, rung_at, until) -> None:
    async with speech_service(echo) as (_, address):
        pass
    rung = await rung_at(address)
    assert rung.trouble()
    assert rung.can_serve(NEED) is None  # nothing is known: it is asked


async def test_failed_calls_are_remembered(speech_service, rung_at, until) -> None:
    async with speech_service(echo) as (_, address):
        rung = await rung_at(address)
        await until(lambda: rung.trouble() is None)
        for _ in range(5):
            if (lease := rung.pool.pick("tone")) is not None:
                lease.end(EngineFailed("broke"))
        assert "broke" in rung.trouble()


async def test_a_chain_of_two_services_survives_the_death_of_one(speech_service, rung_at) -> None:
    async with speech_service(echo) as (_, alive):
        async with speech_service(echo) as (_, doomed):
            first = await rung_at(doomed)
        second = await rung_at(alive)
        second.name = "second"
        served = await Chain(Modality.TTS, [first, second]).run(NEED, call())
        assert served.rung is second
        assert await texts(served) == [b"one", b"two"]


async def test_nothing_is_left_behind(speech_service, rung_at) -> None:
    async with speech_service(echo) as (_, address):
        rung = await rung_at(address)
        for _ in range(20):
            await texts(rung.open(call()))
        gc.collect()
        running = [task for task in asyncio.all_tasks() if "_send_inputs" in str(task.get_coro())]
        assert not running


def test_an_absent_rung_keeps_its_place_and_its_reason() -> None:
    rung = AbsentRung("minimax", Modality.TTS, "not installed: no provider", cloud=True)
    assert rung.can_serve(NEED) == rung.trouble() == rung.unusable() == "not installed: no provider"
    assert (rung.engine, rung.describe()) == ("minimax", None)
    with pytest.raises(EngineMissing):
        rung.open(call(), "", 1.0)


def test_an_info_without_state_is_no_trouble() -> None:
    assert engine_trouble(EngineInfo(name="tone")) is None


class OldService:
    """The HTTP side of a TTS service: answers /health, with the gRPC port where it has one."""

    def __init__(self, grpc_port: str) -> None:
        self._port = grpc_port

    async def answer(self, reader, writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        port = f"X-Troupe-Grpc-Port: {self._port}\r\n" if self._port else ""
        writer.write(f"HTTP/1.1 200 OK\r\n{port}content-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def old_service():
    servers = []

    async def start(grpc_port: str) -> str:
        server = await asyncio.start_server(OldService(grpc_port).answer, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


async def test_an_old_http_address_leads_to_grpc(speech_service, rung_at, old_service) -> None:
    async with speech_service(echo) as (_, address):
        rung = await rung_at(await old_service(address.rpartition(":")[2]))
        assert rung.trouble() is None
        assert await texts(rung.open(call())) == [b"one", b"two"]


async def test_an_old_container_is_told_to_be_replaced(rung_at, old_service) -> None:
    rung = await rung_at(await old_service(""))
    assert "container of the first release" in rung.trouble()
    with pytest.raises(CannotConnect, match="first release"):
        await anext(rung.open(call()))


async def test_an_old_address_where_nobody_is_names_the_setting(rung_at) -> None:
    rung = await rung_at("http://127.0.0.1:1")
    assert "Cannot connect to the TTS service at http://127.0.0.1:1" in rung.trouble()
    assert "PROVIDER_COQUI_SERVICE_URL" in rung.trouble()


async def test_a_process_that_talks_to_others_is_not_frozen_for_one_call(speech_service, rung_at) -> None:
    async def answer(requests, _context):
        first = await anext(requests)
        if first.text == "quiet":
            await asyncio.sleep(1.3)
            yield SpeechChunk(audio=b"late")
        while first.text == "chatty":
            await asyncio.sleep(0.05)
            yield SpeechChunk(audio=b"x")

    def says(text):
        async def inputs(_rung):
            yield SpeechInput(text=text)

        return call(inputs)

    async with speech_service(answer) as (_, address):
        rung = await rung_at(address, missed_ticks=1)
        chatty = rung.open(says("chatty"))

        async def listen() -> None:
            async for _ in chatty:
                pass

        listening = asyncio.create_task(listen())
        quiet = rung.open(says("quiet"))
        assert (await anext(quiet)).audio == b"late"
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await quiet.aclose()


async def test_bytes_that_are_no_message_are_a_failing_engine(rung_at) -> None:
    async def nonsense(_requests, _context):
        yield b"\xff\xff no protobuf"

    method = grpc.stream_stream_rpc_method_handler(nonsense, response_serializer=lambda raw: raw)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("troupe.v1.Speech", {"Synthesize": method})])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        with pytest.raises(EngineFailed, match=r"no message of troupe\.v1"):
            await anext((await rung_at(f"127.0.0.1:{port}")).open(call()))
    finally:
        await server.stop(0)


@pytest.mark.parametrize(
    ("flags", "refused"), [({}, False), ({"cloud": True}, True), ({"cloud": True, "local": True}, False)]
)
async def test_where_its_data_goes_is_the_settings_to_say(speech_service, rung_at, flags, refused) -> None:
    private = Need(Modality.TTS, local_only=True)
    async with speech_service(echo) as (_, address):
        rung = await rung_at(address, **flags)
        assert (rung.can_serve(private) is not None) is refused
        assert rung.describe().cloud is refused
    unknown = await rung_at("127.0.0.1:1", **flags)
    assert (unknown.can_serve(private) is not None) is (refused and not flags.get("local"))


async def test_grpcs_own_exhaustion_is_no_overload_of_the_engine(speech_service, rung_at) -> None:
    async def answer(requests, context):
        async for _ in requests:  # a client that still writes loses the status: DECISIONS.md
            pass
        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "Received message larger than max")
        yield SpeechChunk()

    async with speech_service(answer) as (_, address):
        with pytest.raises(EngineFailed, match="larger than max"):
            await anext((await rung_at(address)).open(call()))


async def test_one_far_from_real_time_serves_those_who_name_it(speech_service, rung_at) -> None:
    async with speech_service(echo) as (_, address):
        default, named = await rung_at(address, unasked=True), await rung_at(address)
        slow = EngineInfo(name="tone", features=["slow"], device="cpu")
        for rung in (default, named):
            rung.target.info = lambda _: slow
        assert "PROVIDER_TTS=mine" in (default.can_serve(NEED) or "")
        assert default.can_serve(Need(Modality.TTS, rungs=("mine",))) is None
        assert named.can_serve(NEED) is None
        slow.features[:] = []
        assert default.can_serve(NEED) is None
