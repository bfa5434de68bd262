"""One engine for all tests of one device: it takes half a minute and more to start on a small machine."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import grpc.aio
import pytest
from tests.conftest import Process, start_process
from tests.vllm import tiny
from tests.vllm.asking import ENGINE

from troupe.v1 import engine_pb2, text_pb2_grpc
from troupe.wire.channels import open_channel

READY_S = 240.0  # on two busy cores; alone on them it takes about 35 s
PLACES = 64

QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TORCHDYNAMO_DISABLE": "1",  # what it compiles for a first logprob takes 20 s
    "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB
    "VLLM_HOST_IP": "127.0.0.1",
}
ARGUMENTS = (
    "--enforce-eager",
    f"--max-num-seqs={PLACES}",
    "--structured-outputs-config.backend=xgrammar",
    "--structured-outputs-config.disable_any_whitespace=true",  # a model that knows no JSON would go on with blanks
    '--default-chat-template-kwargs={"enable_thinking": false}',
)


def settings(folder: Path, *more: str, **env: str) -> dict[str, str]:
    """Of svc-text with vLLM on the model in that folder; `more` are arguments of vLLM's."""
    return {
        "TROUPE_TEXT_ENGINES": ENGINE,
        "PROVIDER_VLLM_MODEL": str(folder),
        "TROUPE_TEXT_VLLM_TOOL_PARSER": "hermes",
        "TROUPE_TEXT_VLLM_REASONING_PARSER": "qwen3",
        "TROUPE_TEXT_VLLM_ARGUMENTS": shlex.join([*ARGUMENTS, *more]),
        **QUIET,
        **env,
    }


async def ready(address: str, states: list[engine_pb2.EngineInfo] | None = None, within_s: float = READY_S) -> None:
    """Wait until the engine there is ready; `states` gets what was told on the way."""
    until = time.monotonic() + within_s
    async with open_channel(address) as channel:
        stub = text_pb2_grpc.TextStub(channel)
        while time.monotonic() < until:
            try:
                described = await stub.Describe(engine_pb2.DescribeRequest(), timeout=5)
            except grpc.aio.AioRpcError:  # it is being started again
                await asyncio.sleep(0.5)
                continue
            info = next(each for each in described.engines if each.name == ENGINE)
            if states is not None:
                states.append(info)
            if info.state != engine_pb2.ENGINE_STATE_LOADING:
                assert info.state == engine_pb2.ENGINE_STATE_READY, info
                return
            await asyncio.sleep(0.2)
    pytest.fail(f"vLLM was not ready within {within_s:.0f} s")


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make_adapter(tmp_path_factory.mktemp("adapters") / "twisted")


@pytest.fixture(scope="session")
def told() -> list[engine_pb2.EngineInfo]:
    """What the service of `service` told while it loaded."""
    return []


@pytest.fixture(scope="session")
def service(model: Path, adapter: Path, told, tmp_path_factory: pytest.TempPathFactory):
    """svc-text on one device, ready."""
    env = settings(model, "--max-lora-rank=8", TROUPE_TEXT_VLLM_LORAS=f"twisted={adapter}")
    process = start_process("svc_text", tmp_path_factory.mktemp("service"), **env)
    try:
        asyncio.run(_ready_or_log(process, told))
        yield process
    finally:
        process.stop()


async def _ready_or_log(process: Process, told: list[engine_pb2.EngineInfo]) -> None:
    try:
        await ready(process.grpc, told)
    except BaseException:
        sys.stderr.write(process.log[-8000:])
        raise


@pytest.fixture
async def stub(service: Process) -> AsyncIterator[text_pb2_grpc.TextStub]:
    async with open_channel(service.grpc) as channel:
        yield text_pb2_grpc.TextStub(channel)


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TROUPE_TEXT_VLLM_")]:
        monkeypatch.delenv(name)
