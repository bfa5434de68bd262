"""ChatRequest -> the JSON of MiniMax's OpenAI dialect. What MiniMax cannot take is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from gateway.providers.minimax.models import is_newest, is_of
from gateway.routing.need import Modality
from troupe.v1 import text_pb2
from troupe.v1.text_pb2 import ChatRequest, Message
from troupe.wire.documents import Document, render
from troupe.wire.errors import EmptyText, InvalidArgument, NotSupported

ROLES: Mapping[int, str] = {
    text_pb2.ROLE_SYSTEM: "system",
    text_pb2.ROLE_USER: "user",
    text_pb2.ROLE_ASSISTANT: "assistant",
    text_pb2.ROLE_TOOL: "tool",
}
COOLEST = 0.01  # MiniMax takes more than 0; 0 means "the likeliest word" everywhere else
WARMEST, WARMEST_NEWEST = 1.0, 2.0


def chat_body(request: ChatRequest, default_model: str) -> dict[str, Any]:
    """The request as MiniMax takes it. Raises `EmptyText`, `InvalidArgument` or `NotSupported`."""
    if not request.messages:
        raise EmptyText("The chat has no messages. Send at least one.")
    model = request.model if is_of(Modality.TEXT, request.model) else default_model
    _refuse_what_it_lacks(request, model)
    body: dict[str, Any] = {
        "model": model,
        "messages": _messages(request),
        "stream": True,
        "stream_options": {"include_usage": True},
        "reasoning_split": True,
        **_sampling(request, WARMEST_NEWEST if is_newest(model) else WARMEST),
        **_tools(request),
    }
    if (form := _response_format(request)) is not None:
        body["response_format"] = form
    if request.reasoning == "off" and is_newest(model):  # M2 always thinks
        body["thinking"] = {"type": "disabled"}
    return body


def _refuse_what_it_lacks(request: ChatRequest, model: str) -> None:
    pictures = any(part.HasField("image") for message in request.messages for part in message.content)
    lacking = {
        "more than one answer (n)": request.sampling.n > 1,
        "logprobs": request.sampling.logprobs,
        "the continuing of an answer that has begun": request.continue_final_message,
        "an adapter (lora)": bool(request.lora),
        f"pictures with {model}": pictures and not is_newest(model),
    }
    if named := [what for what, asked in lacking.items() if asked]:
        raise NotSupported(f"MiniMax does not give {', '.join(named)}.")


def _message(message: Message) -> dict[str, Any]:
    role = ROLES.get(message.role)
    if role is None:
        raise InvalidArgument("A message has no role. Allowed: system, user, assistant, tool.", field="messages")
    made: dict[str, Any] = {"role": role, "content": _content(message)}
    if message.name:
        made["name"] = message.name
    if message.tool_call_id:
        made["tool_call_id"] = message.tool_call_id
    if message.reasoning:  # M2 wants its thoughts back in tool turns
        made["reasoning_details"] = [{"type": "reasoning.text", "text": message.reasoning}]
    if message.tool_calls:
        made["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}
            for call in message.tool_calls
        ]
    return made


def _content(message: Message) -> str | list[dict[str, Any]]:
    if not any(part.HasField("image") for part in message.content):
        return "".join(part.text for part in message.content)
    return [
        {"type": "image_url", "image_url": {"url": part.image.url}}
        if part.HasField("image")
        else {"type": "text", "text": part.text}
        for part in message.content
    ]


def _messages(request: ChatRequest) -> list[dict[str, Any]]:
    """The conversation, its documents before the first turn; they are no system message, which has authority."""
    first = next((place for place, each in enumerate(request.messages) if each.role != text_pb2.ROLE_SYSTEM), 0)
    turns = [_message(message) for message in request.messages]
    return [*turns[:first], *_documents(request), *turns[first:]]


def _documents(request: ChatRequest) -> list[dict[str, Any]]:
    """Documents as delimited data."""
    if not request.documents:
        return []
    told = (Document(document.url, document.title, document.text) for document in request.documents)
    return [{"role": "user", "content": render(told)}]


def _sampling(request: ChatRequest, warmest: float) -> dict[str, Any]:
    sampling = request.sampling
    body: dict[str, Any] = {}
    if sampling.HasField("temperature"):
        body["temperature"] = round(min(warmest, max(COOLEST, sampling.temperature)), 4)
    if sampling.HasField("top_p"):
        body["top_p"] = round(min(1.0, max(COOLEST, sampling.top_p)), 4)
    if sampling.HasField("max_tokens"):
        body["max_tokens"] = sampling.max_tokens
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    return body


def _tools(request: ChatRequest) -> dict[str, Any]:
    if not request.tools:
        return {}
    tools = [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": _json(tool.parameters or "{}", f"the parameters of {tool.name}"),
            },
        }
        for tool in request.tools
    ]
    choice = request.tool_choice
    if choice.mode in {"required", "function"}:
        raise NotSupported("MiniMax cannot be made to call a tool: tool_choice is auto or none there.")
    return {"tools": tools, **({"tool_choice": choice.mode} if choice.mode else {})}


def _response_format(request: ChatRequest) -> dict[str, Any] | None:
    form = request.response_format
    if form.type != "json_schema":
        return {"type": form.type} if form.type == "json_object" else None
    schema = {"name": form.name or "answer", "schema": _json(form.json_schema or "{}", "the JSON schema")}
    return {"type": "json_schema", "json_schema": schema | ({"strict": True} if form.strict else {})}


def _json(text: str, what: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidArgument(f"{what[:1].upper()}{what[1:]} are no JSON: {error}.") from None
