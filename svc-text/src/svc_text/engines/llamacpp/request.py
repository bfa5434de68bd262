"""A chat as llama.cpp's server takes it, and what it may not be asked.

What is out of range is refused here with what is allowed: llama.cpp takes many such values without a word and means
something else by them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from svc_text.engine import Chat, Sampling, Tool, ToolCall, Turn
from svc_text.engines.llamacpp.schema import judged
from svc_text.tools import chosen
from svc_text.turns import arranged
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
THEIR_NAMES = {"repetition_penalty": "repeat_penalty"}
MOST_STOPS, LONGEST_STOP = 64, 1000  # strings, characters
MOST_BIASES, STRONGEST_BIAS = 1000, 100.0
MOST_TOP_LOGPROBS = 20
MOST_TOOLS = 128
LONGEST_GRAMMAR = 20_000  # characters
RANDOM_SEED = 0xFFFFFFFF  # llama.cpp takes this one for "any"
EFFORTS = ("low", "medium", "high")
TOOL_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Reach:
    """What the model and its process can be asked for."""

    name: str
    context: int  # tokens of one chat, prompt and answer together
    slots: int
    vocabulary: int
    defused: Callable[[str], str]  # a text without the words that the model takes for its own marks


def body(chat: Chat, reach: Reach) -> dict[str, Any]:
    """The JSON of /v1/chat/completions for this chat; raises `InvalidArgument` or `NotSupported`."""
    asked: dict[str, Any] = {
        **prompt(chat, reach),
        **_sampling(chat.sampling, reach),
        "stream": True,
        "timings_per_token": True,
        "return_progress": True,
    }
    if grammar := str(chat.options.get("grammar", "")):
        asked["grammar"] = _grammar(grammar, chat)
    return asked


def prompt(chat: Chat, reach: Reach) -> dict[str, Any]:
    """The part of the body that decides the prompt."""
    asked: dict[str, Any] = {"messages": _messages(chat, reach), **_tools(chat, reach)}
    if chat.response.kind == "json_schema":
        schema = judged(chat.response.schema, "The schema of the response")
        asked["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    elif chat.response.kind == "json_object":
        asked["response_format"] = {"type": "json_object"}
    elif chat.response.kind != "text":
        allowed = "text, json_object or json_schema"
        raise InvalidArgument(f"The response format is {chat.response.kind!r}; allowed: {allowed}.")
    # An answer that has begun has been thought about: a template that opens a thought would put the rest of it there.
    if reasoning := chat.reasoning or ("off" if chat.continue_final else ""):
        asked["chat_template_kwargs"] = _reasoning(reasoning)
    return asked


def _reasoning(wanted: str) -> dict[str, Any]:
    if wanted not in {"off", "on", *EFFORTS}:
        raise InvalidArgument(f"reasoning is {wanted!r}; allowed: off, on, {', '.join(EFFORTS)}.")
    effort = {"reasoning_effort": wanted} if wanted in EFFORTS else {}
    return {"enable_thinking": wanted != "off", **effort}


def _messages(chat: Chat, reach: Reach) -> list[dict[str, Any]]:
    return [_message(turn, reach) for turn in arranged(chat, reach.name)]


def _message(turn: Turn, reach: Reach) -> dict[str, Any]:
    message: dict[str, Any] = {"role": turn.role, "content": reach.defused(turn.text)}
    if turn.name:
        message["name"] = turn.name
    if turn.reasoning:
        message["reasoning_content"] = reach.defused(turn.reasoning)
    if turn.tool_calls:
        message["tool_calls"] = [_call(call, reach) for call in turn.tool_calls]
    if turn.tool_call_id:
        message["tool_call_id"] = turn.tool_call_id
    return message


def _call(call: ToolCall, reach: Reach) -> dict[str, Any]:
    arguments = reach.defused(call.arguments or "{}")
    try:
        parsed = json.loads(arguments)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise InvalidArgument(f"The arguments of the tool call {call.name!r} are no JSON object: {arguments[:200]!r}.")
    function = {"name": _tool_name(call.name), "arguments": arguments}
    return {"id": call.call_id, "type": "function", "function": function}


def _tools(chat: Chat, reach: Reach) -> dict[str, Any]:
    if not chat.tools or chat.tool_choice == "none":
        return {}
    if len(chat.tools) > MOST_TOOLS:
        raise InvalidArgument(f"The chat has {len(chat.tools)} tools; allowed: {MOST_TOOLS}.")
    tools, choice = chosen(chat.tools, chat.tool_choice, named=False)  # llama.cpp knows no choice of one tool
    asked: dict[str, Any] = {"tools": [_tool(tool, reach) for tool in tools], "tool_choice": choice}
    if chat.parallel_tool_calls is not None:
        asked["parallel_tool_calls"] = chat.parallel_tool_calls
    return asked


def _tool(tool: Tool, reach: Reach) -> dict[str, Any]:
    parameters = tool.parameters or '{"type": "object", "properties": {}}'
    schema = judged(reach.defused(parameters), f"The parameters of the tool {tool.name}")
    function = {"name": _tool_name(tool.name), "description": reach.defused(tool.description), "parameters": schema}
    return {"type": "function", "function": function}


def _tool_name(name: str) -> str:
    if not TOOL_NAME.fullmatch(name):
        raise InvalidArgument(f"A tool is called {name[:80]!r}; allowed: 1 to 64 letters, digits, _, - and dots.")
    return name


def _sampling(sampling: Sampling, reach: Reach) -> dict[str, Any]:
    asked: dict[str, Any] = {"max_tokens": sampling.max_tokens or reach.context}
    for name, (least, most) in RANGES.items():
        value = getattr(sampling, name)
        if value is None:
            continue
        if not least <= value <= most:  # not a number is out of every range
            raise InvalidArgument(f"{name} is {value:g}; allowed: {least:g} to {most:g}.")
        asked[THEIR_NAMES.get(name, name)] = value
    if sampling.seed is not None:
        asked["seed"] = sampling.seed % RANDOM_SEED
    if not 1 <= sampling.n <= reach.slots:
        raise InvalidArgument(f"n is {sampling.n}; allowed: 1 to {reach.slots}, the chats answered at once.")
    asked["n"] = sampling.n
    return asked | _stops(sampling.stop) | _biases(sampling.logit_bias, reach) | _logprobs(sampling)


def _stops(stops: Sequence[str]) -> dict[str, Any]:
    stops = [stop for stop in stops if stop]
    if len(stops) > MOST_STOPS or any(len(stop) > LONGEST_STOP for stop in stops):
        raise InvalidArgument(f"stop: allowed are {MOST_STOPS} strings of up to {LONGEST_STOP} characters.")
    return {"stop": stops} if stops else {}


def _biases(biases: Mapping[str, float], reach: Reach) -> dict[str, Any]:
    if len(biases) > MOST_BIASES:
        raise InvalidArgument(f"logit_bias has {len(biases)} entries; allowed: {MOST_BIASES}.")
    for token, bias in biases.items():
        if not (token.isascii() and token.isdigit() and len(token) < 10 and int(token) < reach.vocabulary):
            raise InvalidArgument(f"logit_bias has {token[:40]!r}; allowed: numbers 0 to {reach.vocabulary - 1}.")
        if not -STRONGEST_BIAS <= bias <= STRONGEST_BIAS:
            raise InvalidArgument(
                f"logit_bias of {token} is {bias:g}; allowed: -{STRONGEST_BIAS:g} to {STRONGEST_BIAS:g}."
            )
    return {"logit_bias": dict(biases)} if biases else {}


def _logprobs(sampling: Sampling) -> dict[str, Any]:
    if not 0 <= sampling.top_logprobs <= MOST_TOP_LOGPROBS:
        raise InvalidArgument(f"top_logprobs is {sampling.top_logprobs}; allowed: 0 to {MOST_TOP_LOGPROBS}.")
    return {"logprobs": True, "top_logprobs": sampling.top_logprobs} if sampling.logprobs else {}


def _grammar(grammar: str, chat: Chat) -> str:
    if len(grammar) > LONGEST_GRAMMAR:
        raise InvalidArgument(f"The grammar has {len(grammar)} characters; allowed: {LONGEST_GRAMMAR}.")
    if chat.response.kind != "text" or chat.tools:
        raise InvalidArgument("A grammar and a response format or tools exclude each other. Send one of them.")
    return grammar
