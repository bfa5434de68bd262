from __future__ import annotations

from dataclasses import replace

import pytest

from svc_text.engine import Chat, ResponseFormat, Sampling, Tool, ToolCall, Turn
from svc_text.engines.vllm.request import Reach, adapter_of, fields
from svc_text.vllm_sampling import copies
from troupe.wire.documents import Document
from troupe.wire.errors import InvalidArgument, NotSupported

REACH = Reach("m", 100, lambda text: text.replace("<|x|>", "< |x|>"), tools=True, vocabulary=500, adapters=("a",))
HELLO = Chat((Turn("user", "hello"),))
TOOL = Tool("look_up", "finds", '{"type": "object", "properties": {"word": {"type": "string"}}}')


def test_a_plain_chat_says_little() -> None:
    asked = fields(HELLO, REACH)
    assert asked == {
        "model": "m",
        "stream": True,
        "messages": [{"role": "user", "content": "hello"}],
        "n": 1,
        "stop": [],
    }


def test_sampling_is_told_as_it_is() -> None:
    sampling = Sampling(0.5, 0.9, 5, 0.1, 1, 2, 1.1, seed=1 << 63, max_tokens=9, stop=("a", ""), n=2, logprobs=True)
    asked = fields(replace(HELLO, sampling=replace(sampling, top_logprobs=3, logit_bias={"5": 1.0})), REACH)
    assert (asked["temperature"], asked["top_k"], asked["seed"], asked["n"]) == (0.5, 5, 0, 2)
    assert (asked["max_completion_tokens"], asked["stop"]) == (9, ["a"])
    assert (asked["logprobs"], asked["top_logprobs"], asked["logit_bias"]) == (True, 3, {"5": 1.0})


def test_what_vllm_does_not_take_is_the_nearest_that_it_does() -> None:
    asked = fields(replace(HELLO, sampling=Sampling(temperature=10.0, top_p=0.0)), REACH)
    assert (asked["temperature"], asked["top_p"]) == (2.0, 1e-6)


@pytest.mark.parametrize(("temperature", "told", "asked"), [(0.0, 3, 1), (1e-6, 3, 1), (0.1, 1, 3), (None, 1, 3)])
def test_without_chance_one_answer_is_told_several_times(temperature, told, asked) -> None:
    sampling = Sampling(temperature=temperature, n=3)
    assert copies(sampling) == told
    assert fields(replace(HELLO, sampling=sampling), REACH)["n"] == asked


def test_documents_and_system_turns_are_one_message_at_the_start() -> None:
    turns = (Turn("system", "You write."), Turn("system", "Briefly."), *HELLO.turns)
    messages = fields(Chat(turns, documents=(Document("https://a.example", "A", "page text"),)), REACH)["messages"]
    assert [message["role"] for message in messages] == ["system", "user"]
    assert messages[0]["content"].startswith("You write.\n\nBriefly.\n\n")
    assert "page text" in messages[0]["content"]


def test_marks_are_defused_wherever_they_are_said() -> None:
    call = ToolCall(0, "c", "look_up", '{"word": "<|x|>"}')
    turns = (
        Turn("system", "<|x|>"),
        Turn("assistant", "<|x|>", tool_calls=(call,), reasoning="<|x|>"),
        Turn("tool", "<|x|>", tool_call_id="c", name="look_up"),
        Turn("user", "<|x|>"),
    )
    tool = replace(TOOL, description="<|x|>", parameters='{"type": "object", "title": "<|x|>"}')
    asked = fields(Chat(turns, tools=(tool,)), REACH)
    assert "<|x|>" not in str(asked)
    assert asked["messages"][2]["tool_call_id"] == "c"


