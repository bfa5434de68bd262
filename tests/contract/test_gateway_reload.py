"""SIGHUP: other settings without a dropped stream. SIGTERM behind a balancer: not ready first, gone later."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import grpc.aio
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client import CollectorRegistry

from gateway.guard.keys import create_key
from troupe.v1.engine_pb2 import ENGINE_STATE_READY, DescribeResponse, EngineInfo, Tick
from troupe.v1.speech_pb2 import SentenceEnd, SpeechChunk, SpeechHeader
from troupe.v1.speech_pb2_grpc import SpeechServicer, add_SpeechServicer_to_server
from troupe.wire.health import EngineBoard
from troupe.wire.serving import Service, make_server

NOBODY = "127.0.0.1:1"
PIECE = bytes(4800)
TICK_S = 0.1


class Studio(SpeechServicer):
    """A speech service in this process; it speaks as long as it is told to."""

    def __init__(self) -> None:
        self.board = EngineBoard("troupe.v1.Speech", ["tone"])
        self.may_end = asyncio.Event()
        self.described = 0
        self.address = ""

    async def Describe(self, _request, _context):
        self.described += 1
        return DescribeResponse(engines=[EngineInfo(name="tone", state=ENGINE_STATE_READY, formats=["pcm"])])

    async def Synthesize(self, request_iterator, _context):
        first, *_ = [message async for message in request_iterator]  # all: see DECISIONS.md, traps of grpc.aio
        yield SpeechChunk(header=SpeechHeader(engine="tone", format=first.settings.format))
        yield SpeechChunk(audio=PIECE)
        while not self.may_end.is_set():
            yield SpeechChunk(tick=Tick(sequence=1))
            await asyncio.sleep(TICK_S)
        yield SpeechChunk(audio=PIECE, sentence_end=SentenceEnd(text_consumed=len("Hello"), audio_ms=200))


@asynccontextmanager
async def studio() -> AsyncIterator[Studio]:
    servicer = Studio()
    service = Service("troupe.v1.Speech", lambda server: add_SpeechServicer_to_server(servicer, server))
    server = make_server([service], servicer.board, CollectorRegistry())
    servicer.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    await servicer.board.start()
    await servicer.board.ready("tone")
    try:
        yield servicer
    finally:
        await server.stop(0)


async def until(condition, within_s: float = 15.0) -> None:
    async with asyncio.timeout(within_s):
        while not await condition():
            await asyncio.sleep(0.02)


async def is_ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/ready")).status_code == 200


class Stage:
    """A gateway, its env file, and a client."""

    def __init__(self, gateway, env_file, client) -> None:
        self.gateway, self.env_file, self.client = gateway, env_file, client

    async def reload(self, says: str, **env: str) -> None:
        """Write the file, send SIGHUP, wait until the log says so."""
        write(self.env_file, **env)
        told = self.gateway.log.count(says)
        self.gateway.signal(signal.SIGHUP)

        async def heard() -> bool:
            return self.gateway.log.count(says) > told

        await until(heard)

    async def voice(self) -> httpx.Response:
        return await self.client.post("/api/voice", json={"text": "Hello", "format": "pcm"})


def write(env_file, **env: str) -> None:
    env_file.write_text("".join(f"{name}={value}\n" for name, value in env.items()))


def chain(name: str, address: str, **more: str) -> dict[str, str]:
    upper = name.upper()
    named = {f"PROVIDER_{upper}_ENGINE": "tone", f"PROVIDER_{upper}_TARGET": address}
    return {"PROVIDER_TTS": name, "PROVIDER_TTS_FALLBACK": "", **named, **more}


@pytest.fixture
async def begin(start_service, tmp_path):
    async with AsyncExitStack() as opened:

        async def begin(env: dict[str, str], **fixed: str) -> Stage:
            env_file = tmp_path / "house.env"
            write(env_file, **env)
            places = dict.fromkeys(("TROUPE_TEXT_TARGET", "TROUPE_SPEECH_TARGET", "TROUPE_VIDEO_TARGET"), NOBODY)
            gateway = await asyncio.to_thread(
                start_service, "gateway", TROUPE_ENV_FILE=str(env_file), **places, TROUPE_MISSED_TICKS="20", **fixed
            )
            url = f"http://{gateway.addresses['http']}"
            client = await opened.enter_async_context(httpx.AsyncClient(base_url=url, timeout=30))
            if "PROVIDER_TTS" in env:
                await until(lambda: is_ready(client))  # on a busy machine it listens before it knows its neighbours
            return Stage(gateway, env_file, client)

        yield begin


async def test_a_stream_ends_whole_while_the_chain_is_swapped_under_it(begin) -> None:
    async with studio() as old, studio() as new:
        new.may_end.set()
        stage = await begin(chain("first", old.address))
        request = stage.client.build_request("POST", "/api/voice", json={"text": "Hello", "format": "pcm"})
        reply = await stage.client.send(request, stream=True)
        body = reply.aiter_raw()
        received = len(await anext(body))
        await stage.reload("the settings were read again", **chain("second", new.address))
        assert (await stage.voice()).headers["x-troupe-provider"] == "second"
        old.may_end.set()
        async for piece in body:
            received += len(piece)
        assert (reply.headers["x-troupe-provider"], received) == ("first", 2 * len(PIECE))
        await reply.aclose()

        async def left() -> bool:
            asked = old.described
            await asyncio.sleep(2.5)  # a watched service describes itself each second
            return old.described == asked

        await until(left)
        providers = (await stage.client.get("/providers")).json()["tts"]["chain"]
        assert [(each["name"], each["state"]) for each in providers] == [("second", "ready")]
        assert "Traceback" not in stage.gateway.log


async def test_what_is_the_same_keeps_what_is_known_of_it(begin) -> None:
    async with studio() as one:
        one.may_end.set()
        stage = await begin(chain("first", one.address))
        for _ in range(3):
            reply = await stage.voice()
            assert reply.status_code == 200, reply.text
        await stage.reload("the settings were read again", **chain("first", one.address, TROUPE_MAX_TEXT_CHARS="3"))
        rung = (await stage.client.get("/providers")).json()["tts"]["chain"][0]
        assert rung["retries"]["offered"] == 3
        assert rung["replicas"][0]["p50_ms"] > 0
        assert (await stage.voice()).json()["error"]["code"] == "text_too_long"


async def test_a_wrong_file_is_told_and_changes_nothing(begin) -> None:
    async with studio() as one:
        one.may_end.set()
        stage = await begin(chain("first", one.address))
        for wrong, says in (
            ({"PROVIDER_TTSS": "first"}, "the settings stay as they are: Nothing reads the setting PROVIDER_TTSS"),
            ({"PROVIDER_TTS": "nobody"}, 'the settings stay as they are: "nobody" is no tts provider'),
            ({"TROUPE_API_KEYS_FILE": "none.json"}, "the settings stay as they are: TROUPE_API_KEYS_FILE=none.json"),
        ):
            await stage.reload(says, **chain("first", one.address) | wrong)
            assert (await stage.voice()).headers["x-troupe-provider"] == "first"


async def test_what_cannot_change_while_running_is_named(begin) -> None:
    stage = await begin({"TROUPE_DRAIN_S": "3"})
    await stage.reload("TROUPE_DOCS stays None until the gateway is started again", TROUPE_DOCS="0")
    assert (await stage.client.get("/docs")).status_code == 200


async def test_keys_may_be_asked_for_from_now_on(begin, tmp_path) -> None:
    keys = tmp_path / "keys.json"
    key = create_key(keys, "alice")
    stage = await begin({"TROUPE_OPEN": "1"})
    assert (await stage.client.get("/providers")).status_code == 200
    await stage.reload("the settings were read again", TROUPE_API_KEYS_FILE=str(keys))
    assert (await stage.client.get("/providers")).status_code == 401
    assert (await stage.client.get("/providers", headers={"x-api-key": key})).status_code == 200


async def test_the_environment_wins_over_the_file_also_when_it_is_read_again(begin) -> None:
    async with studio() as one:
        one.may_end.set()
        stage = await begin(chain("first", one.address), TROUPE_MAX_TEXT_CHARS="50")
        await stage.reload("the settings were read again", **chain("first", one.address, TROUPE_MAX_TEXT_CHARS="1"))
        assert (await stage.voice()).status_code == 200


async def health_of(address: str) -> int:
    async with grpc.aio.insecure_channel(address) as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
        return int(answer.status)


async def test_a_lame_duck_is_not_ready_and_serves_who_comes(begin) -> None:
    async with studio() as one:
        one.may_end.set()
        stage = await begin(chain("first", one.address, TROUPE_LAME_DUCK_S="4"))
        grpc_address = stage.gateway.addresses["grpc"]
        assert (await stage.client.get("/ready")).status_code == 200
        assert await health_of(grpc_address) == health_pb2.HealthCheckResponse.SERVING
        stage.gateway.signal(signal.SIGTERM)

        async def unready() -> bool:
            return (await stage.client.get("/ready")).status_code == 503

        await until(unready, 3.0)
        assert await health_of(grpc_address) == health_pb2.HealthCheckResponse.NOT_SERVING
        alive = await stage.client.get("/health")
        assert (alive.status_code, alive.json()["status"], alive.headers["connection"]) == (200, "draining", "close")
        async with httpx.AsyncClient(base_url=stage.client.base_url) as late:  # a connection of its own
            reply = await late.post("/api/voice", json={"text": "Hello", "format": "pcm"})
        assert (reply.status_code, len(reply.content), reply.headers["connection"]) == (200, 2 * len(PIECE), "close")
        assert await asyncio.to_thread(stage.gateway.popen.wait, 15) == 0
        assert "Traceback" not in stage.gateway.log
