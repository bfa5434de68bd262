"""`make bench-text`: llamacpp without a network: from the start of svc-text to the first token, alone, and eightfold.

MODEL=FILE measures a model of one's own; without it a small one of the tests is written, whose figures tell what the
service costs and nothing of a real model. Then what the mesh costs, by `make bench-connect` and, where vLLM is there
(`make vllm`), by `make bench-vllm`; the last line has all of it.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.mesh_first import first_token_ms
from tests.bench.report import medians, rounds, show
from tests.conftest import start_process
from tests.fakes.gguf import write

from troupe.v1 import engine_pb2, text_pb2, text_pb2_grpc
from troupe.wire.channels import open_channel

PARALLEL = 8
TOKENS = 200
READY_S = 120.0
POLL_S = 0.02
VLLM = Path("var/vllm/bin/python")
OF_VLLM = ("ratio_in_process", "ratio_openai_server", "added_ttft_ms", "added_us_per_token")
SETTINGS = {"TROUPE_TEXT_ENGINES": "llamacpp", "TROUPE_TEXT_LLAMACPP_CONTEXT": "1024"}
PROMPT = "Tell me about the company, what it makes and for whom, in the words of somebody who works there."


def asked(number: int = 0) -> text_pb2.ChatRequest:
    """A chat that no other one shares its beginning with."""
    request = text_pb2.ChatRequest(engine="llamacpp")
    request.sampling.max_tokens = TOKENS
    request.sampling.seed = number
    request.messages.add(role=text_pb2.ROLE_USER).content.add(text=f"{number}. {PROMPT}")
    return request


async def until_ready(stub: text_pb2_grpc.TextStub) -> None:
    """Until the engine has made its own first token."""
    async with asyncio.timeout(READY_S):
        while True:
            reply = await stub.Describe(engine_pb2.DescribeRequest(), wait_for_ready=True)
            if reply.engines[0].state == engine_pb2.ENGINE_STATE_READY:
                return
            if reply.engines[0].state == engine_pb2.ENGINE_STATE_MISSING:
                raise SystemExit(reply.engines[0].reason)
            await asyncio.sleep(POLL_S)


async def one(stub: text_pb2_grpc.TextStub, number: int) -> tuple[float, float, int]:
    """Seconds to the first token and to the end, and tokens."""
    started, first, tokens = time.monotonic(), 0.0, 0
    async for delta in stub.Chat(asked(number)):
        if delta.tokens and not first:
            first = time.monotonic() - started
        tokens += delta.tokens
    return first, time.monotonic() - started, tokens


async def freed_ms(stub: text_pb2_grpc.TextStub) -> float:
    """From the moment a caller leaves until no chat runs."""
    call = stub.Chat(asked(99))
    async for delta in call:
        if delta.content:
            break
    left = time.monotonic()
    call.cancel()
    while (await stub.Describe(engine_pb2.DescribeRequest())).engines[0].outstanding:
        await asyncio.sleep(0)
    return (time.monotonic() - left) * 1000


async def figures(address: str, started: float) -> dict[str, float]:
    """What one running service shows; `started` is when its process was, on the monotonic clock."""
    async with open_channel(address) as channel:
        stub = text_pb2_grpc.TextStub(channel)
        await until_ready(stub)
        asked_s = time.monotonic() - started
        first_token_s = asked_s + (await one(stub, 0))[0]
        first, whole, tokens = await one(stub, 1)
        begun = time.monotonic()
        many = await asyncio.gather(*(one(stub, number) for number in range(2, 2 + PARALLEL)))
        together_s = time.monotonic() - begun
        alone = tokens / whole
        at_once = sum(each[2] for each in many) / together_s
        return {
            "start_to_first_token_s": first_token_s,
            "first_token_ms": first * 1000,
            "tokens_per_s": alone,
            f"tokens_per_s_{PARALLEL}_chats": at_once,
            f"speedup_{PARALLEL}_chats": at_once / alone,
            "freed_ms": await freed_ms(stub),
        }


def measure(model: Path) -> dict[str, float]:
    """One start of svc-text with that model."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        process = start_process("svc_text", Path(folder), PROVIDER_LLAMACPP_MODEL=str(model), **SETTINGS)
        try:
            return asyncio.run(figures(process.grpc, started))
        finally:
            process.stop()


def told_by(python: Path, module: str, **env: str) -> dict[str, float]:
    """The last line of another bench; what it prints is shown as it comes."""
    told = ""
    with subprocess.Popen([python, "-m", module], env=os.environ | env, stdout=subprocess.PIPE, text=True) as bench:
        assert bench.stdout is not None
        for told in bench.stdout:
            print(told, end="", flush=True)
    if bench.returncode:
        raise SystemExit(f"{module} ended with status {bench.returncode}")
    return dict(json.loads(told))


def of_the_mesh() -> dict[str, float | None]:
    """What gateway and service add to an engine; null where there is no vLLM to compare with."""
    told: dict[str, float | None] = dict.fromkeys(OF_VLLM)
    if VLLM.exists():
        told |= told_by(VLLM, "tests.bench.vllm", MODEL="")
    else:
        print("\nvLLM is not installed here, so nothing is compared with it. Run: make vllm")
    connect = told_by(Path(sys.executable), "tests.bench.connect")
    first_ms = statistics.median(first_token_ms() for _ in range(rounds()))
    print(f"\nThe first token through gateway and svc-text, of an engine that needs no time: {first_ms:.1f} ms")
    more = {"mesh_first_token_ms": round(first_ms, 3), "deltas_per_s": connect["deltas_per_s"]}
    return {name: told[name] for name in OF_VLLM} | more


def main(models: Sequence[str]) -> None:
    """Measure the model that was named, or a small one."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(models[0]).absolute() if models else write(Path(folder) / "tiny.gguf")
        measured = [measure(model) for _ in range(rounds())]
    title = f"text: llamacpp with {model.name}, no network"
    show(title, measured)
    mesh = of_the_mesh()
    print(json.dumps({name: round(value, 3) for name, value in medians(measured).items()} | mesh))


if __name__ == "__main__":
    main([os.environ["MODEL"]] if os.environ.get("MODEL") else [])
