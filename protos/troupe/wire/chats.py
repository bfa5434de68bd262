"""What no chat may ask for, whoever answers it: counts, ranges and names, refused in a few milliseconds.

Both ends of the mesh look: the gateway before it asks anybody, a text service before its engine sees the chat. What
depends on an engine (how long a prompt, how many tokens, which schemas) is the service's to know. The message is looked
at as it came: a list is counted before it is copied.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from troupe.v1 import text_pb2
from troupe.wire.errors import InvalidArgument

RANGES: Mapping[str, tuple[float, float]] = {
    "temperature": (0.0, 10.0),
    "top_p": (0.0, 1.0),
    "top_k": (0, 1_000_000),
    "min_p": (0.0, 1.0),
    "presence_penalty": (-2.0, 2.0),
    "frequency_penalty": (-2.0, 2.0),
    "repetition_penalty": (0.01, 10.0),
}
DIGITS = 6  # floats travel as 32 bits: 0.01 comes as 0.0099999998
MOST_TURNS = 10_000
MOST_PARTS = 1_000  # of one message
MOST_DOCUMENTS = 1_000
MOST_COMPLETIONS = 16
MOST_STOPS, LONGEST_STOP = 64, 1_000  # strings, characters
FEW_STOPS, MOST_FEW_STOPS = "few_stops", 4
"""The feature of an engine that takes no more stop strings than that, and how many that is."""
MOST_BIASES, STRONGEST_BIAS = 1_000, 100.0
LONGEST_TOKEN_ID = 9  # digits
MOST_TOP_LOGPROBS = 20
MOST_TOOLS, LONGEST_DESCRIPTION = 128, 20_000
MOST_CALLS = 128  # of tools in one message
LONGEST_ARGUMENTS = 200_000  # characters of one call
LONGEST_SCHEMA = 100_000  # characters
LONGEST_GRAMMAR = 20_000  # characters
LONGEST_EXTRA = 20_000  # characters of further sampling parameters
LONGEST_NAME = 256  # characters of names and ids that are passed on
REASONING = ("", "off", "on", "low", "medium", "high")
FORMATS = ("", "text", "json_object", "json_schema")
TOOL_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def check_chat(request: text_pb2.ChatRequest) -> None:
    """Raise `InvalidArgument` for what is more than anybody takes, with what is allowed."""
    _check_turns(request)
    _check_ranges(request.sampling)
    _check_lists(request.sampling)
    _check_tools(request)
    _check_answer(request)


def _check_turns(request: text_pb2.ChatRequest) -> None:
    _most("messages", len(request.messages), MOST_TURNS)
    _most("documents", len(request.documents), MOST_DOCUMENTS)
    for message in request.messages:
        _most("parts of one message", len(message.content), MOST_PARTS)
    if not request.messages:
        return  # whoever serves it says so in its own words
    if all(message.role == text_pb2.ROLE_SYSTEM for message in request.messages):
        raise InvalidArgument("The chat has no message of a user. Add one.")
    if request.continue_final_message and request.messages[-1].role != text_pb2.ROLE_ASSISTANT:
        raise InvalidArgument("There is no answer to continue: the last message is not the assistant's.")


def _check_ranges(sampling: text_pb2.Sampling) -> None:
    for name, (least, most) in RANGES.items():
        value = round(getattr(sampling, name), DIGITS)
        if sampling.HasField(name) and not least <= value <= most:  # not a number is out of every range
            raise InvalidArgument(f"{name} is {value:g}; allowed: {least:g} to {most:g}.")
    if sampling.HasField("max_tokens") and not sampling.max_tokens:
        raise InvalidArgument("max_tokens is 0; allowed: 1 and more.")
    if sampling.n > MOST_COMPLETIONS:
        raise InvalidArgument(f"n is {sampling.n}; allowed: 1 to {MOST_COMPLETIONS}.")
    if sampling.top_logprobs > MOST_TOP_LOGPROBS:
        raise InvalidArgument(f"top_logprobs is {sampling.top_logprobs}; allowed: 0 to {MOST_TOP_LOGPROBS}.")


def _check_lists(sampling: text_pb2.Sampling) -> None:
    if len(sampling.stop) > MOST_STOPS or any(len(stop) > LONGEST_STOP for stop in sampling.stop):
        raise InvalidArgument(f"stop: allowed are {MOST_STOPS} strings of up to {LONGEST_STOP} characters.")
    _most("entries in logit_bias", len(sampling.logit_bias), MOST_BIASES)
    for token, bias in sampling.logit_bias.items():
        if not (token.isascii() and token.isdigit() and len(token) <= LONGEST_TOKEN_ID):
            raise InvalidArgument(f"logit_bias has {token[:40]!r}; allowed: numbers of tokens.")
        if not -STRONGEST_BIAS <= bias <= STRONGEST_BIAS:
            raise InvalidArgument(
                f"logit_bias of {token} is {bias:g}; allowed: -{STRONGEST_BIAS:g} to {STRONGEST_BIAS:g}."
            )


def _check_tools(request: text_pb2.ChatRequest) -> None:
    _most("tools", len(request.tools), MOST_TOOLS)
    for tool in request.tools:
        _check_tool_name(tool.name)
        _longest(f"The description of the tool {tool.name}", tool.description, LONGEST_DESCRIPTION)
        _longest(f"The parameters of the tool {tool.name}", tool.parameters, LONGEST_SCHEMA)
    for message in request.messages:
        _longest("The name in a message", message.name, LONGEST_NAME)
        _longest("The tool_call_id of a message", message.tool_call_id, LONGEST_NAME)
        _most("tool calls in one message", len(message.tool_calls), MOST_CALLS)
        for call in message.tool_calls:
            _check_call(call)


def _check_call(call: text_pb2.ToolCall) -> None:
    _check_tool_name(call.name)
    _longest("The id of a tool call", call.id, LONGEST_NAME)
    _longest(f"The arguments of the tool call {call.name!r}", call.arguments, LONGEST_ARGUMENTS)
    try:
        parsed = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise InvalidArgument(
            f"The arguments of the tool call {call.name!r} are no JSON object: {call.arguments[:200]!r}."
        )


def _check_tool_name(name: str) -> None:
    if not TOOL_NAME.fullmatch(name):
        raise InvalidArgument(f"A tool is called {name[:80]!r}; allowed: 1 to 64 letters, digits, _, - and dots.")


def _check_answer(request: text_pb2.ChatRequest) -> None:
    wanted = request.response_format
    if wanted.type not in FORMATS:
        raise InvalidArgument(f"The response format is {wanted.type[:40]!r}; allowed: {', '.join(FORMATS[1:])}.")
    _longest("The name of the response format", wanted.name, LONGEST_NAME)
    _longest("The schema of the response", wanted.json_schema, LONGEST_SCHEMA)
    if request.reasoning not in REASONING:
        raise InvalidArgument(f"reasoning is {request.reasoning[:40]!r}; allowed: {', '.join(REASONING[1:])}.")
    _longest("The name of the model", request.model, LONGEST_NAME)
    _longest("The grammar", request.llamacpp.grammar, LONGEST_GRAMMAR)
    _longest("extra_sampling", request.vllm.extra_sampling, LONGEST_EXTRA)


def _most(what: str, count: int, most: int) -> None:
    if count > most:
        raise InvalidArgument(f"The chat has {count} {what}; allowed: {most}.")


def _longest(what: str, text: str, most: int) -> None:
    if len(text) > most:
        raise InvalidArgument(f"{what} has {len(text)} characters; allowed: {most}.")
