"""Chat in MiniMax's OpenAI dialect (`/v1/chat/completions`) and in its own (`/v1/text/chatcompletion_v2`)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from .models import TEXT_MODELS, known
from .replies import SUCCESS, Refused, choice, event, json_body, number, trace_of
from .words import Answer, Turn, answer, text_of
from .world import World

ROLES = ("system", "user", "assistant", "tool", "developer", "user_system", "group")
NOT_SENSITIVE = {
    "input_sensitive": False,
    "output_sensitive": False,
    "input_sensitive_type": 0,
    "output_sensitive_type": 0,
}
NAME = "MiniMax AI"


@dataclass(frozen=True, slots=True)
class Chat:
    """A checked request and its answer."""

    id: str
    created: int
    model: str
    native: bool
    split: bool  # thoughts apart from the content
    usage_in_stream: bool
    answer: Answer

    def usage(self) -> dict[str, Any]:
        """Tokens of both sides."""
        given = self.answer.prompt_tokens
        made = self.answer.completion_tokens
        details = {"reasoning_tokens": len(self.answer.thoughts)}
        usage: dict[str, Any] = {"total_tokens": given + made, "total_characters": 0}
        return usage | {"prompt_tokens": given, "completion_tokens": made, "completion_tokens_details": details}

    def head(self, kind: str) -> dict[str, Any]:
        """What every reply and chunk begins with."""
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model, **NOT_SENSITIVE}


async def completions(request: Request) -> Response:
    """POST /v1/chat/completions."""
    return await _chat(request, native=False)


async def native_chat(request: Request) -> Response:
    """POST /v1/text/chatcompletion_v2."""
    return await _chat(request, native=True)


async def _chat(request: Request, *, native: bool) -> Response:
    body = await json_body(request)
    chat = read(body, request, native=native)
    if body.get("stream"):
        return StreamingResponse(_events(chat), media_type="text/event-stream")
    verdict = {"base_resp": SUCCESS} if native else {}
    return JSONResponse(whole(chat) | verdict)


def read(body: dict[str, Any], request: Request, *, native: bool) -> Chat:
    """Check a request as the cloud does, and answer it; raises `Refused`."""
    world: World = request.app.state.world
    model = known(body, TEXT_MODELS)
    _check(body, model)
    thinks = _thinks(body, model)
    schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema")
    most = body.get("max_completion_tokens") or body.get("max_tokens")
    stop = body.get("stop") or ()
    said = answer(
        _turns(body.get("messages")),
        thinks=thinks and schema is None,
        most=int(most) if most is not None else None,
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        tools=_tools(body),
        must_call=_must_call(body),
        schema=schema,
    )
    wants_usage = bool((body.get("stream_options") or {}).get("include_usage"))
    split = native or bool(body.get("reasoning_split"))
    return Chat(trace_of(request), world.now(), model, native, split, wants_usage, said)


def _check(body: dict[str, Any], model: str) -> None:
    newest = model.startswith("MiniMax-M3")
    temperature = number(body, "temperature", 0, 2 if newest else 1, 1.0)
    if temperature == 0 and not newest:
        raise Refused(2013, "temperature must be in (0, 1]")
    number(body, "top_p", 0, 1, 0.95)
    if body.get("n") not in {None, 1}:
        raise Refused(2013, "n must be 1")
    number(body, "max_tokens", 1, 1_000_000, 1)
    number(body, "max_completion_tokens", 1, 1_000_000, 1)
    choice(body.get("response_format") or {}, "type", ("text", "json_object", "json_schema"), "text")


def _turns(messages: Any) -> list[Turn]:
    if not isinstance(messages, list) or not messages:
        raise Refused(2013, "messages is empty")
    turns = []
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise Refused(2013, "invalid message role")
        turns.append(Turn(message["role"], text_of(message.get("content"))))
    if all(turn.role in {"system", "developer"} for turn in turns):
        raise Refused(2013, "chat content is empty")
    return turns


def _thinks(body: dict[str, Any], model: str) -> bool:
    """On by default; M2 cannot be told otherwise, older models never do."""
    if not model.startswith(("MiniMax-M2", "MiniMax-M3")):
        return False
    asked = (body.get("thinking") or {}).get("type")
    return model.startswith("MiniMax-M2") or asked != "disabled"


def _tools(body: dict[str, Any]) -> tuple[str, ...]:
    if body.get("tool_choice") == "none":
        return ()
    names = []
    for tool in body.get("tools") or []:
        function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
        if not isinstance(function, dict) or not function.get("name"):
            raise Refused(2013, "invalid tool type")
        parameters = function.get("parameters")
        if isinstance(parameters, str):  # langchain sends JSON inside a string
            json.loads(parameters)
        names.append(str(function["name"]))
    return tuple(names)


def _must_call(body: dict[str, Any]) -> str:
    wanted = body.get("tool_choice")
    if isinstance(wanted, dict):
        return str((wanted.get("function") or {}).get("name", ""))
    tools = _tools(body)
    return tools[0] if wanted == "required" and tools else ""


def whole(chat: Chat) -> dict[str, Any]:
    """The reply in one piece."""
    said = chat.answer
    message: dict[str, Any] = {"role": "assistant", "content": said.text, "name": NAME, "audio_content": ""}
    if said.thoughts and chat.split:
        message |= {"reasoning_content": said.thought}
        message |= {"reasoning_details": [{"type": "reasoning.text", "text": said.thought}]}
    elif said.thoughts:
        message["content"] = f"<think>\n{said.thought}\n</think>\n\n{said.text}"
    if said.call:
        message["tool_calls"] = [_tool_call(chat, *said.call)]
    choices = [{"index": 0, "finish_reason": said.finish, "message": message}]
    return {**chat.head("chat.completion"), "choices": choices, "usage": chat.usage()}


def _tool_call(chat: Chat, name: str, arguments: str) -> dict[str, Any]:
    call_id = f"call_function_{chat.id[:12]}_1"
    return {"id": call_id, "type": "function", "index": 0, "function": {"name": name, "arguments": arguments}}


async def _events(chat: Chat) -> AsyncIterator[bytes]:
    """The chunks; then MiniMax's closing event, or OpenAI's usage and [DONE]."""
    for delta in _deltas(chat):
        yield event(_chunk(chat, delta, None))
        await asyncio.sleep(0)
    yield event(_chunk(chat, {}, chat.answer.finish))
    if chat.native:
        yield event(whole(chat) | {"base_resp": SUCCESS})
        return
    if chat.usage_in_stream:
        yield event({**chat.head("chat.completion.chunk"), "choices": [], "usage": chat.usage()})
    yield b"data: [DONE]\n\n"


def _chunk(chat: Chat, delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
    delta = {"role": "assistant", "content": "", "name": NAME, "audio_content": "", **delta}
    choices = [{"index": 0, "finish_reason": finish, "delta": delta}]
    return {**chat.head("chat.completion.chunk"), "choices": choices, "usage": None}


def _deltas(chat: Chat) -> list[dict[str, Any]]:
    """Thoughts first. `reasoning_details` grows, as in MiniMax's sample; `reasoning_content` is what is new."""
    said, deltas = chat.answer, []
    thought = ""
    for token in said.thoughts if chat.split else ():
        thought += token
        details = [{"type": "reasoning.text", "text": thought}]
        deltas.append({"reasoning_content": token, "reasoning_details": details})
    if said.thoughts and not chat.split:
        pieces = ("<think>\n", *said.thoughts, "\n</think>\n\n")
        deltas += [{"content": piece} for piece in pieces]
    deltas += [{"content": token} for token in said.tokens]
    if said.call:
        name, arguments = said.call
        first = _tool_call(chat, name, "")
        deltas.append({"tool_calls": [first]})
        deltas.append({"tool_calls": [{"index": 0, "function": {"arguments": arguments}}]})
    return deltas
