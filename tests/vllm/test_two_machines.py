"""One model over two machines, here two addresses of this one; the second goes when the first does."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import Process, start_process
from tests.vllm.asking import answer, asking, counted
from tests.vllm.conftest import ready, settings

from troupe.v1 import engine_pb2, text_pb2_grpc
from troupe.wire.channels import open_channel

pytestmark = pytest.mark.timeout(400)
HEAD = "127.0.0.1"
GONE_S = 60.0
FAILED = 1


@pytest.fixture
def machines(model: Path, tmp_path: Path) -> Iterator[list[Process]]:
    """The services of both, the one that answers first."""
    with socket.create_server((HEAD, 0)) as held:
        port = held.getsockname()[1]
    running = []
    try:
        for rank in ("0", "1"):
            env = settings(
                model,
                f"--master-port={port}",
                TROUPE_TEXT_VLLM_TENSOR_PARALLEL="2",
                TROUPE_TEXT_VLLM_NODES="2",
                TROUPE_TEXT_VLLM_NODE_RANK=rank,
                TROUPE_TEXT_VLLM_HEAD=HEAD,
                VLLM_CPU_OMP_THREADS_BIND=rank,
            )
            running.append(start_process("svc_text", tmp_path, **env))
        yield running
    finally:
        for process in reversed(running):
            process.stop()


async def test_two_machines_answer_as_one_and_end_as_one(machines: list[Process]) -> None:
    first, second = machines
    await ready(first.grpc)
    async with open_channel(first.grpc) as channel:
        stub = text_pb2_grpc.TextStub(channel)
        (info,) = (await stub.Describe(engine_pb2.DescribeRequest())).engines
        assert info.device == "2 x cpu"
        assert (await answer(stub, asking(max_tokens=40))).text == counted(1, 40)
    async with open_channel(second.grpc) as channel:
        (info,) = (await text_pb2_grpc.TextStub(channel).Describe(engine_pb2.DescribeRequest())).engines
    assert info.state == engine_pb2.ENGINE_STATE_MISSING
    assert f"it computes for {HEAD}" in info.reason
    first.popen.kill()
    assert await asyncio.to_thread(second.popen.wait, GONE_S) == FAILED, second.log
    assert "Machine 0 at" in second.log
