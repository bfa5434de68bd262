from __future__ import annotations

from types import SimpleNamespace as Told

import pytest

from svc_text.engine import ToolCall
from svc_text.engines.vllm.reply import FLOOR, Reply
from troupe.wire.errors import EngineFailed, InvalidArgument

PROMPT = [1, 2, 3]


class Parser:
    """Says what it was told to say, and keeps what it was given."""

    def __init__(self, *said: Told | None) -> None:
        self.said = list(said)
        self.given: list[dict] = []

    def parse_delta(self, **given: object) -> Told | None:
        self.given.append(given)
        return self.said.pop(0)

    def count_reasoning_tokens(self, token_ids: list[int]) -> int:
        return len(token_ids) - 1


def message(content: str | None = None, reasoning: str | None = None, *calls: Told) -> Told:
    return Told(content=content, reasoning=reasoning, tool_calls=list(calls))


def call(index: int, name: str | None = None, arguments: str | None = None, call_id: str | None = None) -> Told:
    return Told(index=index, id=call_id, function=Told(name=name, arguments=arguments))


def step(text: str = "", ids: tuple[int, ...] = (7,), finish: str | None = None, index: int = 0, **more) -> Told:
    output = Told(index=index, text=text, token_ids=ids, finish_reason=finish, logprobs=more.get("logprobs"))
    return Told(outputs=[output], num_cached_tokens=more.get("cached"))


def reply(*parsers: object, **request: object) -> Reply:
    usual = {"structured_outputs": None, "response_format": None}
    asked = Told(**({"parallel_tool_calls": None, "logprobs": False, "top_logprobs": 0} | usual | request))
    return Reply(asked, PROMPT, parsers, "m")


def test_text_comes_as_it_is_and_the_last_one_counts() -> None:
    it = reply(None)
    (first,) = it.deltas(step("Hel", (7, 8), cached=2))
    (last,) = it.deltas(step("lo", (9,), "stop"))
    assert (first.text, first.tokens, first.finish, first.model) == ("Hel", 2, "", "m")
    assert (last.text, last.finish, last.prompt_tokens, last.completion_tokens) == ("lo", "stop", 3, 3)
    assert last.cached_tokens == 2
    assert not last.model, "told again, every delta would travel the long way"


def test_a_step_without_anything_says_nothing() -> None:
    assert list(reply(None).deltas(step("", ()))) == []


def test_thoughts_text_and_calls_are_parted_by_the_parser() -> None:
    parser = Parser(
        message(None, "hm"), None, message("yes"), message(None, None, call(0, "look_up", None, "c1")),
        message(None, None, call(0, None, "{}")),
    )  # fmt: skip
    it = reply(parser)
    told = [delta for each in (step("a"), step("b"), step("c"), step("d")) for delta in it.deltas(each)]
    (end,) = it.deltas(step("e", (9,), "stop"))
    assert [(each.reasoning, each.text, each.tokens) for each in told] == [
        ("hm", "", 1),
        ("", "", 1),
        ("", "yes", 1),
        ("", "", 1),
    ]
    assert told[3].tool_calls == (ToolCall(0, "c1", "look_up", ""),)
    assert end.tool_calls == (ToolCall(0, "", "", "{}"),)
    assert (end.finish, end.reasoning_tokens) == ("tool_calls", 4)
    assert parser.given[-1]["finished"] is True
    assert parser.given[0]["prompt_token_ids"] == PROMPT


def test_only_one_call_where_only_one_may_be() -> None:
    it = reply(Parser(message(None, None, call(0, "a"), call(1, "b"))), parallel_tool_calls=False)
    (delta,) = it.deltas(step())
    assert [each.name for each in delta.tool_calls] == ["a"]


def test_several_answers_are_told_apart() -> None:
    it = reply(None, None)
    (first,) = it.deltas(step("a", (1, 2), "length", index=1))
    (second,) = it.deltas(step("b", (1,), "stop", index=0))
    assert (first.index, first.finish, first.completion_tokens) == (1, "length", 2)
    assert (second.index, second.completion_tokens) == (0, 1)


def test_logprobs_have_the_chosen_one_and_the_likeliest() -> None:
    found = {
        7: Told(logprob=-2.0, rank=3, decoded_token="é"),
        1: Told(logprob=-0.1, rank=1, decoded_token="a"),
        2: Told(logprob=float("-inf"), rank=2, decoded_token=None),
    }
    (delta,) = reply(None, logprobs=True, top_logprobs=2).deltas(step("é", logprobs=[found]))
    (told,) = delta.logprobs
    assert (told.token, told.logprob, told.token_bytes) == ("é", -2.0, "é".encode())
    assert [(each.token, each.logprob) for each in told.top] == [("a", -0.1), ("", FLOOR)]
    (silent,) = reply(None).deltas(step("é", logprobs=[found]))
    assert silent.logprobs == ()


@pytest.mark.parametrize("reason", ["abort", "error"])
def test_an_answer_that_was_dropped_is_an_error(reason) -> None:
    with pytest.raises(EngineFailed, match=reason):
        list(reply(None).deltas(step("a", finish=reason)))


@pytest.mark.parametrize("form", ["structured_outputs", "response_format"])
def test_a_form_that_leaves_nothing_to_say_is_the_callers(form) -> None:
    with pytest.raises(InvalidArgument, match="Nothing that m could say next fits"):
        list(reply(None, **{form: {"type": "json_object"}}).deltas(step("a", finish="error")))
    with pytest.raises(EngineFailed, match="abort"):
        list(reply(None, **{form: {"type": "json_object"}}).deltas(step("a", finish="abort")))
