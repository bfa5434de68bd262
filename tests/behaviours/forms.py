"""What an answer must be: JSON, a tool's call, thoughts apart from what is said."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from tests.behaviours.subject import Answer, Subject, asking, told
from tests.behaviours.table import Check, behaviour, rows

from troupe.v1 import text_pb2
from troupe.wire.errors import InvalidArgument, RequestError

LONG = 200  # tokens: enough for a small object
WEATHER = json.dumps({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
SCHEMAS: dict[str, tuple[dict[str, Any], type]] = {
    "a text": ({"type": "string"}, str),
    "a whole number": ({"type": "integer"}, int),
    "yes or no": ({"type": "boolean"}, bool),
    "one of three": ({"enum": ["Honest", "Open every day of the week", "Founded in 1984"]}, str),
}


def formed(schema: object, **sampling: object) -> text_pb2.ChatRequest:
    request = asking(**({"max_tokens": LONG} | sampling))
    text = schema if isinstance(schema, str) else json.dumps(schema)
    request.response_format.CopyFrom(text_pb2.ResponseFormat(type="json_schema", name="x", json_schema=text))
    return request


def parsed(answer: Answer) -> Any:
    """The JSON; an answer that its limit cut off needs none."""
    return None if answer.finish == "length" else json.loads(answer.text())


def of_schema(inner: dict[str, Any], kind: type) -> Check:
    async def check(subject: Subject) -> None:
        schema = {"type": "object", "properties": {"a": inner}, "required": ["a"], "additionalProperties": False}
        found = parsed(await subject.ask(formed(schema)))
        assert found is None or (set(found) == {"a"} and isinstance(found["a"], kind))
        assert found is None or "enum" not in inner or found["a"] in inner["enum"]

    return check


rows("JSON with", {name: of_schema(*schema) for name, schema in SCHEMAS.items()}, "json_schema")


@behaviour("json_schema")
async def nested_json_is_as_its_schema(subject: Subject) -> None:
    inner = {"type": "object", "properties": {"b": {"type": "boolean"}}, "required": ["b"]}
    schema = {"type": "object", "properties": {"a": inner}, "required": ["a"]}
    found = parsed(await subject.ask(formed(schema)))
    assert found is None or isinstance(found["a"]["b"], bool)


@behaviour("json_schema")
async def any_object_is_an_object(subject: Subject) -> None:
    request = asking(max_tokens=LONG)
    request.response_format.type = "json_object"
    found = parsed(await subject.ask(request))
    assert found is None or isinstance(found, dict)


@behaviour("json_schema")
async def json_ends_at_its_limit_too(subject: Subject) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    answer = await subject.ask(formed(schema, max_tokens=1))
    assert (answer.finish, answer.usage.completion_tokens) == ("length", 1)


async def refuses(subject: Subject, request: text_pb2.ChatRequest) -> None:
    with pytest.raises(RequestError):
        await subject.ask(request)


async def refuses_schema(subject: Subject, schema: object) -> None:
    await refuses(subject, formed(schema))


BAD_SCHEMAS = {
    "is no JSON": "{",
    "is no object": "[1]",
    "is deep": '{"type":"array","items":' * 40 + "{}" + "}" * 40,
    "is wide": {"type": "object", "properties": {f"p{n}": {} for n in range(300)}},
    "allows nothing": {"type": "array", "minItems": 5, "maxItems": 2},
}
rows(
    "refused",
    {f"a schema that {what}": partial(refuses_schema, schema=schema) for what, schema in BAD_SCHEMAS.items()},
)


@behaviour()
async def another_format_is_refused(subject: Subject) -> None:
    request = asking()
    request.response_format.type = "xml"
    with pytest.raises(InvalidArgument, match="response format is 'xml'"):
        await subject.ask(request)


@behaviour()
async def plain_text_may_be_asked_for(subject: Subject) -> None:
    request = asking()
    request.response_format.type = "text"
    assert (await subject.ask(request)).text() == (await subject.ask(asking())).text()


def offering(*names: str, choice: str = "", **sampling: object) -> text_pb2.ChatRequest:
    request = asking(**({"max_tokens": LONG, "temperature": 1.0} | sampling))  # greedy, a small model goes round
    for name in names:
        request.tools.add(name=name, description=f"Does {name}.", parameters=WEATHER)
    if choice in {"", "auto", "none", "required"}:
        request.tool_choice.mode = choice
    else:
        request.tool_choice.mode, request.tool_choice.function = "function", choice
    return request


def well_called(answer: Answer, *names: str) -> None:
    """Every call is whole: an id of its own, a name of these, arguments that are an object."""
    assert answer.finish == "tool_calls"
    assert answer.calls
    assert len({call_id for call_id, _, _ in answer.calls}) == len(answer.calls)
    for call_id, name, arguments in answer.calls:
        assert call_id
        assert name in names
        assert isinstance(json.loads(arguments), dict)


@behaviour("tools")
async def a_model_may_call_a_tool(subject: Subject) -> None:
    answer = await subject.ask(offering("weather", "clock", choice="auto"))
    if answer.calls:
        well_called(answer, "weather", "clock")
    else:
        assert answer.finish in {"stop", "length"}


@behaviour("tools")
async def no_choice_is_the_models_own(subject: Subject) -> None:
    first, second = [await subject.ask(offering("weather", choice=choice)) for choice in ("", "auto")]
    assert [call[1:] for call in first.calls] == [call[1:] for call in second.calls]


@behaviour("tools")
async def none_means_none(subject: Subject) -> None:
    assert not (await subject.ask(offering("weather", choice="none"))).calls


@behaviour("tools", "tool_choice")
async def required_means_a_call(subject: Subject) -> None:
    well_called(await subject.ask(offering("weather", "clock", choice="required")), "weather", "clock")


@behaviour("tools", "tool_choice")
async def a_named_tool_is_the_one_that_is_called(subject: Subject) -> None:
    for name in ("weather", "clock"):
        well_called(await subject.ask(offering("weather", "clock", choice=name)), name)


@behaviour("tools", "tool_choice")
async def a_tool_that_is_not_there_cannot_be_named(subject: Subject) -> None:
    with pytest.raises(InvalidArgument, match="tool_choice is 'zzz'"):
        await subject.ask(offering("weather", choice="zzz"))


@behaviour("tools", "tool_choice")
async def one_call_at_a_time(subject: Subject) -> None:
    request = offering("weather", "clock", choice="required")
    request.parallel_tool_calls = False
    assert len((await subject.ask(request)).calls) == 1


@behaviour("tools", "tool_choice")
async def several_calls_may_be_asked_for(subject: Subject) -> None:
    request = offering("weather", "clock", choice="required")
    request.parallel_tool_calls = True
    well_called(await subject.ask(request), "weather", "clock")


@behaviour("tools", "tool_choice")
async def a_call_may_be_answered(subject: Subject) -> None:
    request = offering("weather", choice="required")
    (call_id, name, arguments), *_ = (await subject.ask(request)).calls
    call = text_pb2.ToolCall(id=call_id, name=name, arguments=arguments)
    request.messages.append(told("assistant", tool_calls=[call]))
    request.messages.append(told("tool", "Sunny.", tool_call_id=call_id))
    request.tool_choice.mode = "auto"
    assert (await subject.ask(request)).finish


@behaviour("tools")
async def tools_are_part_of_the_prompt(subject: Subject) -> None:
    few, many = [await subject.ask(offering(*names)) for names in (("a",), ("a", "b", "c", "d"))]
    assert few.usage.prompt_tokens <= many.usage.prompt_tokens


rows(
    "refused",
    {
        "too many tools": lambda subject: refuses(subject, offering(*(f"t{n}" for n in range(129)))),
        "a tool without a name": lambda subject: refuses(subject, offering("")),
        "a tool with an odd name": lambda subject: refuses(subject, offering('a"b')),
    },
)


def thinking(subject: Subject, wanted: str, **sampling: object) -> text_pb2.ChatRequest:
    request = asking(**({"max_tokens": 60} | sampling))
    request.model, request.reasoning = subject.thinker, wanted
    return request


@behaviour("reasoning")
async def thoughts_are_apart_from_what_is_said(subject: Subject) -> None:
    answer = await subject.ask(thinking(subject, "on"))
    assert answer.reasoning
    assert "think>" not in answer.text()
    assert 0 < answer.usage.reasoning_tokens <= answer.usage.completion_tokens


@behaviour("reasoning")
async def without_thinking_there_are_no_thoughts(subject: Subject) -> None:
    answer = await subject.ask(thinking(subject, "off"))
    assert not answer.reasoning
    assert answer.usage.reasoning_tokens == 0


async def thought(subject: Subject, wanted: str) -> None:
    assert (await subject.ask(thinking(subject, wanted))).finish


rows(
    "thinking",
    {wanted or "as it likes": partial(thought, wanted=wanted) for wanted in ("", "on", "low", "medium", "high")},
    "reasoning",
)


@behaviour("reasoning", "continue")
async def a_begun_answer_is_not_thought_about_again(subject: Subject) -> None:
    request = thinking(subject, "", max_tokens=12)
    request.messages.append(told("assistant", "The small company"))
    request.continue_final_message = True
    assert not (await subject.ask(request)).reasoning


@behaviour()
async def another_amount_of_thinking_is_refused(subject: Subject) -> None:
    with pytest.raises(InvalidArgument, match="reasoning is 'much'"):
        await subject.ask(thinking(subject, "much"))
