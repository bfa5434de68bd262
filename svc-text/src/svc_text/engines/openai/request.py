"""A chat in the words of OpenAI's chat completions, as one kind of server takes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from svc_text.engine import Chat, Sampling, Tool
from svc_text.engines.openai.kinds import Kind
from svc_text.tools import AUTO, MODES, chosen
from svc_text.turns import arranged, as_message
from svc_text.vllm_sampling import copies, within
from troupe.wire.errors import InvalidArgument

EFFORTS = ("low", "medium", "high")
SEEDS = 0xFFFFFFFF  # llama-server's are 32 bits wide, and its last one means "any"; the others take these too
FORMATS = ("text", "json_object", "json_schema")


def body(chat: Chat, kind: Kind, model: str) -> dict[str, Any]:
    """The JSON of /v1/chat/completions; raises `InvalidArgument` or `NotSupported`."""
    asked: dict[str, Any] = prompt(chat, kind, model) | _sampling(chat.sampling, kind)
    asked |= {"stream": True, **kind.always}
    if grammar := str(chat.options.get("grammar", "")):
        asked["grammar"] = grammar
    return asked


def prompt(chat: Chat, kind: Kind, model: str) -> dict[str, Any]:
    """The part of it that decides the prompt, which is also what is counted."""
    asked: dict[str, Any] = {
        "model": model,
        "messages": [as_message(turn, kind.reasoning_field) for turn in arranged(chat, model)],
    }
    asked |= _tools(chat, kind) | _format(chat)
    if chat.continue_final:
        asked |= kind.continuing
    # An answer that has begun has been thought about: a template that opens a thought would put the rest of it there.
    if reasoning := chat.reasoning or ("off" if chat.continue_final else ""):
        asked |= _reasoning(reasoning, kind)
    return asked


def _tools(chat: Chat, kind: Kind) -> dict[str, Any]:
    if not chat.tools or chat.tool_choice == "none":
        return {}
    tools, choice = chosen(chat.tools, chat.tool_choice, named=kind.names_tool)
    strict = kind.loose and choice != AUTO
    asked: dict[str, Any] = {"tools": [_tool(tool, strict=tool.strict or strict) for tool in tools]}
    if "tool_choice" in kind.features:
        asked["tool_choice"] = choice if choice in MODES else {"type": "function", "function": {"name": choice}}
    if chat.parallel_tool_calls is not None:
        asked["parallel_tool_calls"] = chat.parallel_tool_calls
    return asked


def _tool(tool: Tool, *, strict: bool) -> dict[str, Any]:
    parameters = json.loads(tool.parameters) if tool.parameters else {"type": "object", "properties": {}}
    function = {"name": tool.name, "description": tool.description, "parameters": parameters}
    return {"type": "function", "function": function | ({"strict": True} if strict else {})}


def _format(chat: Chat) -> dict[str, Any]:
    response = chat.response
    if response.kind not in FORMATS:
        raise InvalidArgument(f"The response format is {response.kind!r}; allowed: {', '.join(FORMATS)}.")
    if response.kind == "text":
        return {}
    if response.kind == "json_object":
        return {"response_format": {"type": "json_object"}}
    schema = {"name": response.name or "answer", "schema": json.loads(response.schema), "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def _reasoning(wanted: str, kind: Kind) -> dict[str, Any]:
    if wanted not in {"off", "on", *EFFORTS}:
        raise InvalidArgument(f"reasoning is {wanted!r}; allowed: off, on, {', '.join(EFFORTS)}.")
    if "reasoning" not in kind.features:
        return {}
    effort = {"reasoning_effort": wanted} if wanted in EFFORTS else {}
    if kind.template_switch:
        return {"chat_template_kwargs": {"enable_thinking": wanted != "off", **effort}}
    return {"reasoning_effort": "none"} if wanted == "off" else effort


def _sampling(sampling: Sampling, kind: Kind) -> dict[str, Any]:
    """What was set; fields that this kind ignores are left out, as the model's own defaults hold for them anyhow."""
    asked: dict[str, Any] = {}
    for name in sorted(kind.sampling):
        if (value := getattr(sampling, name)) is not None:
            asked[kind.names.get(name, name)] = within(name, value) if kind.samples_as_vllm else value
    if sampling.max_tokens is not None:
        asked["max_tokens"] = sampling.max_tokens
    if sampling.seed is not None:
        asked["seed"] = sampling.seed % SEEDS
    if stops := [stop for stop in sampling.stop if stop]:
        asked["stop"] = stops
    if (n := sampling.n // told(sampling, kind)) > 1:
        asked["n"] = n
    if sampling.logprobs:
        asked |= {"logprobs": True, "top_logprobs": max(sampling.top_logprobs, kind.least_logprobs)}
    if sampling.logit_bias:
        asked["logit_bias"] = dict(sampling.logit_bias)
    return asked


def told(sampling: Sampling, kind: Kind) -> int:
    """How often each answer of the server's is told, as one of the `n` that are wanted."""
    return copies(sampling) if kind.samples_as_vllm else 1


def plain(model: str, **more: Any) -> Mapping[str, Any]:
    """The smallest chat there is, to see whether a server takes `more` with it."""
    return {"model": model, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 1, **more}
