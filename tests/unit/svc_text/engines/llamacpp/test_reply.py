from __future__ import annotations

import pytest

from svc_text.engines.llamacpp.reply import Reply, refusal
from troupe.wire.errors import EngineFailed, InvalidArgument, Overloaded, TextTooLong


def chunk(delta: dict[str, object], written: int = 0, finish: str | None = None, index: int = 0) -> dict[str, object]:
    timings = {"cache_n": 3, "prompt_n": 4, "predicted_n": written}
    return {"choices": [{"index": index, "delta": delta, "finish_reason": finish}], "timings": timings}


def test_tokens_held_back_are_counted_with_the_next_text() -> None:
    reply = Reply("m")
    chunks = [chunk({"role": "assistant", "content": None}), chunk({"content": "a"}, 1), chunk({"content": "灯"}, 4)]
    deltas = [delta for each in chunks for delta in reply.deltas(each)]
    assert [(delta.text, delta.tokens, delta.model) for delta in deltas] == [("a", 1, "m"), ("灯", 3, "m")]


def test_the_end_has_the_counts_of_its_completion() -> None:
    reply = Reply("m")
    chunks = [
        chunk({"reasoning_content": "hm"}, 2),
        chunk({"content": "a"}, 3),
        chunk({"content": "b"}, 1, index=1),
        chunk({}, 3, finish="stop"),
    ]
    last = [delta for each in chunks for delta in reply.deltas(each)][-1]
    counts = (last.prompt_tokens, last.cached_tokens, last.completion_tokens, last.reasoning_tokens)
    assert (last.finish, counts) == ("stop", (7, 3, 3, 2))


def test_calls_come_in_pieces() -> None:
    first = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{"}}
    rest = {"index": 0, "function": {"arguments": "}"}}
    reply = Reply("m")
    calls = [
        call
        for each in (first, rest)
        for delta in reply.deltas(chunk({"tool_calls": [each]}))
        for call in delta.tool_calls
    ]
    assert [(call.call_id, call.name, call.arguments) for call in calls] == [("c1", "f", "{"), ("", "", "}")]


def test_logprobs_have_bytes_and_what_could_have_been() -> None:
    told = {"token": "a", "logprob": None, "bytes": [97], "top_logprobs": [{"token": "b", "logprob": -1.0}]}
    made = {"choices": [{"index": 0, "delta": {"content": "a"}, "logprobs": {"content": [told]}}]}
    (delta,) = Reply("m", top_logprobs=1).deltas(made)
    (logprob,) = delta.logprobs
    assert (logprob.token_bytes, logprob.top[0].token) == (b"a", "b")
    assert logprob.logprob < -90


def test_an_error_amid_the_answer_breaks_it() -> None:
    with pytest.raises(EngineFailed, match="m broke off: no room"):
        list(Reply("m").deltas({"error": {"message": "no room"}}))


def test_refusals_are_the_leaf_that_says_who_can_mend_it() -> None:
    long = {"error": {"type": "exceed_context_size_error", "n_prompt_tokens": 900, "n_ctx": 512}}
    error = refusal(400, long, "m")
    assert isinstance(error, TextTooLong)
    assert "900 tokens; m takes 512" in error.message
    assert "TROUPE_TEXT_LLAMACPP_CONTEXT" in error.message
    assert error.details == {"tokens": "900", "allowed": "512"}
    assert isinstance(refusal(400, {"error": {"message": "bad grammar"}}, "m"), InvalidArgument)
    assert isinstance(refusal(500, {"error": "text"}, "m"), InvalidArgument)
    assert isinstance(refusal(503, {"error": {"message": "loading"}}, "m"), Overloaded)
