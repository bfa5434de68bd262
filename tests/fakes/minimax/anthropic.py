"""Chat in Anthropic's dialect (`/anthropic/v1/messages`), as mmx-cli and MiniMax's Node clients speak it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from .models import TEXT_MODELS, known
from .replies import Refused, event, json_body, number, trace_of
from .words import Answer, Turn, answer, text_of

STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}


async def messages(request: Request) -> Response:
    """POST /anthropic/v1/messages."""
    body = await json_body(request)
    model = known(body, TEXT_MODELS)
    if body.get("max_tokens") is None:
        raise Refused(2013, "max_tokens is missing")
    number(body, "max_tokens", 1, 1_000_000, 1)
    number(body, "temperature", 0, 1, 1.0)
    wanted = body.get("tool_choice") or {}
    tools = tuple(str(tool.get("name")) for tool in body.get("tools") or [])
    said = answer(
        _turns(body),
        thinks=(body.get("thinking") or {}).get("type") in {"enabled", "adaptive"},
        most=body["max_tokens"],
        tools=() if wanted.get("type") == "none" else tools,
        must_call=str(wanted.get("name", "")) or (tools[0] if wanted.get("type") == "any" and tools else ""),
    )
    message_id = trace_of(request)
    if body.get("stream"):
        return StreamingResponse(_events(message_id, model, said), media_type="text/event-stream")
    usage = {**_usage(said, said.completion_tokens)}
    return JSONResponse(_message(message_id, model, blocks(message_id, said), STOP_REASONS[said.finish], usage))


async def count_tokens(request: Request) -> Response:
    """POST /anthropic/v1/messages/count_tokens."""
    body = await json_body(request)
    known(body, TEXT_MODELS)
    return JSONResponse({"input_tokens": answer(_turns(body)).prompt_tokens})


def _turns(body: dict[str, Any]) -> list[Turn]:
    rows = body.get("messages")
    if not isinstance(rows, list) or not rows:
        raise Refused(2013, "messages is empty")
    turns = [Turn("system", text_of(body["system"]))] if body.get("system") else []
    for row in rows:
        if not isinstance(row, dict) or row.get("role") not in {"user", "assistant"}:
            raise Refused(2013, "invalid message role")
        content = row.get("content")
        parts = content if isinstance(content, list) else []
        is_result = any(isinstance(part, dict) and part.get("type") == "tool_result" for part in parts)
        turns.append(Turn("tool" if is_result else row["role"], text_of(content)))
    return turns


def blocks(message_id: str, said: Answer) -> list[dict[str, Any]]:
    """The content of the reply."""
    found: list[dict[str, Any]] = []
    if said.thoughts:
        found.append({"type": "thinking", "thinking": said.thought, "signature": message_id})
    if said.call:
        name, arguments = said.call
        call_id = f"call_function_{message_id[:12]}_1"
        found.append({"type": "tool_use", "id": call_id, "name": name, "input": json.loads(arguments)})
    else:
        found.append({"type": "text", "text": said.text})
    return found


def _usage(said: Answer, output: int) -> dict[str, int]:
    usage = {"input_tokens": said.prompt_tokens, "output_tokens": output}
    return usage | {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}


def _message(
    message_id: str, model: str, content: list[dict[str, Any]], stop_reason: str | None, usage: dict[str, int]
) -> dict[str, Any]:
    return {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": usage,
    }


async def _events(message_id: str, model: str, said: Answer) -> AsyncIterator[bytes]:
    start = _message(message_id, model, [], None, _usage(said, 0))
    yield _event("message_start", message=start)
    yield _event("ping")
    for index, block in enumerate(blocks(message_id, said)):
        yield _event("content_block_start", index=index, content_block=_empty(block))
        for delta in _deltas(block, said):
            yield _event("content_block_delta", index=index, delta=delta)
            await asyncio.sleep(0)
        yield _event("content_block_stop", index=index)
    delta = {"stop_reason": STOP_REASONS[said.finish], "stop_sequence": None}
    yield _event("message_delta", delta=delta, usage=_usage(said, said.completion_tokens))
    yield _event("message_stop")


def _event(kind: str, **fields: Any) -> bytes:
    return event({"type": kind, **fields}, kind)


def _empty(block: dict[str, Any]) -> dict[str, Any]:
    blank = {"thinking": "", "signature": "", "text": "", "input": {}}
    return {name: blank.get(name, value) for name, value in block.items()}


def _deltas(block: dict[str, Any], said: Answer) -> list[dict[str, Any]]:
    if block["type"] == "thinking":
        rows = [{"type": "thinking_delta", "thinking": token} for token in said.thoughts]
        return [*rows, {"type": "signature_delta", "signature": block["signature"]}]
    if block["type"] == "tool_use":
        return [{"type": "input_json_delta", "partial_json": json.dumps(block["input"])}]
    return [{"type": "text_delta", "text": token} for token in said.tokens]
