"""A chat as llama.cpp's server takes it, and what it may not be asked.

What is out of range is refused here with what is allowed: llama.cpp takes many such values without a word and means
something else by them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from svc_text.engine import Chat, Sampling, Tool
from svc_text.schema import judged
from svc_text.tools import chosen
from svc_text.turns import arranged, as_message
from troupe.wire.errors import InvalidArgument

FIELDS = ("temperature", "top_p", "top_k", "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty")
THEIR_NAMES = {"repetition_penalty": "repeat_penalty"}
RANDOM_SEED = 0xFFFFFFFF  # llama.cpp takes this one for "any"
EFFORTS = ("low", "medium", "high")
REASONING_FIELD = "reasoning_content"


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
    return [as_message(turn, REASONING_FIELD, reach.defused) for turn in arranged(chat, reach.name)]


def _tools(chat: Chat, reach: Reach) -> dict[str, Any]:
    if not chat.tools or chat.tool_choice == "none":
        return {}
    tools, choice = chosen(chat.tools, chat.tool_choice, named=False)  # llama.cpp knows no choice of one tool
    asked: dict[str, Any] = {"tools": [_tool(tool, reach) for tool in tools], "tool_choice": choice}
    if chat.parallel_tool_calls is not None:
        asked["parallel_tool_calls"] = chat.parallel_tool_calls
    return asked


def _tool(tool: Tool, reach: Reach) -> dict[str, Any]:
    parameters = tool.parameters or '{"type": "object", "properties": {}}'
    schema = judged(reach.defused(parameters), f"The parameters of the tool {tool.name}")
    function = {"name": tool.name, "description": reach.defused(tool.description), "parameters": schema}
    return {"type": "function", "function": function}


def _sampling(sampling: Sampling, reach: Reach) -> dict[str, Any]:
    asked: dict[str, Any] = {"max_tokens": sampling.max_tokens or reach.context}
    for name in FIELDS:
        if (value := getattr(sampling, name)) is not None:
            asked[THEIR_NAMES.get(name, name)] = value
    if sampling.seed is not None:
        asked["seed"] = sampling.seed % RANDOM_SEED
    if not 1 <= sampling.n <= reach.slots:
        raise InvalidArgument(f"n is {sampling.n}; allowed: 1 to {reach.slots}, the chats answered at once.")
    asked["n"] = sampling.n
    return asked | _stops(sampling.stop) | _biases(sampling.logit_bias, reach) | _logprobs(sampling)


def _stops(stops: Sequence[str]) -> dict[str, Any]:
    stops = [stop for stop in stops if stop]
    return {"stop": stops} if stops else {}


def _biases(biases: Mapping[str, float], reach: Reach) -> dict[str, Any]:
    for token in biases:
        if int(token) >= reach.vocabulary:
            raise InvalidArgument(f"logit_bias has {token!r}; allowed: numbers 0 to {reach.vocabulary - 1}.")
    return {"logit_bias": dict(biases)} if biases else {}


def _logprobs(sampling: Sampling) -> dict[str, Any]:
    """With no others asked for llama.cpp tells no logprobs at all; the one that is told then is left out again."""
    return {"logprobs": True, "top_logprobs": max(1, sampling.top_logprobs)} if sampling.logprobs else {}


def _grammar(grammar: str, chat: Chat) -> str:
    if chat.response.kind != "text" or chat.tools:
        raise InvalidArgument("A grammar and a response format or tools exclude each other. Send one of them.")
    return grammar
