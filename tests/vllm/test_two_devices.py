"""Tensor parallel: one model over two devices, here two cores."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.conftest import start_process
from tests.vllm.asking import WEATHER, answer, asking, counted
from tests.vllm.conftest import ready, settings

from troupe.v1 import engine_pb2, text_pb2_grpc
from troupe.wire.channels import open_channel

pytestmark = pytest.mark.timeout(400)


async def test_two_devices_say_what_one_says(model: Path, tmp_path: Path) -> None:
    env = settings(model, TROUPE_TEXT_VLLM_TENSOR_PARALLEL="2", VLLM_CPU_OMP_THREADS_BIND="0|1")
    process = start_process("svc_text", tmp_path, **env)
    try:
        await ready(process.grpc)
        async with open_channel(process.grpc) as channel:
            stub = text_pb2_grpc.TextStub(channel)
            (info,) = (await stub.Describe(engine_pb2.DescribeRequest())).engines
            assert info.device == "2 x cpu"
            told = await asyncio.gather(*(answer(stub, asking(max_tokens=60)) for _ in range(8)))
            assert {each.text for each in told} == {counted(1, 60)}
            assert (await answer(stub, asking(tools=[WEATHER]))).finish == "tool_calls"
    finally:
        await asyncio.to_thread(process.stop)
