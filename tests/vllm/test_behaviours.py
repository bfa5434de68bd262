"""The behaviours that every text engine shows, asked of vLLM over gRPC: its service is already there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc.aio
import pytest
from tests.behaviours import answers, choosing, forms, messages  # noqa: F401  # each fills the table
from tests.behaviours.subject import Answer
from tests.behaviours.table import BEHAVIOURS, Behaviour, shows
from tests.vllm.asking import ENGINE

from svc_text.conversion import TASKS
from svc_text.engine import EngineFacts
from troupe.v1 import engine_pb2, text_pb2
from troupe.wire.progress import Progress
from troupe.wire.statuses import from_rpc_error

pytestmark = pytest.mark.timeout(300)
PATIENCE_S = 60.0
LOOKS = 20  # within a second, at whether the place of a chat that ended is free
NAMES = {number: name for name, number in TASKS.items()}


class Desk:
    """As much of the desk as is told over gRPC."""

    def __init__(self, running: int) -> None:
        self.running = running


class Remote:
    """A subject behind its service."""

    thinker = ""
    name = ENGINE

    def __init__(self, stub, info: engine_pb2.EngineInfo) -> None:
        self._stub = stub
        self.desk = Desk(info.outstanding)
        self.facts = EngineFacts(
            info.model,
            info.version,
            info.device,
            info.licence.name,
            info.licence.commercial_use,
            features=tuple(info.features),
            max_input_chars=info.limits.max_text_chars,
            max_output_tokens=info.limits.max_output_tokens,
            tasks=tuple(NAMES[task] for task in info.tasks),
        )
        self.features = frozenset(self.facts.features) | frozenset(self.facts.tasks)

    async def ask(self, request: text_pb2.ChatRequest, progress: Progress | None = None) -> Answer:
        """The whole answer; raises what a caller sees."""
        answer = Answer()
        async for delta in self.stream(request, progress):
            answer.deltas.append(delta)
        return answer

    async def stream(
        self, request: text_pb2.ChatRequest, progress: Progress | None = None
    ) -> AsyncIterator[text_pb2.ChatDelta]:
        """Its deltas, without the ticks."""
        request.engine = ENGINE
        call = self._stub.Chat(request, timeout=PATIENCE_S)
        try:
            async for delta in call:
                if progress is not None:
                    progress.beat()
                if not delta.HasField("tick"):
                    await self._look()
                    yield delta
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error
        finally:
            call.cancel()
            for _ in range(LOOKS):
                await self._look()
                if not self.desk.running:
                    break
                await asyncio.sleep(1 / LOOKS)

    async def _look(self) -> None:
        described = await self._stub.Describe(engine_pb2.DescribeRequest())
        self.desk.running = described.engines[0].outstanding

    async def count(self, request: text_pb2.ChatRequest) -> int:
        """Tokens of the prompt."""
        request.engine = ENGINE
        return (await self._stub.CountTokens(text_pb2.CountTokensRequest(request=request))).tokens


TOO_MUCH = {"a_named_tool_is_the_one_that_is_called": "the tiny model knows no tool but weather, and babbles otherwise"}


@pytest.mark.parametrize("row", BEHAVIOURS, ids=lambda row: row.name)
async def test_vllm_behaves_so(stub, row: Behaviour) -> None:
    if row.name in TOO_MUCH:
        pytest.skip(TOO_MUCH[row.name])
    (info,) = (await stub.Describe(engine_pb2.DescribeRequest())).engines
    await shows(row, Remote(stub, info))
