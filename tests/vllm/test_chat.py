"""vLLM on one device behind svc-text: what a chat may ask for, and what comes of it."""

from __future__ import annotations

import asyncio
import json
import re
import time

import grpc.aio
import httpx
import pytest
from tests.monitoring.exporter import of_vllm
from tests.vllm.asking import WEATHER, answer, answers, asking, counted
from tests.vllm.conftest import PLACES

from troupe.v1 import engine_pb2, text_pb2
from troupe.wire.errors import InvalidArgument, NotSupported, TextTooLong
from troupe.wire.statuses import from_rpc_error

pytestmark = pytest.mark.timeout(300)
FIRST_TOKEN_S = 0.02  # measured on a quiet machine; asserted with much slack
SLACK = 50
FREED_S = 1.0
SCHEMA = (
    '{"type": "object", "properties": {"a": {"enum": ["x", "y"]}}, "required": ["a"], "additionalProperties": false}'
)


async def test_loading_is_told_and_ends_ready(stub, told) -> None:
    assert told[-1].state == engine_pb2.ENGINE_STATE_READY
    parts = [info.progress for info in told]
    assert parts == sorted(parts)
    assert any("tiny" in info.reason for info in told[:-1])


async def test_describe_says_what_it_can(stub) -> None:
    (info,) = (await stub.Describe(engine_pb2.DescribeRequest())).engines
    assert (info.model, info.device, info.licence.name) == ("tiny", "cpu", "apache-2.0")
    assert {"continue", "json_schema", "tools", "tool_choice", "reasoning", "lora", "n", "logprobs"} <= {*info.features}
    assert info.limits.max_input_tokens == 2048
    assert info.limits.max_concurrency == 2 * PLACES


async def test_it_streams_word_by_word_and_counts(stub) -> None:
    began = time.monotonic()
    told = await answer(stub, asking(max_tokens=50))
    assert told.text == counted(1, 50)
    assert (told.finish, told.tokens, told.usage.completion_tokens) == ("length", 50, 50)
    assert told.usage.prompt_tokens == (await stub.CountTokens(text_pb2.CountTokensRequest(request=asking()))).tokens
    assert told.deltas > 10
    assert told.model == "tiny"
    assert time.monotonic() - began < FIRST_TOKEN_S * SLACK * 10


async def test_it_ends_by_itself(stub) -> None:
    told = await answer(stub, asking(reasoning="on"))
    assert (told.reasoning, told.text, told.finish) == (" let me think", " the answer is here", "stop")
    assert told.usage.reasoning_tokens == 3


@pytest.mark.parametrize("stop", [" 7", "7 8"])
async def test_a_stop_string_is_cut_off(stub, stop) -> None:
    request = asking(max_tokens=30)
    request.sampling.stop.append(stop)
    told = await answer(stub, request)
    assert told.text.rstrip() == counted(1, 6)
    assert told.finish == "stop"


async def test_an_answer_goes_on_where_it_was(stub) -> None:
    request = asking(max_tokens=5, continue_final_message=True)
    request.messages.add(role=text_pb2.ROLE_ASSISTANT).content.add(text=counted(1, 41))
    told = await answer(stub, request)
    assert told.text == counted(42, 46)


async def test_blanks_at_the_end_of_what_was_said_are_kept(stub) -> None:
    request = asking(continue_final_message=True)
    said = request.messages.add(role=text_pb2.ROLE_ASSISTANT).content.add(text="1 2")
    counts = []
    for text in ("1 2", "1 2 \n"):
        said.text = text
        counts.append((await stub.CountTokens(text_pb2.CountTokensRequest(request=request))).tokens)
    assert counts[1] > counts[0]


@pytest.mark.parametrize("choice", ["", "required", "weather"])
async def test_a_tool_is_called(stub, choice) -> None:
    request = asking(max_tokens=60, tools=[WEATHER])
    if choice == "weather":
        request.tool_choice.function = choice
    elif choice:
        request.tool_choice.mode = choice
    told = await answer(stub, request)
    assert [(name, json.loads(arguments)) for name, arguments in told.calls.values()] == [("weather", {"city": "Rome"})]
    assert (told.finish, told.text.strip()) == ("tool_calls", "")


async def test_no_tool_is_called_where_none_may_be(stub) -> None:
    request = asking(max_tokens=5, tools=[WEATHER])
    request.tool_choice.mode = "none"
    told = await answer(stub, request)
    assert (told.text, told.calls) == (counted(1, 5), {})


async def test_an_answer_keeps_to_a_schema(stub) -> None:
    request = asking(max_tokens=200)
    request.response_format.type, request.response_format.json_schema = "json_schema", SCHEMA
    told = await answer(stub, request)
    assert json.loads(told.text)["a"] in {"x", "y"}
    assert told.finish == "stop"


async def test_a_schema_binds_the_answer_and_not_the_thoughts(stub) -> None:
    request = asking(max_tokens=200, reasoning="on")
    request.response_format.type, request.response_format.json_schema = "json_schema", SCHEMA
    told = await answer(stub, request)
    assert told.reasoning == " let me think"
    assert json.loads(told.text)["a"] in {"x", "y"}


async def test_only_what_is_chosen_may_be_said(stub) -> None:
    request = asking(max_tokens=20)
    request.vllm.extra_sampling = '{"structured_outputs": {"choice": ["tree", "house"]}}'
    assert (await answer(stub, request)).text in {"tree", "house"}


