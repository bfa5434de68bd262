"""`make bench-vllm`: what the mesh costs over vLLM: gateway + svc-text, vLLM's own OpenAI server, vLLM in-process.

The three hold an engine each, of the same random model (Qwen2 0.5B's shape, and the tests' tiny one) with the same
arguments; those that are not asked are stopped (SIGSTOP), so each has the machine for itself. Rounds are interleaved.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
from tests.bench.report import rounds, show
from tests.conftest import start_process
from tests.vllm import tiny
from tests.vllm.conftest import QUIET, ready

STREAMS = 32
TOKENS = {"half_b": 32, "tiny": 256}
SHAPES = {"half_b": tiny.HALF_B, "tiny": tiny.TINY}
PROMPT = "Tell me about the company, what it makes and for whom, in the words of somebody who works there."
READY_S = 600.0
ARGUMENTS = ("--enforce-eager", f"--max-num-seqs={STREAMS}", "--max-model-len=1024", "--no-enable-prefix-caching")
SHARED = ("--dtype=bfloat16", "--scheduling-policy=priority")
Figures = dict[str, float]


class Way:
    """One way to ask vLLM: its processes, and which of them are not vLLM's own."""

    def __init__(self, name: str, pids: list[int], ask: Callable[[int, int], Figures]) -> None:
        self.name = name
        self.pids = pids  # not vLLM's engine core and workers
        self.ask = ask

    def signal(self, number: signal.Signals) -> None:
        """To all its processes."""
        for root in map(psutil.Process, self.pids):
            for process in (root, *root.children(recursive=True)):
                os.kill(process.pid, number)

    def figures(self, streams: int, tokens: int) -> Figures:
        """One run."""
        before = processor_s(self.pids)
        told = self.ask(streams, tokens)
        spent = processor_s(self.pids) - before
        return told | {"cpu_us_per_token": 1e6 * told.pop("cpu_s", spent) / (streams * tokens)}


def processor_s(pids: list[int]) -> float:
    """Processor time of these processes."""
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return sum(each.user + each.system for each in times)


async def over_http(url: str, body: Callable[[int, int], dict[str, Any]], streams: int, tokens: int) -> Figures:
    """As many streams at once; hardly read, so that the client costs little."""

    async def one(client: httpx.AsyncClient, number: int) -> float:
        began, first = time.monotonic(), 0.0
        async with client.stream("POST", url, json=body(number, tokens)) as reply:
            reply.raise_for_status()
            async for raw in reply.aiter_raw():
                if not first and (b'"text"' in raw or b'"content":"1' in raw):
                    first = time.monotonic() - began
        return first

    async with httpx.AsyncClient(timeout=600, limits=httpx.Limits(max_connections=None)) as client:
        began = time.monotonic()
        firsts = await asyncio.gather(*(one(client, number) for number in range(streams)))
        return {"s": time.monotonic() - began, "first_s": statistics.median(firsts)}


def http_way(url: str, body: Callable[[int, int], dict[str, Any]]) -> Callable[[int, int], Figures]:
    """A way over HTTP."""
    return lambda streams, tokens: asyncio.run(over_http(url, body, streams, tokens))


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
        ask = http_way(f"http://{gateway.addresses['http']}/api/text", of_mesh)
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

    def ask(streams: int, tokens: int) -> Figures:
        assert popen.stdin is not None
        popen.stdin.write(json.dumps({"streams": streams, "tokens": tokens, "prompt": PROMPT}) + "\n")
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
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: httpx.get(f"{url}/health").is_success, popen)
        yield Way("vllm serve", [popen.pid], http_way(f"{url}/v1/chat/completions", of_vllm))
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


def compared(figures: dict[str, Figures], streams: int, tokens: int) -> Figures:
    """One round: tokens per second of each way, and what the mesh costs beside the others."""
    speed = {name: streams * tokens / told["s"] for name, told in figures.items()}
    told = {f"{name}: tokens/s": each for name, each in speed.items()}
    told |= {f"{name}: first token, ms": 1000 * each["first_s"] for name, each in figures.items()}
    told |= {f"{name}: CPU us a token beside vLLM's core": each["cpu_us_per_token"] for name, each in figures.items()}
    for other in ("in-process", "vllm serve"):
        told[f"mesh / {other}, tokens/s"] = speed["mesh"] / speed[other]
        told[f"mesh - {other}, first token, ms"] = 1000 * (figures["mesh"]["first_s"] - figures[other]["first_s"])
    return told


def measured(ways: list[Way], streams: int, tokens: int) -> dict[str, Figures]:
    """Each way once, alone on the machine."""
    found = {}
    for way in ways:
        way.signal(signal.SIGCONT)
        time.sleep(0.5)
        found[way.name] = way.figures(streams, tokens)
        way.signal(signal.SIGSTOP)
    return found


def main() -> None:
    """Both models, 32 streams and one."""
    shapes = [os.environ["MODEL"]] if os.environ.get("MODEL") in SHAPES else list(SHAPES)
    for shape in shapes:
        with tempfile.TemporaryDirectory() as name, ExitStack() as held:
            model = tiny.make(Path(name) / "m", SHAPES[shape])
            ways = []
            for start in (mesh, inside, server):
                ways.append(held.enter_context(start(model, Path(name))))
                ways[-1].figures(STREAMS, 4)  # what is only done once is done now
                held.callback(ways[-1].signal, signal.SIGCONT)
                ways[-1].signal(signal.SIGSTOP)
            for streams in (STREAMS, 1):
                tokens = TOKENS[shape]
                table = [compared(measured(ways, streams, tokens), streams, tokens) for _ in range(rounds())]
                show(f"vLLM, {shape}, {streams} streams of {tokens} tokens", table)


if __name__ == "__main__":
    main()
