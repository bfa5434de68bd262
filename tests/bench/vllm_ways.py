"""The three ways of `make bench-vllm`: what runs for each of them, how it is asked, what it costs."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psutil
from tests.chaos.http1 import Client
from tests.conftest import start_process
from tests.vllm.conftest import QUIET, ready

STREAMS = 32
PROMPT = "Tell me about the company, what it makes and for whom, in the words of somebody who works there."
SAID = re.compile(rb'"content":\s*"[^"]')  # of vLLM's first piece the content is empty
READY_S = 600.0
ARGUMENTS = ("--enforce-eager", f"--max-num-seqs={STREAMS}", "--max-model-len=1024", "--no-enable-prefix-caching")
SHARED = ("--dtype=bfloat16", "--scheduling-policy=priority")
Figures = dict[str, float]


class Load(NamedTuple):
    """What is asked at once."""

    streams: int
    tokens: int  # of a chat
    times: int = 1  # chats of a stream, one after another

    @property
    def every(self) -> int:
        """All its tokens."""
        return self.streams * self.tokens * self.times


Ask = Callable[[Load], Figures]
"""Gives the seconds in all, and those to the median chat's first token."""


class Way:
    """One way to ask vLLM: its processes, and which of them are not vLLM's own."""

    def __init__(self, name: str, pids: list[int], ask: Ask) -> None:
        self.name = name
        self.pids = pids  # not vLLM's engine core and workers
        self.ask = ask

    def signal(self, number: signal.Signals) -> None:
        """To all its processes."""
        for root in map(psutil.Process, self.pids):
            for process in (root, *root.children(recursive=True)):
                os.kill(process.pid, number)

    def figures(self, load: Load) -> Figures:
        """One run."""
        before = processor_s(self.pids)
        told = self.ask(load)
        spent = processor_s(self.pids) - before
        return told | {"cpu_us_per_token": 1e6 * told.pop("cpu_s", spent) / load.every}


def processor_s(pids: list[int]) -> float:
    """Processor time of these processes."""
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return sum(each.user + each.system for each in times)


async def over_http(address: str, path: str, body: Callable[[int, int], dict[str, Any]], load: Load) -> Figures:
    """As many streams at once; hardly read, so that the client costs little."""
    client = Client()

    async def one(number: int) -> list[float]:
        return [await first(number) for _ in range(load.times)]

    async def first(number: int) -> float:
        began, first = time.monotonic(), 0.0
        async with client.ask(address, "POST", path, json.dumps(body(number, load.tokens)).encode()) as reply:
            if reply.status != HTTPStatus.OK:
                raise SystemExit(f"{path} answered {reply.status}: {(await reply.body()).decode()}")
            async for raw in reply.pieces():
                if not first and (b'"text"' in raw or SAID.search(raw)):
                    first = time.monotonic() - began
        return first

    try:
        began = time.monotonic()
        firsts = await asyncio.gather(*(one(number) for number in range(load.streams)))
        return {"s": time.monotonic() - began, "first_s": statistics.median(chain.from_iterable(firsts))}
    finally:
        client.close()


def http_way(address: str, path: str, body: Callable[[int, int], dict[str, Any]]) -> Ask:
    """A way over HTTP."""
    return lambda load: asyncio.run(over_http(address, path, body, load))


def of_mesh(number: int, tokens: int) -> dict[str, Any]:
    """A chat for the gateway."""
    return {"prompt": f"{number}. {PROMPT}", "stream": True, "temperature": 0, "max_tokens": tokens}


def of_vllm(number: int, tokens: int) -> dict[str, Any]:
    """The same for vLLM's server."""
    messages = [{"role": "user", "content": f"{number}. {PROMPT}"}]
    return {"model": "m", "messages": messages, "stream": True, "temperature": 0, "max_tokens": tokens}


@contextmanager
def mesh(model: Path, folder: Path) -> Iterator[Way]:
    """svc-text with vLLM, and a gateway before it."""
    env = QUIET | {
        "TROUPE_TEXT_ENGINES": "vllm",
        "PROVIDER_VLLM_MODEL": str(model),
        "TROUPE_TEXT_VLLM_ARGUMENTS": shlex.join(ARGUMENTS),
        "TROUPE_TEXT_VLLM_DTYPE": "bfloat16",
    }
    service = start_process("svc_text", folder, **env)
    asyncio.run(ready(service.grpc, within_s=READY_S))
    told = {"PROVIDER_TEXT": "vllm", "PROVIDER_TEXT_FALLBACK": "", "TROUPE_TEXT_TARGET": service.grpc}
    others = {"PROVIDER_TTS_FALLBACK": "", "PROVIDER_VIDEO_FALLBACK": ""}
    gateway = start_process("gateway", folder, **told, **others, TROUPE_MISSED_TICKS="400")
    try:
        ask = http_way(gateway.addresses["http"], "/api/text", of_mesh)
        yield Way("mesh", [service.popen.pid, gateway.popen.pid], ask)
    finally:
        gateway.stop()
        service.stop()


@contextmanager
def inside(model: Path, folder: Path) -> Iterator[Way]:
    """AsyncLLM in a process of its own."""
    words = [f"--model={model}", *SHARED, *ARGUMENTS]
    popen = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.vllm_inside", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | QUIET | {"PYTHONPATH": str(Path.cwd())},
    )

    def line() -> Figures:
        assert popen.stdout is not None
        for told in popen.stdout:  # vLLM's log is in between
            if told.startswith("{"):
                return json.loads(told)
        raise SystemExit("vLLM in-process ended")

    def ask(load: Load) -> Figures:
        assert popen.stdin is not None
        order = load._asdict() | {"prompt": PROMPT}
        popen.stdin.write(json.dumps(order) + "\n")
        popen.stdin.flush()
        return line()

    try:
        line()
        yield Way("in-process", [popen.pid], ask)
    finally:
        popen.communicate(timeout=60)


@contextmanager
def server(model: Path, folder: Path) -> Iterator[Way]:
    """`vllm serve`."""
    port = free_port()
    words = [f"--model={model}", *SHARED, *ARGUMENTS, "--served-model-name=m", f"--port={port}", "--host=127.0.0.1"]
    popen = subprocess.Popen(
        [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *words, "--disable-uvicorn-access-log"],
        env=os.environ | QUIET, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"127.0.0.1:{port}"
    try:
        until(lambda: httpx.get(f"http://{address}/health").is_success, popen)
        yield Way("vllm serve", [popen.pid], http_way(address, "/v1/chat/completions", of_vllm))
    finally:
        popen.terminate()
        popen.wait(60)


def free_port() -> int:
    """One that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def until(true: Callable[[], bool], process: subprocess.Popen[Any]) -> None:
    """Wait for a server to come up."""
    began = time.monotonic()
    while time.monotonic() - began < READY_S and process.poll() is None:
        try:
            if true():
                return
        except httpx.HTTPError:
            pass
        time.sleep(1)
    raise SystemExit(f"vLLM's server ended, or was not ready within {READY_S:.0f} s")