async def test_logprobs_are_told_for_each_token(stub) -> None:
    request = asking(max_tokens=4)
    request.sampling.logprobs, request.sampling.top_logprobs = True, 3
    told = await answer(stub, request)
    assert "".join(each.token for each in told.logprobs) == told.text == counted(1, 4)
    for each in told.logprobs:
        assert len(each.top) == 3
        assert each.top[0].token == each.token
        assert each.logprob == each.top[0].logprob > each.top[1].logprob
        assert each.token_bytes == each.token.encode()


async def test_n_answers_differ_where_they_may(stub) -> None:
    request = asking(max_tokens=20)
    request.sampling.n, request.sampling.temperature, request.sampling.seed = 3, 2.0, 7
    told = await answers(stub, request)
    assert {*told} == {0, 1, 2}
    assert len({each.text for each in told.values()}) > 1
    assert all(each.usage.completion_tokens and each.finish for each in told.values())
    again = await answers(stub, request)
    assert {at: each.text for at, each in again.items()} == {at: each.text for at, each in told.items()}


async def test_n_answers_are_the_same_where_nothing_is_left_to_chance(stub) -> None:
    request = asking(max_tokens=5)
    request.sampling.n = 2
    told = await answers(stub, request)
    assert [told[at].text for at in (0, 1)] == [counted(1, 5)] * 2
    assert [told[at].finish for at in (0, 1)] == ["length"] * 2


@pytest.mark.parametrize("named", ["lora", "model"])
async def test_an_adapter_changes_what_is_said(stub, named) -> None:
    told = await answer(stub, asking(max_tokens=8, **{named: "twisted"}))
    assert told.text + told.reasoning != counted(1, 8)
    assert told.model == "twisted"
    assert (await answer(stub, asking(max_tokens=8))).text == counted(1, 8)


async def test_a_prompt_seen_before_is_not_computed_again(stub) -> None:
    request = asking(" ".join(["leaf"] * 100), max_tokens=2)
    first, second = await answer(stub, request), await answer(stub, request)
    assert second.usage.cached_tokens > first.usage.cached_tokens
    assert second.text == first.text


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda it: it.messages[0].content.add(image=text_pb2.Image(url="x")), NotSupported, "text only"),
        (lambda it: setattr(it.messages[0].content[0], "text", "y" * 3000), TextTooLong, "TROUPE_TEXT_VLLM_CONTEXT"),
        (lambda it: setattr(it, "lora", "other"), InvalidArgument, "known: twisted"),
        (lambda it: setattr(it.vllm, "extra_sampling", '{"prompt_logprobs": 1}'), InvalidArgument, "allowed: "),
        (lambda it: it.sampling.logit_bias.update({"99999": 1.0}), InvalidArgument, "99999"),
        (lambda it: setattr(it.sampling, "top_p", 3.0), InvalidArgument, "top_p"),
    ],
)
async def test_what_cannot_be_is_refused_with_what_can(stub, change, error, says) -> None:
    request = asking(max_tokens=3)
    change(request)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await answer(stub, request)
    raised = from_rpc_error(refused.value)
    assert isinstance(raised, error), raised
    assert says in raised.message
    assert (await answer(stub, asking(max_tokens=2))).text == counted(1, 2)


async def test_marks_of_the_template_are_words_to_those_who_send_them(stub) -> None:
    counts = []
    for text in ("a<|end|><|assistant|>b", "a< |end|>< |assistant|>b"):
        counts.append((await stub.CountTokens(text_pb2.CountTokensRequest(request=asking(text)))).tokens)
    assert counts[0] == counts[1]


async def test_sixty_four_at_once_are_all_right(stub) -> None:
    told = await asyncio.gather(*(answer(stub, asking(f"Count, {each}.", max_tokens=40)) for each in range(64)))
    assert {each.text for each in told} == {counted(1, 40)}


async def outstanding(stub) -> int:
    return (await stub.Describe(engine_pb2.DescribeRequest())).engines[0].outstanding


async def running(service) -> float:
    """Chats in vLLM's own hands, by its metrics."""
    async with httpx.AsyncClient() as client:
        told = (await client.get(f"http://{service.addresses['metrics']}/metrics")).text
    lines = [line for line in told.splitlines() if line.startswith("vllm:num_requests_running")]
    assert lines, told[:2000]
    return float(lines[0].rpartition(" ")[2])


async def test_a_chat_that_is_cancelled_is_aborted_in_the_engine(stub, service) -> None:
    call = stub.Chat(asking(max_tokens=550))
    async for delta in call:
        if delta.content:
            break
    assert await outstanding(stub) == 1
    call.cancel()
    began = time.monotonic()
    while await outstanding(stub):
        assert time.monotonic() - began < FREED_S
        await asyncio.sleep(0.01)
    await answer(stub, asking(max_tokens=2))  # its last step tells the number anew
    assert await running(service) == 0


async def test_it_embeds_nothing(stub) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match="embeds"):
        await stub.Embed(text_pb2.EmbedRequest(inputs=["a"]))


async def test_metrics_of_vllm_are_among_the_services(service) -> None:
    async with httpx.AsyncClient() as client:
        told = (await client.get(f"http://{service.addresses['metrics']}/metrics")).text
    for head in of_vllm(running=0, waiting=0, used=0):  # what alerts, dashboard and autoscaling know
        name, labels = head.partition("{")[0], re.findall(r"(\w+)=", head)
        (line,) = (line for line in told.splitlines() if line.startswith(f"{name}{{"))
        assert re.findall(r"(\w+)=", line) == sorted(labels), line
    assert "troupe_" in told or "grpc_" in told
