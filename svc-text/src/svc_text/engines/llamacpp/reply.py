"""llama.cpp's stream of chunks as deltas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from svc_text.engine import Delta, Logprob, ToolCall
from troupe.wire.errors import EngineFailed, InvalidArgument, Overloaded, TextTooLong, TroupeError

UNAVAILABLE = 503
UNKNOWN_LOGPROB = -99.0  # where JSON had no number, as minus infinity has none


class Reply:
    """One answer as it comes: counts what each completion has, since chunks tell only totals."""

    def __init__(self, model: str, top_logprobs: int = 0) -> None:
        self._model = model
        self._top = top_logprobs
        self._written: dict[int, int] = {}  # tokens of each completion
        self._thought: dict[int, int] = {}  # of them, those of thoughts

    def deltas(self, chunk: Mapping[str, Any]) -> Iterator[Delta]:
        """What the chunk says; raises `EngineFailed` where it says that the answer broke."""
        if "error" in chunk:
            raise EngineFailed(f"{self._model} broke off: {_message(chunk['error'])}")
        for choice in chunk.get("choices", ()):
            if (delta := self._delta(choice, chunk.get("timings") or {})) is not None:
                yield delta

    def _delta(self, choice: Mapping[str, Any], timings: Mapping[str, Any]) -> Delta | None:
        index, said = choice.get("index", 0), choice.get("delta") or {}
        reasoning = said.get("reasoning_content") or ""
        tokens = self._count(index, timings.get("predicted_n", 0), thought=bool(reasoning))
        delta = Delta(
            text=said.get("content") or "",
            tokens=tokens,
            index=index,
            reasoning=reasoning,
            tool_calls=tuple(_call(call) for call in said.get("tool_calls") or ()),
            logprobs=tuple(_logprob(each, self._top) for each in (choice.get("logprobs") or {}).get("content") or ()),
            model=self._model,
            **self._end(index, choice.get("finish_reason"), timings),
        )
        said_something = delta.text or delta.reasoning or delta.tool_calls or delta.logprobs
        return delta if said_something or tokens or delta.finish else None

    def _count(self, index: int, total: int, *, thought: bool) -> int:
        """Tokens that came with this chunk; those held back until their character was whole come with it."""
        tokens = max(0, total - self._written.get(index, 0))
        self._written[index] = self._written.get(index, 0) + tokens
        self._thought[index] = self._thought.get(index, 0) + (tokens if thought else 0)
        return tokens

    def _end(self, index: int, finish: str | None, timings: Mapping[str, Any]) -> dict[str, Any]:
        if not finish:
            return {}
        cached = timings.get("cache_n", 0)
        return {
            "finish": finish,
            "prompt_tokens": cached + timings.get("prompt_n", 0),
            "completion_tokens": self._written.get(index, 0),
            "cached_tokens": cached,
            "reasoning_tokens": self._thought.get(index, 0),
        }


def _call(call: Mapping[str, Any]) -> ToolCall:
    function = call.get("function") or {}
    return ToolCall(
        call.get("index", 0), call.get("id") or "", function.get("name") or "", function.get("arguments") or ""
    )


def _logprob(told: Mapping[str, Any], most: int) -> Logprob:
    value = told.get("logprob")
    return Logprob(
        token=told.get("token", ""),
        logprob=UNKNOWN_LOGPROB if value is None else value,
        token_bytes=bytes(told.get("bytes") or ()),
        top=tuple(_logprob(each, 0) for each in (told.get("top_logprobs") or ())[:most]),
    )


def refusal(status: int, told: Mapping[str, Any], model: str) -> TroupeError:
    """Why llama.cpp did not begin to answer: nearly always something in the request that only it can judge."""
    error = told.get("error") or {}
    if isinstance(error, dict) and error.get("type") == "exceed_context_size_error":
        return too_long(error.get("n_prompt_tokens", 0), error.get("n_ctx", 0), model)
    message = _message(error)
    if status == UNAVAILABLE:
        return Overloaded(f"{model} takes no chat now: {message}. Try again in a second.", retry_after_s=1)
    return InvalidArgument(f"{model} cannot take this chat: {message}")


def too_long(tokens: int, context: int, model: str) -> TextTooLong:
    """The prompt leaves no room for an answer."""
    return TextTooLong(
        f"The chat has {tokens} tokens; {model} takes {context} at once, the answer included. Shorten the messages or "
        "documents, or raise TROUPE_TEXT_LLAMACPP_CONTEXT.",
        tokens=tokens,
        allowed=context,
    )


def _message(error: object) -> str:
    if isinstance(error, dict):
        return str(error.get("message", error))
    return str(error)
