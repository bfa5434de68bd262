"""What the fake's language model answers: always the same to the same request.

- It gives back the last user message, word by word; `count to N` is answered by 1 2 3 ... N.
- A final assistant message is a prefix of the answer: it goes on where that ends.
- `call NAME {"a": 1}` calls that tool, if it is among the tools; so does a tool_choice that demands one.
- A JSON schema is answered by its smallest instance.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

TOKEN = re.compile(r"\s*\S+")
COUNT = re.compile(r"count to (\d+)", re.IGNORECASE)
CALL = re.compile(r"call (\w+)\s*(\{.*\})?", re.DOTALL)
MOST_COUNTED = 100_000


@dataclass(frozen=True, slots=True)
class Turn:
    """One message: its role and its text."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said, in tokens that joined give the text."""

    thoughts: tuple[str, ...]
    tokens: tuple[str, ...]
    call: tuple[str, str] | None  # a tool's name, and its arguments as JSON
    finish: str  # stop, length, tool_calls
    prompt_tokens: int

    @property
    def text(self) -> str:
        """The whole of it."""
        return "".join(self.tokens)

    @property
    def thought(self) -> str:
        """The whole of what was thought."""
        return "".join(self.thoughts)

    @property
    def completion_tokens(self) -> int:
        """Thoughts count, too."""
        return len(self.thoughts) + len(self.tokens) + (1 if self.call else 0)


def text_of(content: Any) -> str:
    """The text of a message's content: text, or parts of which some are text."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(str(part.get("text") or text_of(part.get("content"))) for part in parts if isinstance(part, dict))


def answer(
    turns: list[Turn],
    *,
    thinks: bool = False,
    most: int | None = None,
    stop: tuple[str, ...] = (),
    tools: tuple[str, ...] = (),
    must_call: str = "",
    schema: dict[str, Any] | None = None,
) -> Answer:
    """Answer a conversation."""
    prompt_tokens = sum(len(TOKEN.findall(turn.text)) for turn in turns)
    asked = next((turn.text for turn in reversed(turns) if turn.role != "assistant"), "")
    goes_on = turns[-1].role == "assistant"
    thoughts = () if goes_on or not thinks else tuple(TOKEN.findall(f"I was told {len(asked)} characters."))
    if (call := _call(asked, turns[-1].role, tools, must_call)) is not None:
        return Answer(thoughts, (), call, "tool_calls", prompt_tokens)
    whole = json.dumps(instance(schema)) if schema is not None else _whole(asked)
    rest = whole.removeprefix(turns[-1].text) if goes_on else whole
    for mark in stop:
        rest = rest.partition(mark)[0]
    tokens = tuple(TOKEN.findall(rest))
    if most is not None and len(tokens) > most:
        return Answer(thoughts, tokens[:most], None, "length", prompt_tokens)
    return Answer(thoughts, tokens, None, "stop", prompt_tokens)


def _whole(asked: str) -> str:
    if match := COUNT.fullmatch(asked.strip()):
        return " ".join(str(number) for number in range(1, min(int(match[1]), MOST_COUNTED) + 1))
    return asked


def _call(asked: str, role: str, tools: tuple[str, ...], must_call: str) -> tuple[str, str] | None:
    if not tools or role in {"tool", "assistant"}:
        return None
    if (match := CALL.fullmatch(asked.strip())) and match[1] in tools:
        return match[1], match[2] or "{}"
    return (must_call, "{}") if must_call else None


def instance(schema: dict[str, Any]) -> Any:
    """The smallest value that a simple JSON schema allows."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        return {name: instance(each) for name, each in schema.get("properties", {}).items()}
    if kind == "array":
        return [instance(schema.get("items", {}))] * int(schema.get("minItems", 0))
    return {"string": "text", "integer": 1, "number": 0.5, "boolean": True}.get(str(kind))
