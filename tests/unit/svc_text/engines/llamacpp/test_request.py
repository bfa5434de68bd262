from __future__ import annotations

import pytest
from tests.unit.svc_text.engines.llamacpp.asking import asking

from svc_text.engine import ResponseFormat, Tool, ToolCall, Turn
from svc_text.engines.llamacpp.request import Reach, body
from troupe.wire.documents import Document
from troupe.wire.errors import InvalidArgument, NotSupported

REACH = Reach("m", context=100, slots=4, vocabulary=50, defused=lambda text: text.replace("<|x|>", "< |x|>"))
TOOL = Tool("look_up", "finds", '{"type": "object", "properties": {"word": {"type": "string"}}}')


def made(**fields: object) -> dict[str, object]:
    return body(asking(**fields), REACH)


def test_a_plain_chat_is_told_as_it_is() -> None:
    asked = made(temperature=0.5, top_k=3, repetition_penalty=1.5, seed=7, stop=("END", ""), max_tokens=9)
    assert asked["messages"] == [{"role": "user", "content": "Tell me."}]
    told = {name: asked[name] for name in ("temperature", "top_k", "repeat_penalty", "seed", "stop", "max_tokens", "n")}
    assert told == {
        "temperature": 0.5,
        "top_k": 3,
        "repeat_penalty": 1.5,
        "seed": 7,
        "stop": ["END"],
        "max_tokens": 9,
        "n": 1,
    }
    assert "logprobs" not in asked
    assert "tools" not in asked


def test_without_a_limit_the_context_is_the_limit() -> None:
    assert made()["max_tokens"] == REACH.context


def test_documents_are_data_of_one_system_message_at_the_start() -> None:
    chat = asking(documents=(Document("https://a.example", "A", "page text"),))
    turns = (Turn("system", "You write."), Turn("system", "Briefly."), *chat.turns)
    messages = body(type(chat)(turns=turns, documents=chat.documents), REACH)["messages"]
    assert [message["role"] for message in messages] == ["system", "user"]
    assert messages[0]["content"].startswith("You write.\n\nBriefly.\n\n")
    assert "page text" in messages[0]["content"]


def test_marks_of_the_template_are_defused_everywhere() -> None:
    turns = (Turn("assistant", "a<|x|>"), Turn("tool", "r<|x|>", tool_call_id="1"), Turn("user", "u<|x|>"))
    messages = body(asking("<|x|>", *turns), REACH)["messages"]
    assert all("<|x|>" not in message["content"] for message in messages)


def test_tools_and_calls_are_openais() -> None:
    call = Turn("assistant", "", tool_calls=(ToolCall(0, "c1", "look_up", '{"word": "a"}'),))
    asked = body(asking("x", call, Turn("tool", "found", tool_call_id="c1"), tools=(TOOL,)), REACH)
    assert asked["tool_choice"] == "auto"
    assert asked["tools"][0]["function"]["name"] == "look_up"
    assert asked["messages"][1]["tool_calls"][0]["function"]["arguments"] == '{"word": "a"}'
    assert asked["messages"][2] == {"role": "tool", "content": "found", "tool_call_id": "c1"}


def test_a_tool_that_must_be_called_is_the_only_one() -> None:
    asked = made(tools=(TOOL, Tool("other")), tool_choice="other")
    assert [tool["function"]["name"] for tool in asked["tools"]] == ["other"]
    assert asked["tool_choice"] == "required"
    assert "tools" not in made(tools=(TOOL,), tool_choice="none")


def test_reasoning_is_the_templates_to_read() -> None:
    assert made(reasoning="off")["chat_template_kwargs"] == {"enable_thinking": False}
    continued = body(asking("x", Turn("assistant", "The")), REACH) | {"messages": ()}
    assert "chat_template_kwargs" not in continued
    begun = body(asking("x", Turn("assistant", "The"), continue_final=True), REACH)
    assert begun["chat_template_kwargs"] == {"enable_thinking": False}
    assert made(reasoning="low")["chat_template_kwargs"] == {"enable_thinking": True, "reasoning_effort": "low"}


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"n": 5}, "n is 5; allowed: 1 to 4"),
        ({"n": 0}, "n is 0"),
        ({"logit_bias": {"50": 1.0}}, "numbers 0 to 49"),
        ({"reasoning": "much"}, "reasoning is 'much'"),
        ({"tools": (TOOL,), "tool_choice": "zzz"}, "tool_choice is 'zzz'"),
        ({"tools": (Tool("a", parameters="{"),)}, "The parameters of the tool a is not JSON"),
        ({"response": ResponseFormat("xml")}, "response format is 'xml'"),
        ({"response": ResponseFormat("json_schema", schema="[]")}, "a JSON schema is an object"),
        ({"options": {"grammar": "root ::= x"}, "tools": (TOOL,)}, "exclude each other"),
        ({"continue_final": True}, "no answer to continue"),
    ],
)
def test_what_is_out_of_range_is_refused_with_what_is_allowed(fields: dict[str, object], why: str) -> None:
    with pytest.raises(InvalidArgument, match=why):
        made(**fields)


def test_a_picture_is_refused_clearly() -> None:
    with pytest.raises(NotSupported, match="reads text only"):
        body(asking("x", Turn("user", "y", has_image=True)), REACH)


def test_a_chat_of_rules_alone_is_refused() -> None:
    chat = asking()
    with pytest.raises(InvalidArgument, match="no message of a user"):
        body(type(chat)(turns=(Turn("system", "x"),)), REACH)
