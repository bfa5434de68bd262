"""llamacpp behind svc-text as a real process: what the gateway sees of it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import grpc.aio
import psutil
import pytest
from tests.fakes.gguf import write

from troupe.v1 import engine_pb2, text_pb2, text_pb2_grpc
from troupe.wire.channels import open_channel
from troupe.wire.errors import InvalidArgument, TextTooLong
from troupe.wire.statuses import from_rpc_error

PARALLEL = 8
FIRST_TOKEN_S = 2.0  # the goal, from the start of the process on and without a network; asserted at five times
FREED_S = 0.2  # the promise; as above
NO_END = {"4": -100.0, "2": -100.0}
SETTLED_S = 30.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write(folder / "calls.gguf", calls_tools=True)
    write(folder / "short.gguf", context=256)
    write(folder / "tiny.gguf")
    return folder


def settings(folder: Path, model: str = "tiny", **more: str) -> dict[str, str]:
    return {
        "TROUPE_TEXT_ENGINES": "llamacpp",
        "TROUPE_TEXT_MODELS_DIR": str(folder),
        "PROVIDER_LLAMACPP_MODEL": model,
        "TROUPE_TEXT_LLAMACPP_HELD": "3",
        "TROUPE_TEXT_LLAMACPP_CONTEXT": "1024",
    } | more


@pytest.fixture(scope="module")
def service(start_service_once, folder: Path):
    return start_service_once("svc_text", **settings(folder))


@pytest.fixture
async def stub(service) -> AsyncIterator[text_pb2_grpc.TextStub]:
    async with open_channel(service.grpc) as channel:
        stub = text_pb2_grpc.TextStub(channel)
        await settled(stub)
        yield stub


async def settled(stub: text_pb2_grpc.TextStub) -> engine_pb2.EngineInfo:
    """The engine once it is no longer loading."""
    async with asyncio.timeout(SETTLED_S):
        while True:
            reply = await stub.Describe(engine_pb2.DescribeRequest(), timeout=5, wait_for_ready=True)
            loading = {engine_pb2.ENGINE_STATE_UNSPECIFIED, engine_pb2.ENGINE_STATE_LOADING}
            if reply.engines[0].state not in loading:
                return reply.engines[0]
            await asyncio.sleep(0.02)


def asking(text: str = "Tell me.", model: str = "", **sampling: object) -> text_pb2.ChatRequest:
    request = text_pb2.ChatRequest(engine="llamacpp", model=model, sampling=text_pb2.Sampling(**sampling))
    request.messages.add(role=text_pb2.ROLE_USER).content.add(text=text)
    return request


async def answered(stub: text_pb2_grpc.TextStub, request: text_pb2.ChatRequest) -> list[text_pb2.ChatDelta]:
    return [delta async for delta in stub.Chat(request, timeout=30) if not delta.HasField("tick")]


async def refused(stub: text_pb2_grpc.TextStub, request: text_pb2.ChatRequest) -> Exception:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await answered(stub, request)
    return from_rpc_error(caught.value)


async def test_it_describes_itself(stub) -> None:
    info = await settled(stub)
    assert info.state == engine_pb2.ENGINE_STATE_READY
    assert (info.model, info.licence.name, info.licence.commercial_use) == ("tiny", "apache-2.0", True)
    assert (info.limits.max_input_tokens, info.limits.max_concurrency) == (1024, 3 * PARALLEL)
    assert {"documents", "json_schema", "tools", "continue"} <= set(info.features)
    models = await stub.ListModels(text_pb2.ListModelsRequest(), timeout=5)
    assert [model.id for model in models.models] == ["tiny", "calls", "short"]


async def test_a_chat_streams_with_model_usage_and_finish(stub) -> None:
    request = asking(max_tokens=12)
    deltas = await answered(stub, request)
    count = await stub.CountTokens(text_pb2.CountTokensRequest(request=request), timeout=5)
    usage = deltas[-1].usage
    assert deltas[0].model == "tiny"
    assert (usage.prompt_tokens, usage.completion_tokens) == (count.tokens, 12)
    assert deltas[-1].finish_reason == text_pb2.FINISH_REASON_LENGTH
    assert (await answered(stub, asking(model="short", max_tokens=2)))[0].model == "short"


async def test_eight_chats_on_one_stream_are_answered_together(stub) -> None:
    async def frames() -> AsyncIterator[text_pb2.ClientFrame]:
        for number in range(PARALLEL):
            request = asking(f"{number}", max_tokens=100, logit_bias=NO_END)
            yield text_pb2.ClientFrame(id=number, start=text_pb2.StartChat(request=request, initial_credit=500))

    tokens = dict.fromkeys(range(PARALLEL), 0)
    most_running, done = 0, set()
    async for frame in stub.Connect(frames(), timeout=60):
        for event in frame.events:
            tokens[event.id] += event.delta.tokens
            if event.HasField("done"):
                done.add(event.id)
        most_running = max(most_running, sum(0 < count < 100 for count in tokens.values()))
    assert done == set(range(PARALLEL))
    assert set(tokens.values()) == {100}
    assert most_running > PARALLEL // 2


async def test_documents_and_a_schema(stub) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    request = asking(max_tokens=300)
    request.documents.add(url="https://a.example", title="A", text="They mend boats.")
    request.response_format.type = "json_schema"
    request.response_format.name = "company_profile"
    request.response_format.json_schema = json.dumps(schema)
    deltas = await answered(stub, request)
    assert isinstance(json.loads("".join(delta.content for delta in deltas))["name"], str)
    assert deltas[-1].usage.prompt_tokens > 60


async def test_a_tool_is_called(stub) -> None:
    request = asking(model="calls", max_tokens=300)
    request.tools.add(name="look_up", parameters='{"type": "object", "properties": {"word": {"type": "string"}}}')
    request.tool_choice.function = "look_up"
    deltas = await answered(stub, request)
    calls = [call for delta in deltas for call in delta.tool_calls]
    assert (calls[0].name, bool(calls[0].id)) == ("look_up", True)
    assert deltas[-1].finish_reason == text_pb2.FINISH_REASON_TOOL_CALLS


async def test_what_cannot_be_answered_is_a_typed_error(stub) -> None:
    long = await refused(stub, asking("word " * 2000))
    assert isinstance(long, TextTooLong)
    assert "takes 1024 at once" in long.message
    schema = asking()
    schema.response_format.type = "json_schema"
    schema.response_format.json_schema = '{"type": "array", "minItems": 5, "maxItems": 2}'
    assert isinstance(await refused(stub, schema), InvalidArgument)
    assert await answered(stub, asking(max_tokens=2))


async def test_a_client_that_leaves_frees_the_engine(stub) -> None:
    calls = [stub.Chat(asking(f"{number}", max_tokens=900, logit_bias=NO_END), timeout=30) for number in range(4)]
    for call in calls:
        async for delta in call:
            if delta.content:
                break
    for call in calls:
        call.cancel()
    async with asyncio.timeout(5 * FREED_S):
        while (await settled(stub)).outstanding:
            await asyncio.sleep(0.01)


async def test_the_first_token_after_the_start_comes_soon_and_nothing_stays_behind(start_service, folder: Path) -> None:
    started = time.monotonic()
    process = start_service("svc_text", **settings(folder))
    async with open_channel(process.grpc) as channel:
        stub = text_pb2_grpc.TextStub(channel)
        await settled(stub)
        assert await answered(stub, asking(max_tokens=1))
    assert time.monotonic() - started < 5 * FIRST_TOKEN_S
    children = psutil.Process(process.popen.pid).children(recursive=True)
    assert children
    assert process.stop() == 0
    assert not any(psutil.pid_exists(child.pid) for child in children)


async def missing(start_service, folder: Path, model: str = "") -> engine_pb2.EngineInfo:
    process = start_service("svc_text", **settings(folder, model, TROUPE_TEXT_ENGINES="llamacpp,echo"))
    async with open_channel(process.grpc) as channel:
        stub = text_pb2_grpc.TextStub(channel)
        info = await settled(stub)
        echo = asking()
        echo.engine = "echo"
        assert await answered(stub, echo)  # the others serve
    return info


async def test_without_a_model_it_is_missing_with_the_command(start_service, tmp_path: Path) -> None:
    info = await missing(start_service, tmp_path / "nothing")
    assert info.state == engine_pb2.ENGINE_STATE_MISSING
    assert info.remedy.startswith("make model")


async def test_a_broken_model_is_missing_with_the_reason(start_service, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.gguf").write_bytes((folder / "tiny.gguf").read_bytes()[:500_000])
    info = await missing(start_service, tmp_path)
    assert info.state == engine_pb2.ENGINE_STATE_MISSING
    assert "was cut short" in info.reason
