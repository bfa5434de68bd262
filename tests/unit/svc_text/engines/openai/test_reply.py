from __future__ import annotations

from typing import Any

import pytest

from svc_text.engine import Delta, Logprob
from svc_text.engines.openai.reply import Reply
from troupe.wire.errors import EngineFailed


def event(index: int = 0, finish: str | None = None, logprobs: Any = None, usage: Any = None, **delta: Any) -> dict:
    choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
    return {"choices": [choice]} | ({"usage": usage} if usage else {})


def read(*events: dict, n: int = 1) -> list[Delta]:
    reply = Reply("S", "m", n, top_logprobs=1)
    return [delta for each in events for delta in reply.deltas(each)] + list(reply.ends())


def call(arguments: str = "", name: str = "", call_id: str = "", index: int = 0) -> dict:
    return {"index": index, "id": call_id, "function": {"name": name, "arguments": arguments}}


def test_text_and_the_counts_at_the_end() -> None:
    usage = {"prompt_tokens": 4, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 3}}
    deltas = read(event(role="assistant", content=""), event(content="a"), event(content="b"), event(finish="stop"),
                  {"choices": [], "usage": usage})  # fmt: skip
    assert [delta.text for delta in deltas] == ["a", "b", ""]
    last = deltas[-1]
    assert (last.finish, last.prompt_tokens, last.completion_tokens, last.cached_tokens) == ("stop", 4, 2, 3)
    assert {delta.model for delta in deltas} == {"m"}


def test_tokens_are_counted_where_nobody_tells_them() -> None:
    deltas = read(event(content="a"), event(content="b"), event(finish="length"))
    assert ([delta.tokens for delta in deltas], deltas[-1].completion_tokens) == ([1, 1, 0], 2)


def test_counts_at_each_step_are_each_completions_own() -> None:
    deltas = read(
        event(0, content="a b c", usage={"prompt_tokens": 9, "completion_tokens": 3}),
        event(1, content="d", usage={"prompt_tokens": 9, "completion_tokens": 1}),
        event(0, finish="stop", usage={"prompt_tokens": 9, "completion_tokens": 4}),
        event(1, finish="length", usage={"prompt_tokens": 9, "completion_tokens": 1}),
        {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 5}},
        n=2,
    )
    assert [(delta.index, delta.tokens) for delta in deltas if delta.tokens] == [(0, 3), (1, 1), (0, 1)]
    assert [(each.finish, each.completion_tokens, each.prompt_tokens) for each in deltas[-2:]] == [
        ("stop", 4, 9),
        ("length", 1, 9),
    ]


def test_llama_servers_timings_count() -> None:
    timings = {"cache_n": 5, "prompt_n": 2, "predicted_n": 3}
    last = read(event(content="abc") | {"timings": timings}, event(finish="stop"))[-1]
    assert (last.prompt_tokens, last.cached_tokens, last.completion_tokens) == (7, 5, 3)


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_thoughts_are_apart_from_the_answer(name: str) -> None:
    deltas = read(event(**{name: "hm"}), event(content="a"), event(finish="stop"))
    assert [(delta.reasoning, delta.text) for delta in deltas] == [("hm", ""), ("", "a"), ("", "")]
    assert deltas[-1].reasoning_tokens == 1


def test_a_call_of_a_tool_comes_in_pieces_with_one_id() -> None:
    deltas = read(
        event(tool_calls=[call(name="f", call_id="c1")]),
        event(tool_calls=[call("{")]),
        event(tool_calls=[call("}", index=0), call("{}", "g", index=1)]),
        event(finish="stop"),
    )
    pieces = [piece for delta in deltas for piece in delta.tool_calls]
    assert [(piece.index, piece.name, piece.arguments) for piece in pieces] == [
        (0, "f", ""), (0, "", "{"), (0, "", "}"), (1, "g", "{}"),
    ]  # fmt: skip
    assert pieces[0].call_id == "c1"
    assert pieces[3].call_id.startswith("call_")
    assert deltas[-1].finish == "tool_calls"


def test_logprobs_with_those_that_were_not_chosen() -> None:
    told = {"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": [{"token": "b", "logprob": None}]}
    (delta, _) = read(event(content="a", logprobs={"content": [told]}), event(finish="stop"))
    assert delta.logprobs == (Logprob("a", -0.5, b"a", (Logprob("b", -99.0),)),)


def test_numbers_and_characters_that_no_message_can_hold_are_made_to_fit() -> None:
    usage = {"prompt_tokens": 10**30, "completion_tokens": -5}
    deltas = read(event(content="a\ud800b"), event(finish="stop", usage=usage))
    assert deltas[0].text == "a?b"
    assert (deltas[-1].prompt_tokens, deltas[-1].completion_tokens) == (2**32 - 1, 1)


@pytest.mark.parametrize(
    ("finish", "ours"),
    [("stop", "stop"), ("length", "length"), ("content_filter", "content_filter"), ("eos", "stop"), ("load", "stop")],
)
def test_why_it_ended_is_said_in_our_words(finish: str, ours: str) -> None:
    assert read(event(finish=finish))[-1].finish == ours


@pytest.mark.parametrize(
    "events",
    [
        [event(content="a")],
        [event(finish="abort")],
        [event(finish="error")],
        [{"error": {"message": "CUDA error"}}],
        [event(index=1, content="a")],
        [event(index="x", content="a")],
        [{"choices": [5]}],
        [{"choices": 5}],
        [event(content={"a": 1})],
        [event(content=["a"])],
        [event(tool_calls=[5])],
        [event(tool_calls=[call(index=10**9)])],
        [event(tool_calls=[call(index=-1)])],
        [event(tool_calls=5)],
        [event(tool_calls=[call(arguments={"a": 1})])],
        [event(content="a", logprobs={"content": [5]})],
        [event(content="a", logprobs={"content": [{"token": "a", "bytes": [999]}]})],
        [event(content="a", logprobs={"content": [{"token": "a", "logprob": "x"}]})],
        [event(finish="stop", usage={"completion_tokens": "x"})],
        [event(finish="stop"), {"choices": [], "usage": "x"}],
        [event(finish="stop"), {"choices": [], "usage": {"prompt_tokens": {"x": 1}}}],
    ],
)
def test_what_is_no_answer_ends_as_a_failure(events: list[dict]) -> None:
    with pytest.raises(EngineFailed, match=r"^S "):
        read(*events)
