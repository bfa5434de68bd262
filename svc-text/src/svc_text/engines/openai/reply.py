"""The events of an answer as deltas.

Counts come in three ways: with each event (vLLM, SGLang: `usage`; llama-server: `timings`), with the last one only, or
never; what is not told is counted, a token for each event that says something. The contract wants the counts with the
finish of each completion, and servers tell the whole after all of them have ended: so ends are held back till then.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from svc_text.engine import Delta, Logprob, ToolCall
from svc_text.engines.openai.refusal import message_of
from troupe.wire.errors import EngineFailed

UNKNOWN_LOGPROB = -99.0  # where JSON had no number, as minus infinity has none
LARGEST = 2**32 - 1
MOST_CALLS = 1_000  # of tools in one answer
FINISHES: Mapping[str, str] = {"length": "length", "tool_calls": "tool_calls", "content_filter": "content_filter"}
BROKEN = frozenset({"abort", "error"})
"""Finish reasons of vLLM and SGLang that are none: the server gave up on it."""


@dataclass(slots=True)
class Completion:
    """One of the n answers so far."""

    written: int = 0  # tokens
    thought: int = 0  # of them, those of thoughts
    calls: set[int] = field(default_factory=set)  # whose first piece has come
    finish: str = ""


class Reply:
    """One chat's answer."""

    def __init__(self, server: str, model: str, n: int = 1, top_logprobs: int = 0) -> None:
        self._top = top_logprobs
        self._server = server
        self._model = model
        self._completions: dict[int, Completion] = {index: Completion() for index in range(n)}
        self._usage: Mapping[str, Any] = {}
        self._timings: Mapping[str, Any] = {}

    @property
    def whole(self) -> bool:
        """Whether every completion has ended."""
        return all(completion.finish for completion in self._completions.values())

    def deltas(self, event: Mapping[str, Any]) -> Iterator[Delta]:
        """What the event says; raises `EngineFailed` where it says that the answer broke, or makes no sense."""
        if event.get("error"):
            raise EngineFailed(f"{self._server} broke off: {message_of({'error': event['error']})}.")
        try:
            self._usage = event.get("usage") or self._usage
            self._timings = event.get("timings") or self._timings
            for choice in event.get("choices") or ():
                if (delta := self._delta(choice, event)) is not None:
                    yield delta
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise EngineFailed(f"{self._server} sent a piece of an answer that makes no sense: {error}.") from error

    def ends(self) -> Iterator[Delta]:
        """The last delta of each completion; raises `EngineFailed` where the answer is not whole."""
        if not self.whole:
            raise EngineFailed(f"{self._server} ended in the middle of its answer. Try again.")
        try:
            yield from [self._end(index, completion) for index, completion in self._completions.items()]
        except (AttributeError, TypeError, ValueError) as error:
            raise EngineFailed(f"{self._server} counted its tokens in a way that makes no sense: {error}.") from error

    def _delta(self, choice: Mapping[str, Any], event: Mapping[str, Any]) -> Delta | None:
        index, said = int(choice.get("index") or 0), choice.get("delta") or {}
        completion = self._completions[index]
        reasoning = said.get("reasoning_content") or said.get("reasoning") or ""
        calls = tuple(_call(call, completion) for call in said.get("tool_calls") or ())
        logprobs = tuple(_logprob(each, self._top) for each in (choice.get("logprobs") or {}).get("content") or ())
        text = said.get("content") or ""
        spoke = bool(text or reasoning or calls or logprobs)
        tokens = self._count(completion, event, spoke=spoke, thought=bool(reasoning))
        if finish := choice.get("finish_reason"):
            completion.finish = self._finish(str(finish), completion)
        if not spoke and not tokens:
            return None
        return Delta(_text(text), tokens, "", 0, 0, index, _text(reasoning), calls, logprobs, model=self._model)

    def _count(self, completion: Completion, event: Mapping[str, Any], *, spoke: bool, thought: bool) -> int:
        total = (event.get("usage") or {}).get("completion_tokens") if event.get("choices") else None
        if total is None:
            total = (event.get("timings") or {}).get("predicted_n")
        tokens = max(0, _number(total) - completion.written) if total is not None else int(spoke)
        completion.written += tokens
        completion.thought += tokens if thought else 0
        return tokens

    def _finish(self, finish: str, completion: Completion) -> str:
        if finish in BROKEN:
            raise EngineFailed(f"{self._server} gave up on its answer ({finish}). Look at its log.")
        # vLLM says "stop" for a call of the one tool that had to be called; it is a call all the same.
        usual = "tool_calls" if completion.calls else "stop"
        return FINISHES.get(finish, usual)

    def _end(self, index: int, completion: Completion) -> Delta:
        usage, timings = self._usage, self._timings
        alone = len(self._completions) == 1
        written = _number(usage.get("completion_tokens")) if alone else 0
        cached = timings.get("cache_n") or (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
        prompt = usage.get("prompt_tokens") or (timings.get("prompt_n", 0) + timings.get("cache_n", 0))
        thought = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
        return Delta(
            tokens=max(0, written - completion.written),
            finish=completion.finish,
            prompt_tokens=_number(prompt),
            completion_tokens=max(written, completion.written),
            index=index,
            cached_tokens=_number(cached),
            reasoning_tokens=_number(thought if alone else 0) or completion.thought,
            model=self._model,
        )


def _text(said: Any) -> str:
    """The text, without half characters, which JSON can hold and no message."""
    if not isinstance(said, str):
        raise TypeError(f"a {type(said).__name__} where text should be")
    return said if said.isascii() else said.encode(errors="replace").decode()


def _number(told: Any) -> int:
    """A count, within what a message can hold."""
    return min(max(0, int(told or 0)), LARGEST)


def _call(call: Mapping[str, Any], completion: Completion) -> ToolCall:
    """A piece of a call; its first one has an id, which is made here where the server made none."""
    index, function = int(call.get("index") or 0), call.get("function") or {}
    if not 0 <= index < MOST_CALLS:
        raise ValueError(f"the tool call number {index}")
    call_id = call.get("id") or ""
    if index not in completion.calls:
        completion.calls.add(index)
        call_id = call_id or f"call_{secrets.token_hex(8)}"
    return ToolCall(index, _text(call_id), _text(function.get("name") or ""), _text(function.get("arguments") or ""))


def _logprob(told: Mapping[str, Any], most: int) -> Logprob:
    value = told.get("logprob")
    return Logprob(
        token=_text(told.get("token", "")),
        logprob=UNKNOWN_LOGPROB if value is None else float(value),
        token_bytes=bytes(told.get("bytes") or ()),
        top=tuple(_logprob(each, 0) for each in (told.get("top_logprobs") or ())[:most]),
    )
