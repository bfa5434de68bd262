"""The extremes that ended other people's engines, each refused before ours sees it, and how long that takes."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable

import pytest

from svc_text.conversion import to_chat
from svc_text.engine import EngineFacts
from svc_text.schema import DEEPEST
from troupe.v1 import text_pb2
from troupe.wire.chats import MOST_BIASES, MOST_COMPLETIONS, MOST_STOPS, MOST_TOOLS, MOST_TURNS
from troupe.wire.errors import InvalidArgument, NotSupported, RequestError, TextTooLong

REFUSED_S = 0.005
SLACK = 5  # CI judges times at five times the goal
FEATURES = (
    "tools", "tool_choice", "logprobs", "logit_bias", "n", "documents", "continue", "json_schema", "grammar",
    "extra_sampling",
)  # fmt: skip
FACTS = EngineFacts("m", "1", "cpu", "Apache-2.0", commercial_use=True, features=FEATURES, max_output_tokens=4096)
Change = Callable[[text_pb2.ChatRequest], object]


def asking() -> text_pb2.ChatRequest:
    request = text_pb2.ChatRequest()
    request.messages.add(role=text_pb2.ROLE_USER).content.add(text="hello")
    return request


def sampled(**fields: object) -> Change:
    return lambda request: request.sampling.MergeFrom(text_pb2.Sampling(**fields))


def tool(times: int = 1, **fields: str) -> Change:
    return lambda request: request.tools.extend(text_pb2.Tool(**({"name": "f"} | fields)) for _ in range(times))


def called(**fields: str) -> Change:
    call = text_pb2.ToolCall(**({"name": "f", "arguments": "{}"} | fields))
    return lambda request: request.messages.add(role=text_pb2.ROLE_ASSISTANT).tool_calls.append(call)


def schema(text: str) -> Change:
    wanted = text_pb2.ResponseFormat(type="json_schema", json_schema=text)
    return lambda request: request.response_format.CopyFrom(wanted)


def deep(depth: int) -> str:
    return '{"type":"array","items":' * depth + '{"type":"string"}' + "}" * depth


def wide(properties: int) -> str:
    return json.dumps({"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(properties)}})


def turns(count: int) -> Change:
    message = text_pb2.Message(role=text_pb2.ROLE_USER, content=[text_pb2.ContentPart(text="x")])
    return lambda request: request.messages.extend([message] * count)


def more(text: str) -> Change:
    return lambda request: request.messages[0].content.add(text=text)


def extra(text: str) -> Change:
    return lambda request: setattr(request.vllm, "extra_sampling", text)


EXTREMES: dict[str, tuple[Change, str]] = {
    "no tokens": (sampled(max_tokens=0), "max_tokens is 0; allowed: 1 to 4096"),
    "more tokens than there are": (sampled(max_tokens=2**32 - 1), "max_tokens is 4294967295"),
    "one token too many": (sampled(max_tokens=4097), "max_tokens is 4097"),
    "completions": (sampled(n=MOST_COMPLETIONS + 1), "n is 17; allowed: 1 to 16"),
    "all completions": (sampled(n=2**32 - 1), "n is 4294967295"),
    "the whole vocabulary's logprobs": (sampled(logprobs=True, top_logprobs=2**32 - 1), "top_logprobs is 4294967295"),
    "one logprob too many": (sampled(logprobs=True, top_logprobs=21), "allowed: 0 to 20"),
    "temperature nan": (sampled(temperature=math.nan), "temperature is nan; allowed: 0 to 10"),
    "temperature inf": (sampled(temperature=math.inf), "temperature is inf"),
    "temperature below": (sampled(temperature=-0.1), "temperature is -0.1"),
    "temperature above": (sampled(temperature=10.5), "temperature is 10.5"),
    "top_p nan": (sampled(top_p=math.nan), "top_p is nan"),
    "top_p above": (sampled(top_p=1.01), "top_p is 1.01"),
    "top_p below": (sampled(top_p=-1.0), "top_p is -1"),
    "top_k": (sampled(top_k=2**32 - 1), "top_k is 4.29497e"),
    "min_p": (sampled(min_p=2.0), "min_p is 2"),
    "min_p -inf": (sampled(min_p=-math.inf), "min_p is -inf"),
    "presence": (sampled(presence_penalty=1e30), "presence_penalty is 1e"),
    "frequency nan": (sampled(frequency_penalty=math.nan), "frequency_penalty is nan"),
    "repetition zero": (sampled(repetition_penalty=0.0), "repetition_penalty is 0"),
    "repetition below": (sampled(repetition_penalty=-1.0), "repetition_penalty is -1"),
    "stops": (sampled(stop=["x"] * (MOST_STOPS + 1)), "64 strings"),
    "very many stops": (sampled(stop=["x"] * 200_000), "64 strings"),
    "a long stop": (sampled(stop=["x" * 2_000_000]), "up to 1000 characters"),
    "biases": (sampled(logit_bias={str(n): 1.0 for n in range(MOST_BIASES + 1)}), "1001 entries in logit_bias"),
    "very many biases": (sampled(logit_bias={str(n): 1.0 for n in range(100_000)}), "100000 entries"),
    "a bias of nan": (sampled(logit_bias={"5": math.nan}), "logit_bias of 5 is nan"),
    "a bias of inf": (sampled(logit_bias={"5": math.inf}), "logit_bias of 5 is inf"),
    "a strong bias": (sampled(logit_bias={"5": 100.5}), "logit_bias of 5 is 100.5"),
    "a bias of a word": (sampled(logit_bias={" the": 1.0}), "numbers of tokens"),
    "a bias below zero": (sampled(logit_bias={"-1": 1.0}), "numbers of tokens"),
    "a bias beyond": (sampled(logit_bias={"9" * 40: 1.0}), "numbers of tokens"),
    "a bias of another script": (sampled(logit_bias={"٣": 1.0}), "numbers of tokens"),
    "tools": (tool(MOST_TOOLS + 1), "129 tools; allowed: 128"),
    "very many tools": (tool(100_000), "100000 tools"),
    "a tool's name": (tool(name='a"b'), "A tool is called"),
    "no tool's name": (tool(name=""), "A tool is called ''"),
    "a tool's long name": (tool(name="x" * 65), "1 to 64 letters"),
    "a tool's description": (tool(description="x" * 20_001), "The description of the tool f has 20001"),
    "a tool's parameters": (tool(parameters="{"), "The parameters of the tool f is not JSON"),
    "a tool's deep parameters": (tool(parameters=deep(DEEPEST + 1)), "nested more than"),
    "a tool's endless parameters": (tool(parameters="[" * 90_000), "The parameters of the tool f"),
    "a schema's size": (schema(" " * 100_001), "The schema of the response has 100001"),
    "a huge schema": (schema(wide(100_000)), "The schema of the response has"),
    "a deep schema": (schema(deep(2_000)), "nested more than"),
    "a wide schema": (schema(wide(201)), "properties is 201 long"),
    "no schema": (schema("null"), "a JSON schema is an object"),
    "a schema's choices": (schema(json.dumps({"enum": list(range(1001))})), "enum is 1001 long"),
    "a schema's repeats": (schema('{"type":"array","minItems":1000000000}'), "minItems is 1000000000"),
    "a format": (lambda request: request.response_format.MergeFrom(text_pb2.ResponseFormat(type="xml")), "'xml'"),
    "reasoning": (lambda request: setattr(request, "reasoning", "much"), "reasoning is 'much'"),
    "a model's name": (lambda request: setattr(request, "model", "x" * 257), "The name of the model"),
    "a grammar": (lambda request: setattr(request.llamacpp, "grammar", "x" * 20_001), "The grammar has 20001"),
    "further sampling": (extra("x" * 20_001), "extra_sampling has 20001 characters; allowed: 20000"),
    "further sampling's logprobs": (extra('{"prompt_logprobs": 20}'), "'prompt_logprobs'; allowed: allowed_token_ids"),
    "further sampling's tokens": (extra('{"max_tokens": 100000000}'), "'max_tokens'; allowed"),
    "further sampling's nesting": (extra("[" * 20_000), "no JSON object"),
    "turns": (turns(MOST_TURNS), "10001 messages; allowed: 10000"),
    "very many turns": (turns(300_000), "300001 messages"),
    "a call's arguments": (called(arguments="[1]"), "no JSON object"),
    "a call's broken arguments": (called(arguments="{not json"), "no JSON object"),
    "a call's endless arguments": (called(arguments="[" * 100_000), "no JSON object"),
    "a call's long arguments": (called(arguments="{}" + " " * 200_000), "has 200002 characters"),
    "a call's name": (called(name="a b"), "A tool is called 'a b'"),
    "a call's id": (called(id="x" * 257), "The id of a tool call"),
}


@pytest.mark.parametrize(("change", "why"), EXTREMES.values(), ids=EXTREMES)
def test_an_extreme_is_refused_with_what_is_allowed(change: Change, why: str) -> None:
    request = asking()
    change(request)
    with pytest.raises(InvalidArgument, match=why.replace("+", r"\+")):
        to_chat(request, FACTS)


def quickest(request: text_pb2.ChatRequest, times: int = 3) -> float:
    """Processor seconds of one refusal: the least of a few, as the machine has other work too."""
    taken = []
    for _ in range(times):
        before = time.process_time()
        with pytest.raises(RequestError):
            to_chat(request, FACTS)
        taken.append(time.process_time() - before)
    return min(taken)


@pytest.mark.parametrize("change", [change for change, _ in EXTREMES.values()], ids=EXTREMES)
def test_and_at_once(change: Change) -> None:
    request = asking()
    change(request)
    assert quickest(request) <= REFUSED_S * SLACK


@pytest.mark.parametrize(
    "change",
    [
        more("x" * 1_000_001),
        lambda request: request.documents.add(text="x" * 1_000_001),
        tool(11, description="x" * 20_000, parameters=json.dumps({"description": "x" * 99_000})),
        lambda request: request.messages.add(role=text_pb2.ROLE_ASSISTANT, reasoning="x" * 1_000_001),
    ],
    ids=["a message", "a document", "tools", "thoughts"],
)
def test_all_that_becomes_the_prompt_is_counted(change: Change) -> None:
    request = asking()
    change(request)
    with pytest.raises(TextTooLong, match="takes 1000000"):
        to_chat(request, FACTS)
    assert quickest(request) <= REFUSED_S * SLACK


@pytest.mark.parametrize(
    "change",
    [
        sampled(temperature=0.0, top_p=1.0, top_k=0, min_p=0.0, presence_penalty=-2.0, repetition_penalty=10.0),
        sampled(max_tokens=4096, n=MOST_COMPLETIONS, stop=["x" * 1000] * MOST_STOPS, seed=2**64 - 1),
        sampled(logprobs=True, top_logprobs=20, logit_bias={str(n): -100.0 for n in range(MOST_BIASES)}),
        tool(MOST_TOOLS, parameters=wide(10)),
        schema(wide(200)),
        turns(MOST_TURNS - 1),
        called(arguments=""),
    ],
    ids=["sampling", "counts", "biases", "tools", "schema", "turns", "call"],
)
def test_what_is_allowed_just_so_is_taken(change: Change) -> None:
    request = asking()
    change(request)
    assert to_chat(request, FACTS).turns


def test_a_feature_that_the_engine_lacks_is_refused_by_its_name() -> None:
    bare = EngineFacts("m", "1", "cpu", "Apache-2.0", commercial_use=True, features=("tools",))
    for feature, change in {
        "logit_bias": sampled(logit_bias={"1": 1.0}),
        "continue": lambda request: setattr(request, "continue_final_message", True),
        "logprobs": sampled(logprobs=True),
        "extra_sampling": extra('{"min_tokens": 3}'),
        "grammar": lambda request: setattr(request.llamacpp, "grammar", 'root ::= "a"'),
    }.items():
        request = asking()
        change(request)
        with pytest.raises(RequestError, match=f"m has no {feature}; it has: tools"):
            to_chat(request, bare)
    must = asking()
    tool()(must)
    assert to_chat(must, bare).tools
    must.tool_choice.mode = "required"
    with pytest.raises(RequestError, match="m has no tool_choice"):
        to_chat(must, bare)


def test_an_engine_that_takes_few_stop_strings_is_given_no_more() -> None:
    few = EngineFacts("m", "1", "cpu", "Apache-2.0", commercial_use=True, features=(*FEATURES, "few_stops"))
    request = asking()
    sampled(stop=list("abcd"))(request)
    assert to_chat(request, few).sampling.stop == ("a", "b", "c", "d")
    sampled(stop=["e"])(request)
    with pytest.raises(NotSupported, match="m takes 4 stop strings; the chat has 5"):
        to_chat(request, few)
    assert to_chat(request, FACTS)