@pytest.mark.parametrize(
    ("choice", "told"),
    [("", "auto"), ("required", "required"), ("look_up", {"type": "function", "function": {"name": "look_up"}})],
)
def test_tools_and_their_choice(choice, told) -> None:
    asked = fields(replace(HELLO, tools=(TOOL,), tool_choice=choice, parallel_tool_calls=False), REACH)
    assert asked["tool_choice"] == told
    assert asked["tools"][0]["function"]["name"] == "look_up"
    assert asked["parallel_tool_calls"] is False
    assert "tools" not in fields(replace(HELLO, tools=(TOOL,), tool_choice="none"), REACH)


def test_a_begun_answer_goes_on_without_a_thought() -> None:
    asked = fields(Chat((*HELLO.turns, Turn("assistant", "I")), continue_final=True), REACH)
    assert (asked["continue_final_message"], asked["add_generation_prompt"]) == (True, False)
    assert asked["chat_template_kwargs"]["enable_thinking"] is False


def test_reasoning_is_a_switch_and_an_effort() -> None:
    asked = fields(replace(HELLO, reasoning="high"), REACH)
    assert asked["reasoning_effort"] == "high"
    assert asked["chat_template_kwargs"]["enable_thinking"] is True
    assert fields(replace(HELLO, reasoning="off"), REACH)["chat_template_kwargs"]["thinking"] is False


def test_an_adapter_is_named_by_lora_or_as_the_model() -> None:
    assert adapter_of(replace(HELLO, lora="a"), REACH) == "a"
    assert adapter_of(replace(HELLO, model="a"), REACH) == "a"
    assert adapter_of(replace(HELLO, model="gpt-4"), REACH) == ""


def test_extra_sampling_holds_what_is_allowed() -> None:
    extra = '{"min_tokens": 3, "structured_outputs": {"choice": ["a"]}}'
    asked = fields(replace(HELLO, options={"extra_sampling": extra}), REACH)
    assert (asked["min_tokens"], asked["structured_outputs"]) == (3, {"choice": ["a"]})


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"turns": (Turn("user", "a", has_image=True),)}, NotSupported, "text only"),
        ({"turns": (Turn("system", "a"),)}, InvalidArgument, "no message of a user"),
        ({"continue_final": True}, InvalidArgument, "no answer to continue"),
        ({"tools": (TOOL,), "tool_choice": "other"}, InvalidArgument, "one of look_up"),
        ({"response": ResponseFormat("xml")}, InvalidArgument, "json_schema"),
        ({"response": ResponseFormat("json_schema", schema="[")}, InvalidArgument, "not JSON"),
        ({"reasoning": "much"}, InvalidArgument, "allowed: off"),
        ({"lora": "b"}, InvalidArgument, "known: a"),
        ({"options": {"extra_sampling": "[1]"}}, InvalidArgument, "no JSON object"),
        ({"options": {"extra_sampling": '{"n": 9}'}}, InvalidArgument, "allowed: allowed_token_ids"),
        ({"options": {"extra_sampling": "[" * 10_000}}, InvalidArgument, "no JSON object"),
        (
            {"options": {"extra_sampling": '{"stop_token_ids": [7, 500]}'}},
            InvalidArgument,
            "the token 500; allowed: 0 to 499",
        ),
        ({"options": {"extra_sampling": '{"allowed_token_ids": [500]}'}}, InvalidArgument, "the token 500"),
        (
            {"turns": (Turn("assistant", "", tool_calls=(ToolCall(name="f", arguments="[1"),)), Turn("user", "a"))},
            InvalidArgument,
            "no JSON object",
        ),
    ],
)
def test_what_cannot_be_is_refused(change, error, says) -> None:
    chat = replace(HELLO, **change)
    with pytest.raises(error, match=says):
        adapter_of(chat, REACH) or fields(chat, REACH)


def test_without_a_parser_there_are_no_tools() -> None:
    with pytest.raises(NotSupported, match="TROUPE_TEXT_VLLM_TOOL_PARSER"):
        fields(replace(HELLO, tools=(TOOL,)), replace(REACH, tools=False))
