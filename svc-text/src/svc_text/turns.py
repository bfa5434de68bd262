"""The turns of a chat as every chat template takes them, so that a chat means the same whoever answers it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from svc_text.engine import Chat, ToolCall, Turn
from troupe.wire.documents import render
from troupe.wire.errors import InvalidArgument, NotSupported

ASSISTANT, SYSTEM = "assistant", "system"


def arranged(chat: Chat, model: str) -> tuple[Turn, ...]:
    """The chat's turns: at most one system turn at the start, which holds the documents too.

    Many templates know one system message only, and only there. Raises `NotSupported` for a picture, `InvalidArgument`
    for an answer to go on with that is not there, and for a chat in which nobody asks anything.
    """
    if any(turn.has_image for turn in chat.turns):
        raise NotSupported(f"{model} reads text only. Leave the picture out.")
    if chat.continue_final and chat.turns[-1].role != ASSISTANT:
        raise InvalidArgument("There is no answer to continue: the last message is not the assistant's.")
    leading = 0
    while leading < len(chat.turns) and chat.turns[leading].role == SYSTEM:
        leading += 1
    told = [turn.text for turn in chat.turns[:leading]]
    if chat.documents:
        told.append(render(chat.documents))
    turns = ((Turn(SYSTEM, "\n\n".join(told)),) if told else ()) + chat.turns[leading:]
    if turns[-1].role == SYSTEM:
        raise InvalidArgument("The chat has no message of a user. Add one.")
    return turns


def as_message(turn: Turn, reasoning_field: str, defused: Callable[[str], str] = str) -> dict[str, Any]:
    """The turn as OpenAI's clients write a message; thoughts have no field of theirs, so each server has its own.

    `defused` takes out of a text what the model would take for its own marks.
    """
    message: dict[str, Any] = {"role": turn.role, "content": defused(turn.text)}
    if turn.name:
        message["name"] = turn.name
    if turn.reasoning:
        message[reasoning_field] = defused(turn.reasoning)
    if turn.tool_calls:
        message["tool_calls"] = [_call(call, defused) for call in turn.tool_calls]
    if turn.tool_call_id:
        message["tool_call_id"] = turn.tool_call_id
    return message


def _call(call: ToolCall, defused: Callable[[str], str]) -> dict[str, Any]:
    function = {"name": call.name, "arguments": defused(call.arguments or "{}")}
    return {"id": call.call_id, "type": "function", "function": function}
