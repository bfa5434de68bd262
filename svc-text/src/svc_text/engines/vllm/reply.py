"""vLLM's steps as deltas: text, thoughts and tool calls parted by the model's own parsers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from svc_text.engine import Delta, Logprob, ToolCall
from troupe.wire.errors import EngineFailed, InvalidArgument, TroupeError

STOP, LENGTH, TOOL_CALLS, ERROR = "stop", "length", "tool_calls", "error"
FINISHES = {STOP: STOP, LENGTH: LENGTH, "repetition": STOP}
FLOOR = -99.0  # for a logarithm that is minus infinity


@dataclass(slots=True)
class _Completion:
    """What is known so far of one of the `n` answers."""

    parser: Any  # vLLM's Parser, or None where text is all there is
    tokens: int = 0
    token_ids: list[int] = field(default_factory=list)
    called: bool = False


class Reply:
    """One chat's answers as they come; `prompt_ids` are the tokens of its prompt."""

    def __init__(self, request: Any, prompt_ids: Sequence[int], parsers: Sequence[Any], model: str) -> None:
        self._request = request
        self._prompt_ids = list(prompt_ids)
        self._model = self._unsaid = model
        self._completions = [_Completion(parser) for parser in parsers]
        self._cached = 0

    def deltas(self, step: Any) -> Iterator[Delta]:
        """What a step (vLLM's RequestOutput) says; raises `EngineFailed` or `InvalidArgument` where one was dropped."""
        self._cached = step.num_cached_tokens or self._cached
        for output in step.outputs:
            if (delta := self._delta(output)) is not None:
                yield delta

    def _delta(self, output: Any) -> Delta | None:
        completion = self._completions[output.index]
        tokens = len(output.token_ids)
        completion.tokens += tokens
        text, reasoning, calls = self._parted(completion, output)
        completion.called = completion.called or bool(calls)
        finish = self._finish(completion, output.finish_reason)
        if not (tokens or text or reasoning or calls or finish):
            return None
        model, self._unsaid = self._unsaid, ""  # once: a delta that is no more than text travels by a shorter way
        return Delta(
            text=text,
            tokens=tokens,
            index=output.index,
            reasoning=reasoning,
            tool_calls=calls,
            logprobs=self._logprobs(output),
            model=model,
            **(self._end(completion, finish) if finish else {}),
        )

    def _parted(self, completion: _Completion, output: Any) -> tuple[str, str, tuple[ToolCall, ...]]:
        if completion.parser is None:
            return output.text, "", ()
        completion.token_ids.extend(output.token_ids)
        said = completion.parser.parse_delta(
            delta_text=output.text,
            delta_token_ids=list(output.token_ids),
            request=self._request,
            prompt_token_ids=self._prompt_ids,
            finished=output.finish_reason is not None,
        )
        if said is None:
            return "", "", ()
        single = self._request.parallel_tool_calls is False
        calls = tuple(_call(call) for call in said.tool_calls or () if not (single and call.index))
        return said.content or "", said.reasoning or "", calls

    def _finish(self, completion: _Completion, reason: str | None) -> str:
        if reason is None:
            return ""
        if reason not in FINISHES:
            raise self._dropped(reason)
        finish = FINISHES[reason]
        return TOOL_CALLS if completion.called and finish == STOP else finish

    def _dropped(self, reason: str) -> TroupeError:
        """A form that leaves nothing to say ends in an error of vLLM's too; it is not the engine that is at fault."""
        if reason == ERROR and (self._request.structured_outputs or self._request.response_format):
            return InvalidArgument(
                f"Nothing that {self._model} could say next fits the schema, pattern, grammar or choice of this chat. "
                "Correct it, or leave out what else forbids words (bad_words, allowed_token_ids)."
            )
        return EngineFailed(f"vLLM dropped the answer of {self._model} ({reason}). Try again.", engine="vllm")

    def _end(self, completion: _Completion, finish: str) -> dict[str, Any]:
        parser = completion.parser
        return {
            "finish": finish,
            "prompt_tokens": len(self._prompt_ids),
            "completion_tokens": completion.tokens,
            "cached_tokens": self._cached,
            "reasoning_tokens": parser.count_reasoning_tokens(completion.token_ids) if parser is not None else 0,
        }

    def _logprobs(self, output: Any) -> tuple[Logprob, ...]:
        if not self._request.logprobs or not output.logprobs:
            return ()
        most = self._request.top_logprobs or 0
        pairs = zip(output.token_ids, output.logprobs, strict=False)
        return tuple(_logprob(token_id, found, most) for token_id, found in pairs)


def _call(call: Any) -> ToolCall:
    function = call.function
    return ToolCall(
        call.index,
        call.id or "",
        (function.name or "") if function else "",
        (function.arguments or "") if function else "",
    )


def _logprob(token_id: int, found: Mapping[int, Any], most: int) -> Logprob:
    """`found`: the token that was chosen and the likeliest ones, by their numbers."""
    ranked = sorted(found.values(), key=lambda each: each.rank or len(found))
    chosen = _one(found[token_id])
    return Logprob(chosen.token, chosen.logprob, chosen.token_bytes, tuple(_one(each) for each in ranked[:most]))


def _one(told: Any) -> Logprob:
    token = told.decoded_token or ""
    return Logprob(token, max(told.logprob, FLOOR), token.encode())
