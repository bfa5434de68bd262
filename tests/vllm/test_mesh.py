"""vLLM in the whole mesh, supervised as `troupe up` does: callers who leave, and an engine core that is killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import grpc.aio
import httpx
import psutil
import pytest
from tests.conftest import NOTHING_KEPT, Process, start_process
from tests.vllm.asking import counted
from tests.vllm.conftest import READY_S, ready, settings

from troupe.v1 import engine_pb2, text_pb2_grpc
from troupe.wire.channels import open_channel

pytestmark = pytest.mark.timeout(600)
ROOT = Path(__file__).parents[2]
STREAMS = 50
FIRST_CORE = min(os.sched_getaffinity(0))  # vLLM computes there
LAST = 500
FREED_S = 2.0
SEEN_S = 30.0
TRIES = 5
HELD = 0.6 * STREAMS  # by vLLM; on a busy machine the gateway sends the rest of them on to echo,
RESUMED = 0.6 * STREAMS  # and then echo's own rung may be too full for all that come at once
PROMPT = " ".join(str(number) for number in range(1, LAST + 1))  # echo says it back: the same as vLLM's counting
CORE = "EngineCore"


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory):
    """Another replica, which only echoes."""
    process = start_process("svc_text", tmp_path_factory.mktemp("echo"), TROUPE_TEXT_ENGINES="echo")
    yield process
    process.stop()


@pytest.fixture(scope="module")
def mesh(model: Path, second: Process, tmp_path_factory: pytest.TempPathFactory):
    """The supervisor's process, with svc-text and the gateway below it."""
    grpc_port, metrics_port, http_port, door_port = free_ports(4)
    env = settings(
        model,
        TROUPE_TEXT_GRPC_PORT=str(grpc_port),
        TROUPE_TEXT_METRICS_PORT=str(metrics_port),
        TROUPE_TEXT_TARGET=f"127.0.0.1:{grpc_port}",
        PROVIDER_ECHO_TARGET=second.grpc,
        PROVIDER_VLLM_MAX_CONCURRENCY=str(2 * STREAMS),  # not found out by trying
        PROVIDER_ECHO_MAX_CONCURRENCY=str(2 * STREAMS),
        TROUPE_PORT=str(http_port),
        TROUPE_GRPC_PORT=str(door_port),
        PROVIDER_TEXT="vllm",
        PROVIDER_TEXT_FALLBACK="echo",
        PROVIDER_TTS_FALLBACK="",
        PROVIDER_VIDEO_FALLBACK="",
        PYTHONPATH=str(ROOT),
        VLLM_CPU_OMP_THREADS_BIND=str(FIRST_CORE),
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TROUPE_", "PROVIDER_"))}
    popen = subprocess.Popen(
        [sys.executable, "-m", "tests.vllm.mesh_here"],
        cwd=tmp_path_factory.mktemp("mesh"),
        env=kept | env | NOTHING_KEPT.get("svc_text", {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    process = Process(popen, "gateway")
    try:
        assert process.listening.wait(60), process.log
        process.addresses["text"] = f"127.0.0.1:{grpc_port}"
        asyncio.run(ready(process.addresses["text"]))
        apart(popen.pid, second.popen.pid, os.getpid())
        yield process
    finally:
        popen.terminate()
        popen.wait(60)


def told_of(process: psutil.Process) -> str:
    """Its name and words; nothing of one that has ended."""
    try:
        return " ".join([process.name(), *process.cmdline()])
    except psutil.Error:
        return ""


def apart(*roots: int) -> None:
    """Everybody but vLLM's own processes on the other cores, as on a machine with a card.

    Its worker spins where it is bound, and a gateway that the system put beside it waited there for up to 5 s.
    """
    others = os.sched_getaffinity(0) - {FIRST_CORE}
    family = [each for root in map(psutil.Process, roots) for each in (root, *root.children(recursive=True))]
    for process in family if others else ():
        if "VLLM" not in process.name():
            for thread in process.threads():
                with suppress(ProcessLookupError):  # it has ended
                    os.sched_setaffinity(thread.id, others)


def cores_of(mesh: Process) -> list[psutil.Process]:
    """The engine cores below the supervisor that run."""
    below = psutil.Process(mesh.popen.pid).children(recursive=True)
    return [each for each in below if CORE in told_of(each)]


def core_of(mesh: Process) -> psutil.Process:
    """The engine core of the service that runs now."""
    cores = cores_of(mesh)
    assert len(cores) == 1, cores
    return cores[0]


async def until(true: Callable[[], bool], within_s: float) -> None:
    """Wait for it."""
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end
        await asyncio.sleep(0.1)


async def spoken(client: httpx.AsyncClient, body: dict) -> tuple[str, str]:
    """What one stream said, and how it ended: "end", the code of its error, or "lost" with its connection."""
    try:
        return await _spoken(client, body)
    except httpx.TransportError:
        return "", "lost"


async def _spoken(client: httpx.AsyncClient, body: dict) -> tuple[str, str]:
    text, kind, ending = "", "", "nothing"
    async with client.stream("POST", "/api/text", json=body) as reply:
        if not reply.is_success:
            return "", json.loads(await reply.aread())["error"]["code"]
        async for line in reply.aiter_lines():
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                data = json.loads(line.removeprefix("data: "))
                if kind == "delta":
                    text += data["text"]
                elif kind in {"end", "error"}:
                    ending = "end" if kind == "end" else data["error"]["code"]
    return text, ending


def asked(**more: object) -> dict:
    return {"prompt": PROMPT, "stream": True, "temperature": 0, "max_tokens": LAST} | more


async def outstanding(mesh: Process) -> int:
    """Chats at vLLM now. Asked again where nobody answers: vLLM's workers spin, and may hold all of two cores."""
    until = time.monotonic() + SEEN_S
    while True:
        try:
            async with open_channel(mesh.addresses["text"]) as channel:
                described = await text_pb2_grpc.TextStub(channel).Describe(engine_pb2.DescribeRequest(), timeout=5)
        except grpc.aio.AioRpcError:
            if time.monotonic() > until:
                raise
        else:
            return sum(engine.outstanding for engine in described.engines)


@pytest.fixture
async def client(mesh: Process):
    limits = httpx.Limits(max_connections=2 * STREAMS)
    address = f"http://{mesh.addresses['http']}"
    async with httpx.AsyncClient(base_url=address, timeout=120, limits=limits) as client:
        yield client


async def by_vllm(client: httpx.AsyncClient) -> None:
    """Until the gateway has seen that vLLM is ready: the other replica would say the prompt back."""
    until, told = time.monotonic() + SEEN_S, ("", "")
    while told != (counted(1, 30), "end"):
        assert time.monotonic() < until, told
        told = await spoken(client, asked(prompt="Count.", max_tokens=30))


async def held_at_vllm(client: httpx.AsyncClient, mesh: Process) -> list[asyncio.Task[tuple[str, str]]]:
    """Streams that run, enough of them at vLLM; one that the gateway had no time for is followed by another."""
    until, talks = time.monotonic() + 2 * SEEN_S, []
    while await outstanding(mesh) < HELD:
        assert time.monotonic() < until, Counter(talk.result()[1] for talk in talks if talk.done())
        talks = [talk for talk in talks if not talk.done()]
        talks += [asyncio.create_task(spoken(client, asked())) for _ in range(STREAMS - len(talks))]
        await asyncio.sleep(0.05)
    return talks


async def test_a_chat_goes_through(client) -> None:
    await by_vllm(client)


async def test_a_caller_who_leaves_frees_the_engine(client, mesh) -> None:
    await by_vllm(client)
    talk = asyncio.create_task(spoken(client, asked(provider="vllm")))
    tries = 1
    while not await outstanding(mesh):
        if talk.done():  # before anybody looked, on a busy machine
            assert (tries := tries + 1) <= TRIES, talk.result()[1]
            talk = asyncio.create_task(spoken(client, asked(provider="vllm")))
        await asyncio.sleep(0.01)
    talk.cancel()
    await asyncio.gather(talk, return_exceptions=True)
    began = time.monotonic()
    while await outstanding(mesh):
        assert time.monotonic() - began < FREED_S
        await asyncio.sleep(0.02)


async def test_a_killed_engine_core_costs_nobody_an_answer_and_comes_back(client, mesh) -> None:
    await by_vllm(client)
    before = core_of(mesh)
    talks = await held_at_vllm(client, mesh)
    os.kill(before.pid, signal.SIGKILL)
    told = await asyncio.gather(*talks)
    endings = Counter(ending for _, ending in told)
    assert set(endings) <= {"end", "engine_failed", "stream_broken", "overloaded"}, endings
    assert all(text == counted(1, LAST) for text, ending in told if ending == "end"), endings
    assert all(counted(1, LAST).startswith(text) for text, _ in told)
    assert endings["end"] >= RESUMED, endings
    assert "resumed on echo" in mesh.log
    await until(lambda: "vLLM's engine core is gone" in mesh.log, SEEN_S)
    await until(lambda: [core.pid for core in cores_of(mesh)] not in ([], [before.pid]), READY_S)
    await ready(mesh.addresses["text"], within_s=READY_S)
    assert core_of(mesh).pid != before.pid
    await by_vllm(client)


async def test_a_service_that_is_killed_leaves_no_process_behind(mesh) -> None:
    core = core_of(mesh)
    service = core.parent()
    below = service.children(recursive=True)
    service.kill()
    _, alive = await asyncio.to_thread(psutil.wait_procs, below, 10)
    assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []
