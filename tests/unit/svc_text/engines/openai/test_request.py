from __future__ import annotations

import pytest
from tests.unit.svc_text.engines.openai.asking import asking

from svc_text.engine import Chat, ResponseFormat, Tool, ToolCall, Turn
from svc_text.engines.openai.kinds import LLAMA_SERVER, NIM, OLLAMA, OTHER, SGLANG, VLLM, Kind
from svc_text.engines.openai.request import body, told
from troupe.wire.documents import Document
from troupe.wire.errors import InvalidArgument, NotSupported

TOOLS = (Tool("look_up", "finds", '{"type": "object"}', strict=True), Tool("other"))


def made(kind: Kind = VLLM, **fields: object) -> dict:
    return body(asking(**fields), kind, "m")


def test_a_plain_chat() -> None:
    asked = made(temperature=0.5, top_k=3, repetition_penalty=1.5, seed=2**40, stop=("END", ""), max_tokens=9, n=2)
    assert asked == {
        "model": "m",
        "messages": [{"role": "user", "content": "one two three"}],
        "temperature": 0.5,
        "top_k": 3,
        "repetition_penalty": 1.5,
        "seed": 2**40 % 0xFFFFFFFF,
        "stop": ["END"],
        "max_tokens": 9,
        "n": 2,
        "stream": True,
        "stream_options": {"include_usage": True, "continuous_usage_stats": True},
    }


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (VLLM, {"top_k", "min_p", "repetition_penalty"}),
        (SGLANG, {"top_k", "min_p", "repetition_penalty"}),
        (LLAMA_SERVER, {"top_k", "min_p", "repeat_penalty"}),
        (OLLAMA, set()),
        (NIM, set()),
        (OTHER, set()),
    ],
)
def test_each_kind_gets_the_sampling_it_knows(kind: Kind, names: set[str]) -> None:
    asked = made(kind, temperature=1.0, top_k=3, min_p=0.1, repetition_penalty=1.5)
    beyond = {"top_k", "min_p", "repetition_penalty", "repeat_penalty"}
    assert asked["temperature"] == 1.0
    assert beyond & set(asked) == names


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (VLLM, {"continue_final_message": True, "add_generation_prompt": False}),
        (SGLANG, {"continue_final_message": True}),
        (LLAMA_SERVER, {}),
    ],
)
def test_going_on_with_an_answer(kind: Kind, more: dict) -> None:
    asked = body(asking("x", Turn("assistant", "The"), continue_final=True), kind, "m")
    assert {name: asked.get(name) for name in more} == more
    assert asked["messages"][-1] == {"role": "assistant", "content": "The"}
    assert asked["chat_template_kwargs"] == {"enable_thinking": False}
    assert "continue_final_message" not in made(kind)


def test_tools_and_earlier_calls() -> None:
    call = Turn("assistant", "", tool_calls=(ToolCall(0, "c1", "look_up", '{"word": "a"}'),), reasoning="hm")
    asked = body(asking("x", call, Turn("tool", "found", tool_call_id="c1"), tools=TOOLS), VLLM, "m")
    assert asked["tool_choice"] == "auto"
    assert [tool["function"]["name"] for tool in asked["tools"]] == ["look_up", "other"]
    assert asked["tools"][0]["function"]["strict"] is True
    assert asked["messages"][1]["tool_calls"][0]["function"] == {"name": "look_up", "arguments": '{"word": "a"}'}
    assert asked["messages"][1]["reasoning_content"] == "hm"
    assert asked["messages"][2] == {"role": "tool", "content": "found", "tool_call_id": "c1"}


def test_the_tool_that_must_be_called() -> None:
    named = made(tools=TOOLS, tool_choice="other")
    assert named["tool_choice"] == {"type": "function", "function": {"name": "other"}}
    alone = made(LLAMA_SERVER, tools=TOOLS, tool_choice="other")
    assert (alone["tool_choice"], len(alone["tools"])) == ("required", 1)
    assert made(tools=TOOLS, tool_choice="required")["tool_choice"] == "required"
    assert "tools" not in made(tools=TOOLS, tool_choice="none")
    assert "tool_choice" not in made(OLLAMA, tools=TOOLS)
    assert made(tools=TOOLS, parallel_tool_calls=False)["parallel_tool_calls"] is False
    with pytest.raises(InvalidArgument, match="tool_choice is 'zzz'; allowed: auto, none, required, or one of look_up"):
        made(tools=TOOLS, tool_choice="zzz")


def test_vllm_is_asked_for_what_it_takes() -> None:
    hot = {"temperature": 10.0, "top_p": 0.0, "n": 3}
    asked = made(VLLM, **hot)
    assert (asked["temperature"], asked["top_p"], asked["n"]) == (2.0, 1e-6, 3)
    assert made(SGLANG, **hot)["temperature"] == 10.0


@pytest.mark.parametrize(("kind", "each"), [(VLLM, 3), (SGLANG, 1)])
def test_without_chance_vllm_makes_one_answer(kind: Kind, each: int) -> None:
    cold = asking(temperature=0.0, n=3)
    assert told(cold.sampling, kind) == each
    assert body(cold, kind, "m").get("n", 1) == 3 // each


def test_a_call_that_must_be_made_keeps_to_its_schema() -> None:
    def strict(kind: Kind, choice: str) -> list[bool]:
        asked = made(kind, tools=TOOLS, tool_choice=choice)
        return [tool["function"].get("strict", False) for tool in asked["tools"]]

    assert strict(VLLM, "auto") == [True, False]  # as they were sent
    assert strict(VLLM, "required") == strict(VLLM, "other") == [True, True]
    assert strict(SGLANG, "required") == [True, False]


def test_json_in_both_ways() -> None:
    schema = made(response=ResponseFormat("json_schema", "", '{"type": "object"}'))["response_format"]
    assert schema == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True},
    }
    assert made(response=ResponseFormat("json_object"))["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize(
    ("kind", "wanted", "more"),
    [
        (VLLM, "off", {"chat_template_kwargs": {"enable_thinking": False}}),
        (VLLM, "on", {"chat_template_kwargs": {"enable_thinking": True}}),
        (SGLANG, "low", {"chat_template_kwargs": {"enable_thinking": True, "reasoning_effort": "low"}}),
        (OLLAMA, "off", {"reasoning_effort": "none"}),
        (OLLAMA, "high", {"reasoning_effort": "high"}),
        (OLLAMA, "on", {}),
        (NIM, "high", {}),
    ],
)
def test_how_much_to_think(kind: Kind, wanted: str, more: dict) -> None:
    asked = made(kind, reasoning=wanted)
    assert {name: asked[name] for name in ("chat_template_kwargs", "reasoning_effort") if name in asked} == more


def test_documents_stand_in_the_one_system_message() -> None:
    turns = (Turn("system", "You write."), Turn("system", "Briefly."), Turn("user", "x"))
    asked = body(Chat(turns, documents=(Document("https://a.example", "A", "page text"),)), OLLAMA, "m")
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]
    assert asked["messages"][0]["content"].startswith("You write.\n\nBriefly.\n\n")
    assert "page text" in asked["messages"][0]["content"]


def test_what_no_text_model_takes() -> None:
    with pytest.raises(NotSupported, match="m reads text only"):
        body(asking("x", Turn("user", "y", has_image=True)), VLLM, "m")
    with pytest.raises(InvalidArgument, match="no message of a user"):
        body(Chat((Turn("system", "x"),)), VLLM, "m")
    with pytest.raises(InvalidArgument, match="no answer to continue"):
        made(continue_final=True)
