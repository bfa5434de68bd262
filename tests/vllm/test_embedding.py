"""Embeddings by vLLM itself: the tiny Llama again, its last layer told instead of its words."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import grpc.aio
import pytest
from tests.conftest import start_process
from tests.vllm import tiny
from tests.vllm.asking import ENGINE, asking
from tests.vllm.conftest import ready, settings

from svc_text.conversion import MOST_INPUTS
from troupe.v1 import engine_pb2, text_pb2, text_pb2_grpc
from troupe.wire.channels import open_channel
from troupe.wire.errors import InvalidArgument, NotSupported, TextTooLong, TroupeError
from troupe.wire.statuses import from_rpc_error

pytestmark = [pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="module")]
ALIKE = 1e-3  # two runs of bfloat16


@pytest.fixture(scope="module")
def embedder(model: Path, tmp_path_factory: pytest.TempPathFactory):
    env = settings(model, "--runner=pooling", "--convert=embed", TROUPE_TEXT_VLLM_TOOL_PARSER="none")
    process = start_process("svc_text", tmp_path_factory.mktemp("embedder"), **env)
    try:
        asyncio.run(ready(process.grpc))
        yield process
    finally:
        process.stop()


def wanted(*inputs: str, **fields: object) -> text_pb2.EmbedRequest:
    return text_pb2.EmbedRequest(engine=ENGINE, inputs=inputs, **fields)


async def refusal(call) -> TroupeError:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return from_rpc_error(refused.value)


async def test_texts_become_vectors_and_nothing_else(embedder) -> None:
    async with open_channel(embedder.grpc) as channel:
        stub = text_pb2_grpc.TextStub(channel)
        (info,) = (await stub.Describe(engine_pb2.DescribeRequest())).engines
        assert list(info.tasks) == [engine_pb2.TASK_EMBED]
        told = await stub.Embed(wanted("1 2 3", "4 5 6", "1 2 3"))
        first, other, again = (list(each.values) for each in told.embeddings)

        assert told.usage.prompt_tokens > 0
        assert len(first) == tiny.TINY.hidden
        assert math.hypot(*first) == pytest.approx(1.0, abs=ALIKE)  # as vLLM does unless the model says otherwise
        assert first == pytest.approx(again, abs=ALIKE)
        assert math.dist(first, other) > ALIKE
        for call, kind in (
            (stub.Embed(wanted("1", dimensions=64)), InvalidArgument),  # it was not trained to be cut
            (stub.Embed(wanted(*["1"] * (MOST_INPUTS + 1))), InvalidArgument),
            (stub.Embed(wanted(" 1" * 3000)), TextTooLong),
            (stub.Chat(asking()).read(), NotSupported),
        ):
            error = await refusal(call)

            assert isinstance(error, kind), error
        many = await stub.Embed(wanted(*(f"{number}" for number in range(100))))
        assert len(many.embeddings) == 100
