"""When things go wrong: a client that leaves, a service that dies or freezes, requests too large or too slow."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time

import grpc.aio
import httpx
import pytest
from prometheus_client import CollectorRegistry

from troupe.v1.engine_pb2 import DescribeRequest, DescribeResponse, EngineInfo
from troupe.v1.speech_pb2_grpc import SpeechServicer, SpeechStub, add_SpeechServicer_to_server
from troupe.v1.video_pb2_grpc import VideoStub
from troupe.wire.health import EngineBoard
from troupe.wire.serving import Service, make_server

LONG = "One two three four five six seven eight nine ten. " * 900
IDLE_S = 0.2
SLACK = 5  # CI judges times at five times the goal


@pytest.fixture(scope="module")
def speech(start_service_once):
    return start_service_once("svc_tts", TROUPE_SPEECH_ENGINES="tone")


@pytest.fixture(scope="module")
def video(start_service_once):
    return start_service_once("svc_video", TROUPE_VIDEO_ENGINES="still")


def around(speech, video, **env: str) -> dict[str, str]:
    """The settings of a gateway before these two services."""
    return {
        "PROVIDER_TTS": "tone",
        "PROVIDER_TTS_FALLBACK": "",
        "PROVIDER_VIDEO": "still",
        "PROVIDER_VIDEO_FALLBACK": "",
        "TROUPE_SPEECH_TARGET": speech.grpc,
        "TROUPE_VIDEO_TARGET": video.grpc,
        "TROUPE_TEXT_TARGET": "127.0.0.1:1",
        "TROUPE_MISSED_TICKS": "12",  # a loaded machine is not a frozen service
        **env,
    }


@pytest.fixture(scope="module")
def shared(start_service_once, speech, video):
    """A gateway that no test harms."""
    return start_service_once("gateway", **around(speech, video))


def url(gateway) -> str:
    return f"http://{gateway.addresses['http']}"


async def outstanding(target: str, stub) -> int:
    async with grpc.aio.insecure_channel(target) as channel:
        described = await stub(channel).Describe(DescribeRequest(), timeout=5)
        return sum(engine.outstanding for engine in described.engines)


async def until(condition, within_s: float) -> float:
    started = time.monotonic()
    while not await condition():
        assert time.monotonic() - started < within_s, f"not within {within_s} s"
        await asyncio.sleep(0.02)
    return time.monotonic() - started


async def test_a_client_that_leaves_mid_stream_frees_every_service(shared, speech, video) -> None:
    async def idle() -> bool:
        return await outstanding(video.grpc, VideoStub) == 0 and await outstanding(speech.grpc, SpeechStub) == 0

    async with httpx.AsyncClient(base_url=url(shared), timeout=30) as client:
        async with client.stream("POST", "/api/avatar", json={"text": LONG}) as reply:
            body = reply.aiter_raw()
            await anext(body)
            counted = [await outstanding(video.grpc, VideoStub), await outstanding(speech.grpc, SpeechStub)]
            assert counted == [1, 1]
        await until(idle, IDLE_S * SLACK)
    assert "Traceback" not in shared.log
    assert "Traceback" not in speech.log + video.log


async def test_a_client_that_leaves_before_the_first_byte_frees_the_service_too(shared, speech) -> None:
    speech.signal(signal.SIGSTOP)
    async with httpx.AsyncClient(base_url=url(shared), timeout=0.5) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/api/voice", json={"text": "Hello"})

    async def accounted() -> bool:
        return "status=499" in shared.log

    await until(accounted, IDLE_S * SLACK)
    speech.signal(signal.SIGCONT)

    async def idle() -> bool:
        return await outstanding(speech.grpc, SpeechStub) == 0

    await until(idle, 5)
    assert "Traceback" not in shared.log


async def test_a_service_killed_mid_stream_ends_in_a_typed_error_and_a_cut_body(start_service, speech) -> None:
    video = start_service("svc_video", TROUPE_VIDEO_ENGINES="still")
    gateway = start_service("gateway", **around(speech, video))
    async with httpx.AsyncClient(base_url=url(gateway), timeout=30) as client:
        async with client.stream("POST", "/api/avatar", json={"text": LONG}) as reply:
            body = reply.aiter_raw()
            await anext(body)
            video.signal(signal.SIGKILL)
            killed = time.monotonic()
            with pytest.raises(httpx.RemoteProtocolError):
                async for _ in body:
                    pass
            assert time.monotonic() - killed < 1.0 * SLACK
        told = await client.get(f"/api/scenes/{reply.headers['x-troupe-scene']}/events")
        error = next(block for block in told.text.split("\n\n") if "event: error" in block)
        assert json.loads(error.split("data: ", 1)[1])["code"] == "stream_broken"
        # The next request has a proper status.
        after = await client.post("/api/avatar", json={"text": "Hello"})
        assert (after.status_code, after.json()["error"]["code"]) == (503, "all_rungs_failed")
        assert (await client.get("/health")).status_code == 200
    video.popen.wait(5)
    assert "Traceback" not in gateway.log


async def test_a_service_that_freezes_mid_stream_ends_in_a_typed_error(shared, video) -> None:
    async with httpx.AsyncClient(base_url=url(shared), timeout=30) as client:
        async with client.stream("POST", "/api/avatar", json={"text": LONG}) as reply:
            body = reply.aiter_raw()
            await anext(body)
            video.signal(signal.SIGSTOP)
            frozen = time.monotonic()
            try:
                with pytest.raises(httpx.RemoteProtocolError):
                    async for _ in body:
                        pass
                assert time.monotonic() - frozen < 3.0 * SLACK
            finally:
                video.signal(signal.SIGCONT)
        told = await client.get(f"/api/scenes/{reply.headers['x-troupe-scene']}/events")
        error = next(block for block in told.text.split("\n\n") if "event: error" in block)
        # gRPC's own ping may notice it before the ticks do; for the client it is the same.
        assert json.loads(error.split("data: ", 1)[1])["code"] == "stream_broken"

    async def idle() -> bool:
        return await outstanding(video.grpc, VideoStub) == 0

    await until(idle, 5)


async def test_speech_killed_mid_stream_is_not_blamed_on_the_video(start_service, video) -> None:
    speech = start_service("svc_tts", TROUPE_SPEECH_ENGINES="tone")
    gateway = start_service("gateway", **around(speech, video))
    async with httpx.AsyncClient(base_url=url(gateway), timeout=30) as client:
        async with client.stream("POST", "/api/avatar", json={"text": LONG}) as reply:
            body = reply.aiter_raw()
            await anext(body)
            speech.signal(signal.SIGKILL)
            with pytest.raises(httpx.RemoteProtocolError):
                async for _ in body:
                    pass
        told = await client.get(f"/api/scenes/{reply.headers['x-troupe-scene']}/events")
        error = next(block for block in told.text.split("\n\n") if "event: error" in block)
        assert "tone at" in error
        chain = (await client.get("/providers")).json()["video"]["chain"]
        assert chain[0]["state"] == "ready"


async def test_a_frozen_replica_is_passed_over_and_a_killed_one_fails_nothing(start_service, speech, video) -> None:
    first = start_service("svc_tts", TROUPE_SPEECH_ENGINES="tone")
    rungs = {
        "PROVIDER_TTS": "first",
        "PROVIDER_TTS_FALLBACK": "second",
        "PROVIDER_FIRST_ENGINE": "tone",
        "PROVIDER_FIRST_TARGET": first.grpc,
        "PROVIDER_SECOND_ENGINE": "tone",
    }
    gateway = start_service("gateway", **around(speech, video, **rungs))
    async with httpx.AsyncClient(base_url=url(gateway), timeout=30) as client:

        async def served_by() -> str:
            reply = await client.post("/api/voice", json={"text": "Hello"})
            assert reply.status_code == 200, reply.text
            return reply.headers["x-troupe-provider"]

        async def back() -> bool:
            return await served_by() == "first"

        assert await back()
        first.signal(signal.SIGSTOP)
        started = time.monotonic()
        assert await served_by() == "second"
        assert time.monotonic() - started < 3.0 * SLACK
        assert "Using fallback provider: second" in gateway.log
        first.signal(signal.SIGCONT)
        await until(back, 5.0 * SLACK)

        async def asking(number: int) -> int:
            await asyncio.sleep(number * 0.01)
            if number == 20:
                first.signal(signal.SIGKILL)
            return (await client.post("/api/voice", json={"text": f"Number {number}"})).status_code

        statuses = await asyncio.gather(*(asking(number) for number in range(60)), return_exceptions=True)
    # An answer cut in its middle is an exception here; only those that had begun may be.
    assert [status for status in statuses if isinstance(status, int) and status != 200] == []
    assert sum(status == 200 for status in statuses) >= 40
    first.popen.wait(5)


class Breakable(SpeechServicer):
    """A speech service in this process; its engine can be broken at will."""

    def __init__(self) -> None:
        self.board = EngineBoard("troupe.v1.Speech", ["tone"])

    async def Describe(self, _request, _context):  # the RPC's name
        status = self.board.status("tone")
        return DescribeResponse(engines=[EngineInfo(name="tone", state=status.state, reason=status.reason)])


async def test_a_broken_engine_is_told_with_its_reason_while_liveness_stays_green(start_service, speech, video) -> None:
    breakable = Breakable()
    service = Service("troupe.v1.Speech", lambda server: add_SpeechServicer_to_server(breakable, server))
    server = make_server([service], breakable.board, CollectorRegistry())
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    await breakable.board.start()
    await breakable.board.ready("tone")
    rungs = {
        "PROVIDER_TTS": "first",
        "PROVIDER_TTS_FALLBACK": "second",
        "PROVIDER_FIRST_ENGINE": "tone",
        "PROVIDER_FIRST_TARGET": f"127.0.0.1:{port}",
        "PROVIDER_SECOND_ENGINE": "tone",
    }
    gateway = await asyncio.to_thread(start_service, "gateway", **around(speech, video, **rungs))
    async with httpx.AsyncClient(base_url=url(gateway), timeout=30) as client:

        async def first() -> dict:
            return (await client.get("/providers")).json()["tts"]["chain"][0]

        assert (await first())["state"] == "ready"
        await breakable.board.broken("tone", "its child process died")

        async def told() -> bool:
            return (await first())["state"] == "broken"

        await until(told, 1.0 * SLACK)
        assert (await first())["reason"] == "its child process died"
        assert (await client.get("/health")).status_code == 200
        reply = await client.post("/api/voice", json={"text": "Hello"})
        assert reply.headers["x-troupe-provider"] == "second"
        assert "Using fallback provider: second (first: it is broken: its child process died)" in gateway.log
    await server.stop(0)


def read_all(connection: socket.socket) -> bytes:
    said = b""
    while piece := connection.recv(65536):
        said += piece
    return said


@pytest.fixture(scope="module")
def alone(start_service_once):
    """A gateway without any service."""
    return start_service_once(
        "gateway",
        TROUPE_TEXT_TARGET="127.0.0.1:1",
        TROUPE_SPEECH_TARGET="127.0.0.1:1",
        TROUPE_VIDEO_TARGET="127.0.0.1:1",
    )


def connect(gateway) -> socket.socket:
    host, port = gateway.addresses["http"].split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def test_a_300_mb_body_is_refused_before_it_is_read(alone) -> None:
    with connect(alone) as connection:
        connection.sendall(
            b"POST /api/voice HTTP/1.1\r\nhost: x\r\n"
            b"content-type: application/json\r\ncontent-length: 300000000\r\n\r\n"
        )
        said = connection.recv(65536)  # nothing of the body was sent
        while b"body_too_large" not in said and (more := connection.recv(65536)):
            said += more
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"body_too_large" in said


def test_a_client_that_sends_it_all_the_same_reads_the_refusal(alone) -> None:
    reply = httpx.post(
        f"{url(alone)}/api/voice", content=bytes(30_000_000), headers={"content-type": "application/json"}
    )
    assert (reply.status_code, reply.json()["error"]["code"]) == (413, "body_too_large")


def test_a_chunked_body_is_counted_while_it_comes(alone) -> None:
    def endless():
        for _ in range(200):
            yield bytes(65536)

    reply = httpx.post(f"{url(alone)}/api/voice", content=endless(), headers={"content-type": "application/json"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (413, "body_too_large")


def test_a_dribbled_head_is_closed(alone) -> None:
    started = time.monotonic()
    with connect(alone) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\nx-slow: ")
        assert read_all(connection).startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - started < 3.0 * SLACK


def test_an_endless_head_is_closed(alone) -> None:
    with connect(alone) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n")
        try:
            for number in range(4000):
                connection.sendall(b"x-%d: %s\r\n" % (number, b"a" * 2000))
        except (ConnectionResetError, BrokenPipeError):
            return
    pytest.fail("8 MB of head were taken")


def test_rubbish_is_no_request(alone) -> None:
    with connect(alone) as connection:
        connection.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        assert read_all(connection).startswith(b"HTTP/1.1 400 ")
    assert httpx.get(f"{url(alone)}/health").status_code == 200


def test_without_services_every_answer_is_a_typed_error(alone) -> None:
    for path, body in (("/api/voice", {"text": "Hi"}), ("/api/avatar", {"text": "Hi"})):
        reply = httpx.post(url(alone) + path, json=body, timeout=30)
        assert (reply.status_code, reply.json()["error"]["code"]) == (503, "all_rungs_failed")
    assert httpx.get(f"{url(alone)}/ready").status_code == 503
    assert httpx.get(f"{url(alone)}/health").status_code == 200


def test_a_taken_port_says_which_and_by_whom(alone, tmp_path) -> None:
    port = alone.addresses["http"].rpartition(":")[2]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TROUPE_", "PROVIDER_"))}
    done = subprocess.run(
        [sys.executable, "-m", "gateway"],
        env={**kept, "TROUPE_PORT": port, "TROUPE_GRPC_PORT": "0"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert f"Port {port}" in done.stderr
    assert f"process {alone.popen.pid}" in done.stderr
    assert "TROUPE_PORT" in done.stderr


async def test_sigterm_lets_running_answers_end(start_service, speech, video) -> None:
    gateway = start_service("gateway", **around(speech, video))
    async with (
        httpx.AsyncClient(base_url=url(gateway), timeout=30) as client,
        client.stream("POST", "/api/avatar", json={"text": "One two three. " * 20}) as reply,
    ):
        body = reply.aiter_raw()
        received = len(await anext(body))
        gateway.signal(signal.SIGTERM)
        async for piece in body:
            received += len(piece)
    assert received > 1_000
    assert gateway.popen.wait(20) == 0


async def test_the_drain_has_a_limit_and_what_it_cuts_is_told(start_service, speech, video) -> None:
    gateway = start_service("gateway", **around(speech, video, TROUPE_DRAIN_S="1"))
    async with (
        httpx.AsyncClient(base_url=url(gateway), timeout=30) as client,
        client.stream("POST", "/api/avatar", json={"text": LONG}) as reply,
    ):
        body = reply.aiter_raw()
        await anext(body)
        gateway.signal(signal.SIGTERM)
        assert gateway.popen.wait(15) == 0  # the client reads nothing meanwhile: the answer cannot end in time
        with pytest.raises(httpx.RemoteProtocolError):
            async for _ in body:
                pass
    assert "Traceback" not in gateway.log
