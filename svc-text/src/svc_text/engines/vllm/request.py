"""A chat as vLLM takes it: the fields of its OpenAI request, judged before vLLM sees them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from svc_text.engine import Chat, ResponseFormat, Sampling, Tool, Turn
from svc_text.extra_sampling import judged_extra, token_ids
from svc_text.schema import judged
from svc_text.tools import AUTO, MODES, chosen
from svc_text.turns import arranged, as_message
from svc_text.vllm_sampling import copies, within
from troupe.wire.errors import InvalidArgument, NotSupported

EFFORTS = ("low", "medium", "high")
SAMPLED = ("temperature", "top_p", "top_k", "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty")
SEEDS = 1 << 63  # vLLM's seeds are signed


@dataclass(frozen=True, slots=True)
class Reach:
    """What the loaded model can be asked for."""

    name: str
    context: int  # tokens of one chat, prompt and answer together
    defused: Callable[[str], str] = str  # a text without the words that the model takes for its own marks
    tools: bool = False
    vocabulary: int = 0  # tokens; 0 = not known
    adapters: Sequence[str] = ()


def fields(chat: Chat, reach: Reach) -> dict[str, Any]:
    """The request; raises `InvalidArgument` or `NotSupported`."""
    asked: dict[str, Any] = {
        "model": reach.name,
        "stream": True,
        "messages": [_message(turn, reach) for turn in arranged(chat, reach.name)],
        **_tools(chat, reach),
        **_response(chat.response),
        **_reasoning(chat),
        **_sampling(chat.sampling),
        **_extra(str(chat.options.get("extra_sampling", "")), reach),
    }
    if chat.continue_final:
        asked |= {"continue_final_message": True, "add_generation_prompt": False}
    return asked


def adapter_of(chat: Chat, reach: Reach) -> str:
    """The LoRA adapter that the chat asks for, by `lora` or as its model; empty = none. Raises `InvalidArgument`."""
    if chat.lora and chat.lora not in reach.adapters:
        known = ", ".join(reach.adapters) or "none; set TROUPE_TEXT_VLLM_LORAS"
        raise InvalidArgument(f"There is no adapter {chat.lora[:80]!r}; known: {known}.")
    return chat.lora or (chat.model if chat.model in reach.adapters else "")


def _message(turn: Turn, reach: Reach) -> dict[str, Any]:
    """Templates of vLLM get the arguments of calls as objects."""
    for call in turn.tool_calls:
        if not isinstance(_parsed(call.arguments or "{}"), dict):
            told = f"The arguments of the tool call {call.name!r} are no JSON object: {call.arguments[:200]!r}."
            raise InvalidArgument(told)
    return as_message(turn, "reasoning", reach.defused)


def _tools(chat: Chat, reach: Reach) -> dict[str, Any]:
    if not chat.tools or chat.tool_choice == "none":
        return {}
    if not reach.tools:
        raise NotSupported(f"{reach.name} has no tools here. Set TROUPE_TEXT_VLLM_TOOL_PARSER to how it writes them.")
    tools, choice = chosen(chat.tools, chat.tool_choice, named=True)
    asked: dict[str, Any] = {
        "tools": [_tool(tool, reach, forced=choice != AUTO) for tool in tools],
        "tool_choice": choice if choice in MODES else {"type": "function", "function": {"name": choice}},
    }
    if chat.parallel_tool_calls is not None:
        asked["parallel_tool_calls"] = chat.parallel_tool_calls
    return asked


def _tool(tool: Tool, reach: Reach, *, forced: bool) -> dict[str, Any]:
    """A call that must be made keeps to its schema: without `strict` vLLM takes any JSON for its arguments."""
    parameters = reach.defused(tool.parameters or '{"type": "object", "properties": {}}')
    function = {
        "name": tool.name,
        "description": reach.defused(tool.description),
        "parameters": judged(parameters, f"The parameters of the tool {tool.name}"),
    }
    return {"type": "function", "function": function | ({"strict": True} if tool.strict or forced else {})}


def _response(response: ResponseFormat) -> dict[str, Any]:
    if response.kind == "text":
        return {}
    if response.kind == "json_object":
        return {"response_format": {"type": "json_object"}}
    if response.kind != "json_schema":
        allowed = "text, json_object or json_schema"
        raise InvalidArgument(f"The response format is {response.kind!r}; allowed: {allowed}.")
    schema = {"name": "answer", "schema": judged(response.schema, "The schema of the response")}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def _reasoning(chat: Chat) -> dict[str, Any]:
    """An answer that has begun has been thought about: a template must not open a thought for the rest of it."""
    wanted = chat.reasoning or ("off" if chat.continue_final else "")
    if wanted not in {"", "off", "on", *EFFORTS}:
        raise InvalidArgument(f"reasoning is {wanted!r}; allowed: off, on, {', '.join(EFFORTS)}.")
    if not wanted:
        return {}
    thinks = wanted != "off"
    effort = {"reasoning_effort": wanted} if wanted in EFFORTS else {}
    return {"chat_template_kwargs": {"enable_thinking": thinks, "thinking": thinks}, **effort}


def _sampling(sampling: Sampling) -> dict[str, Any]:
    asked: dict[str, Any] = {
        name: within(name, value) for name in SAMPLED if (value := getattr(sampling, name)) is not None
    }
    asked |= {"n": sampling.n // copies(sampling), "stop": [stop for stop in sampling.stop if stop]}
    if sampling.max_tokens is not None:
        asked["max_completion_tokens"] = sampling.max_tokens
    if sampling.seed is not None:
        asked["seed"] = sampling.seed % SEEDS
    if sampling.logprobs:
        asked |= {"logprobs": True, "top_logprobs": sampling.top_logprobs}
    if sampling.logit_bias:
        asked["logit_bias"] = dict(sampling.logit_bias)
    return asked


def _extra(text: str, reach: Reach) -> Mapping[str, Any]:
    told = judged_extra(text)
    if reach.vocabulary and (beyond := [each for each in token_ids(told) if each >= reach.vocabulary]):
        raise InvalidArgument(f"extra_sampling has the token {beyond[0]}; allowed: 0 to {reach.vocabulary - 1}.")
    return told


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
