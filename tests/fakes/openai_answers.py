"""What the fake OpenAI-compatible server says (see `openai_server`), event by event, in the manners of its kind."""

from __future__ import annotations

import json
import re
from enum import Enum
from typing import Any

TOKEN = re.compile(r"\s*\S+")
VLLM_STOPS, VLLM_GREEDY = 4, 1e-5  # as vLLM 0.32 has them
THINKING = "thinks"
THOUGHTS = ("Hm,", " hm.")


class Manners(Enum):
    """Whose."""

    VLLM = "vllm"
    SGLANG = "sglang"
    OLLAMA = "library"
    NIM = "nim"
    NOBODY = "nobody"


class Answer:
    """One completion."""

    def __init__(self, body: dict[str, Any], manners: Manners, index: int) -> None:
        self.index = index
        self.finish = "stop"
        self.written = 0
        self._body = body
        self._manners = manners

    def steps(self):
        """Deltas and their logprobs."""
        limit = self._body.get("max_tokens") or 1_000_000
        for delta, logprobs in self._all():
            if self.written == limit:
                self.finish = "length"
                return
            self.written += 1
            yield delta, logprobs

    def _all(self):
        body = self._body
        if self._thinks():
            name = "reasoning_content" if self._manners is Manners.SGLANG else "reasoning"
            for thought in THOUGHTS:
                yield {name: thought}, None
        choice = body.get("tool_choice", "auto") if self._manners is not Manners.OLLAMA else "auto"
        if body.get("tools") and choice != "none":
            yield from self._call(choice)
            return
        wanted = self._manners is not Manners.OLLAMA and body.get("logprobs")
        for token in TOKEN.findall(self._text()):
            yield {"content": token}, logprobs_of(token, body.get("top_logprobs") or 0) if wanted else None

    def _thinks(self) -> bool:
        switch = (self._body.get("chat_template_kwargs") or {}).get("enable_thinking", True)
        return self._body["model"] == THINKING and switch and self._body.get("reasoning_effort") != "none"

    def _call(self, choice: Any):
        names = [tool["function"]["name"] for tool in self._body["tools"]]
        name = choice["function"]["name"] if isinstance(choice, dict) else names[0]
        self.finish = "stop" if isinstance(choice, dict) else "tool_calls"
        head = {"index": 0, "id": f"call_{self.index}", "type": "function"}
        if self._manners is Manners.OLLAMA:
            yield {"content": "", "tool_calls": [head | {"function": {"name": name, "arguments": "{}"}}]}, None
            return
        yield {"tool_calls": [head | {"function": {"name": name, "arguments": ""}}]}, None
        for piece in ("{", "}"):
            yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}, None

    def _text(self) -> str:
        body = self._body
        wanted = body.get("response_format") or {}
        if wanted.get("type") == "json_object":
            return "{}"
        if wanted.get("type") == "json_schema":
            return json.dumps(smallest(wanted["json_schema"]["schema"]))
        said = [text_of(message) for message in body["messages"] if message["role"] != "assistant"]
        text = said[-1] if said else ""
        if body.get("continue_final_message"):
            text = text.removeprefix(body["messages"][-1]["content"])
        for stop in body.get("stop") or ():
            text = text.partition(stop)[0]
        return text


def smallest(schema: dict[str, Any]) -> Any:
    """The smallest value of a simple schema."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: smallest(schema.get("properties", {}).get(name, {})) for name in schema.get("required", [])}
    return {"string": "x", "integer": 1, "number": 1.5, "boolean": True, "array": [], "null": None}[kind]


def logprobs_of(token: str, top: int) -> dict[str, Any]:
    """Sure of what it says, less sure of what it does not."""
    row = {"token": token, "logprob": -0.1, "bytes": list(token.encode())}
    others = [{"token": f"t{place}", "logprob": -1.0 - place, "bytes": [place]} for place in range(1, top)]
    return {"content": [row | {"top_logprobs": ([row, *others])[:top]}]}


def prompt_tokens(body: dict[str, Any]) -> int:
    """Words of all messages."""
    return sum(len(TOKEN.findall(text_of(message))) for message in body["messages"])


def text_of(message: dict[str, Any]) -> str:
    """A message's text, as a string or in parts."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""


def counts(given: int, written: int) -> dict[str, Any]:
    """Usage as all of them tell it."""
    return {
        "prompt_tokens": given,
        "completion_tokens": written,
        "total_tokens": given + written,
        "prompt_tokens_details": {"cached_tokens": 0},
    }


def vllm_refuses(body: dict[str, Any]) -> str:
    """What vLLM says to sampling that it does not take; empty = it does."""
    stops, temperature, top_p = body.get("stop") or [], body.get("temperature", 1.0), body.get("top_p", 1.0)
    if len(stops) > VLLM_STOPS:
        return f"List should have at most {VLLM_STOPS} items after validation, not {len(stops)}"
    if not 0.0 <= temperature <= 2.0:
        return f"temperature must be in [0, 2], got {temperature}."
    if not 0.0 < top_p <= 1.0:
        return f"top_p must be in (0, 1], got {top_p}."
    if temperature < VLLM_GREEDY and (body.get("n") or 1) > 1:
        return f"n must be 1 when using greedy sampling, got {body['n']}."
    return ""
