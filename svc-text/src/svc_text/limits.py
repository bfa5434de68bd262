"""What a chat may ask for: refused here in a few milliseconds, with what is allowed, before any engine sees it.

One request must not be able to end an engine or hold up the others: vLLM died of `prompt_logprobs` on long prompts, of
huge `max_tokens`, of zero ones; llama.cpp takes minutes over some schemas. The gateway has limits of its own, for what
it knows; these know the engine. They are looked at on the message as it came: a list is counted before it is copied.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from svc_text.engine import EngineFacts
from svc_text.extra_sampling import judged_extra
from svc_text.schema import judged
from troupe.v1 import text_pb2
from troupe.wire.errors import InvalidArgument, TextTooLong

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
MOST_BIASES, STRONGEST_BIAS = 1_000, 100.0
LONGEST_TOKEN_ID = 9  # digits
MOST_TOP_LOGPROBS = 20
MOST_TOOLS, LONGEST_DESCRIPTION = 128, 20_000
MOST_CALLS = 128  # of tools in one message
LONGEST_ARGUMENTS = 200_000  # characters of one call
LONGEST_GRAMMAR = 20_000  # characters
LONGEST_NAME = 256  # characters of names and ids that are passed on
REASONING = ("", "off", "on", "low", "medium", "high")
FORMATS = ("", "text", "json_object", "json_schema")
TOOL_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def check(request: text_pb2.ChatRequest, facts: EngineFacts) -> None:
    """Raise `InvalidArgument` or `TextTooLong` for what is more than this service, or this engine, takes."""
    _check_turns(request)
    _check_size(request, facts)
    _check_sampling(request.sampling, facts)
    _check_lists(request.sampling)
    _check_tools(request)
    _check_answer(request)


def _check_turns(request: text_pb2.ChatRequest) -> None:
    _most("messages", len(request.messages), MOST_TURNS)
    if all(message.role == text_pb2.ROLE_SYSTEM for message in request.messages):
        raise InvalidArgument("The chat has no message of a user. Add one.")
    if request.continue_final_message and request.messages[-1].role != text_pb2.ROLE_ASSISTANT:
        raise InvalidArgument("There is no answer to continue: the last message is not the assistant's.")


def _check_size(request: text_pb2.ChatRequest, facts: EngineFacts) -> None:
    _most("documents", len(request.documents), MOST_DOCUMENTS)
    for message in request.messages:
        _most("parts of one message", len(message.content), MOST_PARTS)
    size = sum(_lengths(request))
    if size > facts.max_input_chars:
        raise TextTooLong(
            f"The chat has {size} characters; {facts.model} takes {facts.max_input_chars}.",
            allowed=facts.max_input_chars,
        )


def _lengths(request: text_pb2.ChatRequest) -> Iterator[int]:
    """Characters of all that becomes part of the prompt."""
    for message in request.messages:
        yield from (len(part.text) for part in message.content)
        yield len(message.reasoning)
        yield from (len(call.arguments) for call in message.tool_calls)
    yield from (len(document.text) for document in request.documents)
    yield from (len(tool.parameters) + len(tool.description) for tool in request.tools)


def _check_sampling(sampling: text_pb2.Sampling, facts: EngineFacts) -> None:
    for name, (least, most) in RANGES.items():
        value = round(getattr(sampling, name), DIGITS)
        if sampling.HasField(name) and not least <= value <= most:  # not a number is out of every range
            raise InvalidArgument(f"{name} is {value:g}; allowed: {least:g} to {most:g}.")
    if sampling.HasField("max_tokens") and not 0 < sampling.max_tokens <= facts.max_output_tokens:
        raise InvalidArgument(f"max_tokens is {sampling.max_tokens}; allowed: 1 to {facts.max_output_tokens}.")
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
        if tool.parameters:
            judged(tool.parameters, f"The parameters of the tool {tool.name}")
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
    if wanted.type == "json_schema" and wanted.json_schema:
        judged(wanted.json_schema, "The schema of the response")
    if request.reasoning not in REASONING:
        raise InvalidArgument(f"reasoning is {request.reasoning[:40]!r}; allowed: {', '.join(REASONING[1:])}.")
    _longest("The name of the model", request.model, LONGEST_NAME)
    _longest("The grammar", request.llamacpp.grammar, LONGEST_GRAMMAR)
    judged_extra(request.vllm.extra_sampling)


def _most(what: str, count: int, most: int) -> None:
    if count > most:
        raise InvalidArgument(f"The chat has {count} {what}; allowed: {most}.")


def _longest(what: str, text: str, most: int) -> None:
    if len(text) > most:
        raise InvalidArgument(f"{what} has {len(text)} characters; allowed: {most}.")
